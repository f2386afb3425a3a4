#!/usr/bin/env python3
"""Makes the goldens of this folder out of the project's reference outputs.

    python3 tests/golden/make.py <reference folder>

The reference folder holds what other programs computed: `minilm.json` (transformers, fp32), `smollm2_exact.json` and
`gemma3_exact.json` (transformers, fp32 arithmetic on the exactly dequantized weights of the GGUF files), the mean per-token
difference of `*_llamacpp.json` from them, and the text both were scored on (A. Conan Doyle, The Adventures of Sherlock
Holmes, 1892, public domain). Nothing is computed here but those means; fields that no test reads are left out.
"""

import json
import pathlib
import sys


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (pathlib.Path(__file__).parent / name).write_text(text + "\n", encoding="utf-8")


def main(folder):
    folder = pathlib.Path(folder)
    read = lambda name: json.loads((folder / name).read_text(encoding="utf-8"))
    minilm = read("minilm.json")
    write("minilm.json", {key: minilm[key] for key in ("sentences", "input_ids", "embeddings")})
    for model in ("smollm2", "gemma3"):
        exact, other = read(f"{model}_exact.json"), read(f"{model}_llamacpp.json")
        nll, theirs = exact["ppl"]["nll"], other["ppl"]["nll"]
        keep = ("prompt_ids", "ids", "top20")
        write(
            f"{model}.json",
            {
                "prompts": exact["prompts"],
                "greedy": [{key: run[key] for key in keep} for run in exact["greedy"]],
                "prefill256_top20": exact["prefill256_top20"],
                "nll": nll,
                "llamacpp_mean_difference": sum(abs(a - b) for a, b in zip(nll, theirs)) / len(nll),
            },
        )
    for name in ("perplexity.txt", "prefill.txt"):
        (pathlib.Path(__file__).parent / name).write_bytes((folder / name).read_bytes())


if __name__ == "__main__":
    main(sys.argv[1])
