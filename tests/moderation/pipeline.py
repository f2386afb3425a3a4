"""Measures what the built package flags: harmless dev rows, and texts under spelling tricks. Prints Markdown."""

import json
import random
from pathlib import Path

import numpy as np
import torch

import node
from calibrate import OFF, Judged
from data import Rows
from evaluate import arguments, dev_rows, scored
from model import LABELS
from obfuscate import TRICKS
from train import SEED

POOL = 800  # harmful rows that the flagged ones are taken from
ATTACKS = 250  # flagged texts that are spelled in ten ways
BENIGN = 1000  # benign ones: few of them are flagged


def sample(index: np.ndarray, count: int) -> np.ndarray:
    """At most `count` of the row numbers, the same ones at every call."""
    return np.sort(np.random.default_rng(SEED).permutation(index)[:count])


def percent(flagged: np.ndarray) -> str:
    return f"{100 * flagged.mean():.2f} %"


def harmless_table(found: dict[str, np.ndarray], rows: Rows, presets: dict[str, dict[str, float]]) -> str:
    """Of rows that are benign or look harmful, those that each kind of scores flags by any label that counts."""
    judged = {how: Judged(scores, rows) for how, scores in found.items()}
    first = next(iter(judged.values()))
    lines = ["| | texts | " + " | ".join(presets) + " |", "|---" * (2 + len(presets)) + "|"]
    for name, side in (("benign, collected", first.collected), ("look-alikes, written", first.lookalike)):
        for how, of in judged.items():
            cells = " | ".join(percent(of.flagged(limits)[side]) for limits in presets.values())
            lines.append(f"| {name}: {how} | {side.sum():,} | {cells} |")
    return "\n".join(lines)


def spelled(texts: list[str]) -> list[str]:
    """The texts under each trick, trick after trick."""
    tricks = TRICKS.items()
    return [trick(text, random.Random(f"{SEED} {name} {at}")) for name, trick in tricks for at, text in enumerate(texts)]


def survival_table(attacks: list[str], benign: list[str], flags, listed: np.ndarray) -> str:
    """Of texts that are flagged, and of benign ones, those flagged under each trick. `flags` are verdicts on texts."""
    verdicts = flags(spelled(attacks + benign)).reshape(len(TRICKS), -1)
    plain = flags(benign)
    lines = [
        f"| trick | still flagged, of {len(attacks)} | of {listed.sum()} with a listed word | of {(~listed).sum()} without "
        f"| benign flagged, of {len(benign):,} |",
        "|---" * 5 + "|",
        f"| none | | | | {percent(plain)} |",
    ]
    for name, row in zip(TRICKS, verdicts):
        still = row[: len(attacks)]
        cells = [still, still[listed], still[~listed], row[len(attacks) :]]
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(percent(cell) for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    options = arguments(__doc__).parse_args()
    torch.set_num_threads(options.threads)
    rows, written = dev_rows(options.data)
    presets = json.loads(options.thresholds.read_text())

    def moderated(texts: list[str]) -> np.ndarray:
        return node.moderated(texts, options.model)

    def flags(scores: np.ndarray) -> np.ndarray:
        return np.any([scores[:, i] >= presets["balanced"][label] for i, label in enumerate(LABELS) if label != OFF], axis=0)

    unscored = Judged(np.zeros((len(rows), len(LABELS))), rows)
    harmless = rows.take(unscored.collected | unscored.lookalike)
    raw = scored(options.model, options.trunk, harmless.texts)
    found = {
        "the model alone": raw,
        "with word list and rules": node.with_rules(raw, harmless.texts),
        "with the normaliser, as shipped": moderated(harmless.texts),
    }
    print(harmless_table(found, harmless, presets), end="\n\n", flush=True)

    harmful = np.any([positive for label, positive in zip(LABELS, unscored.positive) if label != OFF], axis=0)
    pool = [rows.texts[i] for i in sample(np.flatnonzero(harmful & ~written), POOL)]
    flagged = np.array(pool)[flags(moderated(pool))][:ATTACKS].tolist()
    benign = [rows.texts[i] for i in sample(np.flatnonzero(unscored.collected), BENIGN)]
    listed = node.with_rules(np.zeros((len(flagged), len(LABELS))), flagged)[:, LABELS.index("profanity")] > 0
    print(survival_table(flagged, benign, lambda texts: flags(moderated(texts)), listed))


if __name__ == "__main__":
    main()
