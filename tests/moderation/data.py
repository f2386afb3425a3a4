"""The training rows: labels with unknowns, near-duplicate families, the dev split, sampling weights."""

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model import LABELS

DEV_SHARE = 0.08
BENIGN_DEV_SHARE = 0.2  # more, because thresholds are set where one benign text in 200 is flagged

# Sources whose every row has the labels 0: what a moderator must leave alone.
BENIGN_SOURCES = {
    "banking77", "bipia_emails", "clinc150", "goemotions", "mt_bench_questions", "self_instruct_seed",
    "self_instruct_user", "stsb_train_sentences", "synthetic_hard_negative",
}  # fmt: skip

# Written from templates: one template fills both sides of any split, so these rows never count as dev.
TEMPLATED_SOURCES = {
    "identity_templates", "synthetic_hard_negative", "synthetic_injection", "synthetic_injection_in_doc",
    "synthetic_self_harm", "synthetic_sexual",
}  # fmt: skip

# How often a row is seen in one epoch; 1 where a source is not named. Large sources with a narrow register
# (tweets full of one word, forum posts about one subject) are thinned, small ones in rare registers repeated.
SAMPLING = {
    "davidson": 0.3, "edos": 0.5, "online_misogyny": 0.5, "toxic_spans_civil_comments": 0.6,
    "ailuminate_demo": 1.5, "catqa": 1.5, "xsafety": 1.5, "realtoxicityprompts": 2.0,
    "inthewild_jailbreak": 2.0, "synthetic_injection_in_doc": 2.0, "bipia_emails": 3.0,
}  # fmt: skip

# Requests for help with hurting people are filed as wrongdoing only; they are violence as well.
VIOLENT = re.compile(
    r"\b(kill|murder|poison|bomb|shoot|stab|tortur|assassinat|terroris|massacre|strangl|behead|genocid|maim|"
    r"beat (?:up|some)|attack (?:on|a|the|people|some)|hurt (?:some|people|my|a )|explosive|mass shooting|arson)",
    re.IGNORECASE,
)


@dataclass
class Rows:
    texts: list[str]
    labels: np.ndarray  # [rows, labels] 0 or 1
    weights: np.ndarray  # [rows, labels] 0 where the label is unknown, 1 where it was annotated, between where implied
    sources: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, keep: np.ndarray) -> "Rows":
        index = np.flatnonzero(keep) if keep.dtype == bool else keep
        return Rows(
            [self.texts[i] for i in index], self.labels[index], self.weights[index], [self.sources[i] for i in index]
        )

    def benign(self) -> np.ndarray:
        """Rows of benign sources with no label set."""
        plain = (self.labels * (self.weights > 0)).sum(1) == 0
        known = np.array([source in BENIGN_SOURCES or source.startswith("written/benign") for source in self.sources])
        return plain & known


def join(parts: list[Rows]) -> Rows:
    return Rows(
        [text for part in parts for text in part.texts],
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.weights for part in parts]),
        [source for part in parts for source in part.sources],
    )


def from_dicts(rows: list[dict]) -> Rows:
    labels = np.zeros((len(rows), len(LABELS)), np.float32)
    weights = np.zeros((len(rows), len(LABELS)), np.float32)
    for i, row in enumerate(rows):
        for name, value in row["labels"].items():
            labels[i, LABELS.index(name)] = value
            weights[i, LABELS.index(name)] = 1
    return Rows([row["text"] for row in rows], labels, weights, [row["source"].split("(")[0] for row in rows])


def load(folder: Path) -> Rows:
    """Every row of the folder, with the labels that follow from the ones given."""
    rows = []
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    if not rows:
        raise SystemExit(f"{folder}: no .jsonl files")
    data = from_dicts(rows)
    imply(data)
    return data


def imply(data: Rows) -> None:
    """Labels that a source leaves out and that follow from the others, at a lower weight where they are guesses."""
    hate, harassment, violence, profanity, illicit, toxic = (
        LABELS.index(name) for name in ("hate", "harassment", "violence", "profanity", "illicit", "toxic")
    )
    for i, source in enumerate(data.sources):
        labels, weights = data.labels[i], data.weights[i]
        if labels[illicit] and VIOLENT.search(data.texts[i]):
            labels[[violence, toxic]] = 1
            weights[[violence, toxic]] = np.maximum(weights[[violence, toxic]], 0.7)
        # These two annotate sexism only and give harassment no 0 at all: without one, the register itself becomes the cue.
        if source in ("edos", "online_misogyny") and weights[hate] and not labels[hate] and not labels[profanity]:
            for name in (harassment, toxic):
                if not weights[name]:
                    weights[name] = 0.4


def families(texts: list[str], hashes: int = 16, band: int = 4) -> np.ndarray:
    """One number per family of near-duplicates: texts that agree in a band of min-hashes over word pairs."""
    parent = np.arange(len(texts))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    random = np.random.default_rng(0)
    factors = random.integers(1, 2**31, hashes, dtype=np.uint64) * 2 + 1
    seen: dict[tuple, int] = {}
    for i, text in enumerate(texts):
        words = re.findall(r"[a-z]+", text.lower())
        pairs = {" ".join(words[at : at + 2]) for at in range(max(1, len(words) - 1))}
        codes = np.array([zlib.crc32(pair.encode()) for pair in pairs], np.uint64)
        lowest = (codes[:, None] * factors % (2**32)).min(0)
        for at in range(0, hashes, band):
            key = (at, *lowest[at : at + band].tolist())
            other = seen.setdefault(key, i)
            parent[root(i)] = root(other)
    return np.array([root(i) for i in range(len(texts))])


def split(data: Rows) -> np.ndarray:
    """True for dev rows. Families go to one side whole; templated sources are never dev."""
    family = families(data.texts)
    benign = np.isin(data.sources, list(BENIGN_SOURCES))
    templated = np.isin(data.sources, list(TEMPLATED_SOURCES))
    share = np.full(len(data), DEV_SHARE)
    share[family[benign]] = BENIGN_DEV_SHARE
    share[family[templated]] = 0
    chance = np.array([zlib.crc32(f"dev {text}".encode()) / 2**32 for text in data.texts])
    return (chance < share)[family]
