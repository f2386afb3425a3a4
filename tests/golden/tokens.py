#!/usr/bin/env python3
"""Makes tokens.json: ids of awkward texts and of perplexity.txt by programs that are not ours.

    pip install sentencepiece==0.2.3 protobuf regex
    python3 tests/golden/tokens.py <model folder>

Gemma 3: Google's sentencepiece over the pieces and scores of the GGUF file. SmolLM2: byte-level BPE written out below over
the tokens and merges of the GGUF file, with the `regex` module for GPT-2's pattern and digits one by one.
"""

import json
import pathlib
import struct
import sys

import regex
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto

HERE = pathlib.Path(__file__).parent
TEXTS = [
    "",
    " ",
    "Hello, world!",
    "  two  spaces\n\n\n\tand tabs\t\t end   ",
    "I'll we've DON'T it's '90s",
    "In 2024, 1234567 items cost $3.50; x²+y₂=½",
    "naïve café — “quotes” … ‘single’",
    "Привет, мир! 今日はとても良い天気ですね。 مرحبا بالعالم नमस्ते",
    "👩‍👩‍👧‍👦 ❤️🍕🇫🇷 \u200b zero",
    "e\u0301 combining, ﬁ ligature, \u00a0 nbsp \u3000 wide",
    "for (int i = 0; i < 10; ++i) {\n        a[i] += b[i];\n}\n",
    "supercalifragilisticexpialidocious xxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "<|im_start|>user\nHi<|im_end|>\n<start_of_turn>user\nHi<end_of_turn>\n<b>bold</b>",
    "\r\n\r\n\u2028line\u0000nul\u001b",
]
TYPES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def metadata(path):
    with open(path, "rb") as file:
        unpack = lambda form: struct.unpack("<" + form, file.read(struct.calcsize("<" + form)))

        def value(kind):
            if kind == 8:
                return file.read(unpack("Q")[0]).decode()
            if kind == 9:
                kind, count = unpack("IQ")
                return [value(kind) for _ in range(count)]
            return unpack(TYPES[kind])[0]

        _, _, _, pairs = unpack("4sIQQ")
        return {value(8): value(unpack("I")[0]) for _ in range(pairs)}


def gemma(meta):
    model = proto.ModelProto()
    model.trainer_spec.model_type = proto.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = True
    model.trainer_spec.unk_id, model.trainer_spec.bos_id, model.trainer_spec.eos_id = 3, 2, 1
    model.trainer_spec.pad_id = 0
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = True
    special, symbols = {}, []
    columns = zip(meta["tokenizer.ggml.tokens"], meta["tokenizer.ggml.scores"], meta["tokenizer.ggml.token_type"])
    for index, (token, score, kind) in enumerate(columns):
        # sentencepiece has no text for control tokens: they are cut out below, as transformers does.
        if kind == 3:
            special[token] = index
        piece = model.pieces.add()
        piece.piece = token.replace(" ", "▁") if kind == 4 else token
        piece.score = score
        piece.type = 2 if index == 3 else kind
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    return split(special, processor.encode)


def smollm(meta):
    ids = {token: index for index, token in enumerate(meta["tokenizer.ggml.tokens"])}
    ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(meta["tokenizer.ggml.merges"])}
    special = {token: index for token, index in ids.items() if meta["tokenizer.ggml.token_type"][index] == 3}
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    alphabet = {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(others)}
    pattern = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")

    def word(text):
        parts = [alphabet[byte] for byte in text.encode()]
        while True:
            pairs = [(ranks[pair], at) for at, pair in enumerate(zip(parts, parts[1:])) if pair in ranks]
            if not pairs:
                return [ids[part] for part in parts if part in ids]
            at = min(pairs)[1]
            parts[at : at + 2] = [parts[at] + parts[at + 1]]

    def encode(text):
        pieces = [piece for piece in regex.split(r"(\p{N})", text) if piece]
        return [index for piece in pieces for match in pattern.finditer(piece) for index in word(match[0])]

    return split(special, encode)


def split(special, encode):
    """Special tokens are found in the text as they stand, the longest first."""
    pattern = regex.compile("|".join(map(regex.escape, sorted(special, key=len, reverse=True))))

    def run(text):
        out, start = [], 0
        for match in pattern.finditer(text):
            out += (encode(text[start : match.start()]) if start < match.start() else []) + [special[match[0]]]
            start = match.end()
        return out + (encode(text[start:]) if start < len(text) else [])

    return run


def main(folder):
    folder = pathlib.Path(folder)
    smol = smollm(metadata(folder / "smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"))
    gem = gemma(metadata(folder / "gemma-3-270m/gemma-3-270m-q4_k_m.gguf"))
    long = (HERE / "perplexity.txt").read_text(encoding="utf-8")
    out = {
        "texts": TEXTS,
        "smollm2": [smol(text) for text in TEXTS],
        "gemma3": [gem(text) for text in TEXTS],
        "perplexity_smollm2": smol(long),
        "perplexity_gemma3": gem(long),
    }
    (HERE / "tokens.json").write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
