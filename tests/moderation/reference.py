"""Writes the scores that the runtime is compared with: 500 texts of our own, through the artifact in f32 PyTorch."""

import argparse
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

import artifact
import written.corners
from features import encode
from fit import predict
from model import LABELS
from written import everyday, identity, injection, lookalike, prose
from written.grammar import Family, generate
from written.shared import SLOTS

COUNT = 500
SEED = 1
LONGEST = 480  # tokens: below the end of the positions, which is another test's subject

QUESTIONS = replace(
    everyday.QUESTIONS, templates=[template for template in everyday.QUESTIONS.templates if "{body}" not in template]
)
# Rows of each grammar. Those with words of hate, gore or sex stay out: these texts are in everybody's checkout.
GRAMMARS: list[tuple[Family, int]] = [
    (everyday.REVIEWS, 30), (everyday.SUPPORT, 30), (everyday.CHAT, 40), (QUESTIONS, 40),
    (prose.NEWS, 20), (prose.STORIES, 20), (prose.WORK, 35),
    (lookalike.LOOKALIKE, 45), (identity.NEUTRAL, 25), (identity.NONGROUP, 20),
    (injection.INJECTION, 25), (injection.JAILBREAK, 15), (injection.IN_DOCUMENT, 15), (injection.ABOUT, 20),
]  # fmt: skip
STORIES = (4, 5, 6, 7, 8)  # in one of the long paragraphs that fill the count


def texts() -> list[str]:
    found = list(written.corners.ALL)
    for family, count in GRAMMARS:
        found += [row["text"] for row in generate(family, count, False, SEED, SLOTS)]
    stories = [row["text"] for row in generate(prose.STORIES, 400, False, SEED, SLOTS)]
    for number in range(COUNT - len(found)):
        length = STORIES[number % len(STORIES)]
        found.append(" ".join(stories[number * length + at] for at in range(length)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trunk", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--model", type=Path, required=True, help="folder of the artifact")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    found = texts()
    lengths = [len(ids) for ids in encode(found, options.trunk, 10_000)]
    if len(set(found)) != COUNT or max(lengths) > LONGEST or sum(length > 128 for length in lengths) < 20:
        raise SystemExit(f"{len(set(found))} texts, the longest of {max(lengths)} tokens, {sum(n > 128 for n in lengths)} beyond 128")
    logits = predict(artifact.read(options.model, options.trunk), found, options.trunk).astype(np.float64)
    scores = 1 / (1 + np.exp(-logits))
    reference = {
        "model": hashlib.sha256((options.model / artifact.WEIGHTS).read_bytes()).hexdigest(),
        "labels": LABELS,
        "rows": [
            {"text": text, "scores": [float(f"{score:.6g}") for score in row]} for text, row in zip(found, scores)
        ],
    }
    options.out.write_text(json.dumps(reference, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
