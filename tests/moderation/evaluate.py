"""Measures an artifact on the dev rows of train.py, beside baselines. Prints Markdown, a table per label."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from profanity_check import predict_prob
from sklearn.metrics import average_precision_score, precision_recall_curve

import artifact
import node
from data import Rows
from fit import predict
from model import LABELS
from train import FRAMES, ROOT, SEED, SPELLED, WRITTEN, sets

RESAMPLES = 200
FEWEST = 5  # positive rows, or a figure says nothing


@dataclass
class Scorer:
    """Something that scores texts, [texts, labels], and the scores from which it flags."""

    name: str
    scores: np.ndarray
    thresholds: dict[str, float]


def dev_rows(folder: Path) -> tuple[Rows, np.ndarray]:
    """The dev rows of train.py with its defaults, and which of them are written."""
    rows = sets(folder, WRITTEN, FRAMES, SPELLED, SEED)[1]
    return rows, np.char.startswith(np.array(rows.sources), "written/")


def scored(folder: Path, trunk: Path, texts: list[str]) -> np.ndarray:
    return 1 / (1 + np.exp(-predict(artifact.read(folder, trunk), texts, trunk).astype(np.float64)))


def one_score(name: str, scores: np.ndarray) -> Scorer:
    """The same score for every label."""
    return Scorer(name, np.repeat(scores[:, None], len(LABELS), 1), dict.fromkeys(LABELS, 0.5))


def f1(truth: np.ndarray, flagged: np.ndarray) -> float:
    return 2 * (truth & flagged).sum() / max(1, truth.sum() + flagged.sum())


def best_f1(truth: np.ndarray, scores: np.ndarray) -> float:
    precision, recall, _ = precision_recall_curve(truth, scores)
    return float(np.max(2 * precision * recall / np.maximum(precision + recall, 1e-9)))


def interval(truth: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """95 % of the AUPRC over resampled rows."""
    random = np.random.default_rng(SEED)
    drawn = (random.integers(0, len(truth), len(truth)) for _ in range(RESAMPLES))
    low, high = np.percentile([average_precision_score(truth[rows], scores[rows]) for rows in drawn], [2.5, 97.5])
    return low, high


def figures(scorer: Scorer, label: int, truth: np.ndarray, known: np.ndarray) -> str:
    """Cells of one scorer on the known rows of one side."""
    scores, truth = scorer.scores[known, label], truth[known]
    auprc = average_precision_score(truth, scores)
    low, high = interval(truth, scores)
    flagged = f1(truth, scores >= scorer.thresholds[LABELS[label]])
    return f"{auprc:.3f} ({low:.3f}–{high:.3f}) | {best_f1(truth, scores):.3f} | {flagged:.3f}"


def label_table(label: int, scorers: list[Scorer], rows: Rows, written: np.ndarray) -> str:
    truth = rows.labels[:, label] == 1
    annotated = rows.weights[:, label] > 0.9
    sides = {name: annotated & side for name, side in (("collected", ~written), ("written", written))}
    sides = {name: known for name, known in sides.items() if truth[known].sum() >= FEWEST}
    counts = "; ".join(f"{name}: {truth[known].sum():,} of {known.sum():,} rows positive" for name, known in sides.items())
    header = " | ".join(f"AUPRC, {name} | best F1 | F1, balanced" for name in sides)
    lines = [f"### {LABELS[label]}", "", counts, "", f"| | {header} |", "|---" * (1 + 3 * len(sides)) + "|"]
    for scorer in scorers:
        cells = " | ".join(figures(scorer, label, truth, known) for known in sides.values())
        lines.append(f"| {scorer.name} | {cells} |")
    return "\n".join(lines)


def recall_table(scores: np.ndarray, presets: dict[str, dict[str, float]], rows: Rows, written: np.ndarray) -> str:
    lines = ["| | " + " | ".join(LABELS) + " |", "|---" * (1 + len(LABELS)) + "|"]
    for name, limits in presets.items():
        recalls = []
        for i, label in enumerate(LABELS):
            positive = (rows.labels[:, i] == 1) & (rows.weights[:, i] > 0.9) & ~written
            recalls.append(f"{(scores[positive, i] >= limits[label]).mean():.2f}")
        lines.append(f"| {name}: from | " + " | ".join(f"{limits[label]:.2f}" for label in LABELS) + " |")
        lines.append(f"| {name}: recall | " + " | ".join(recalls) + " |")
    return "\n".join(lines)


def arguments(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("data", type=Path, help="folder of .jsonl files")
    parser.add_argument("--trunk", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--model", type=Path, required=True, help="folder of the artifact")
    parser.add_argument("--thresholds", type=Path, default=ROOT / "pkg/src/moderation/thresholds.json")
    parser.add_argument("--threads", type=int, default=2)
    return parser


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--frozen", type=Path, help="folder of a head alone (train.py --tune-from 6) with its thresholds.json")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    rows, written = dev_rows(options.data)
    presets = json.loads(options.thresholds.read_text())
    scores = scored(options.model, options.trunk, rows.texts)
    scorers = [Scorer("the model", scores, presets["balanced"])]
    if options.frozen:
        limits = json.loads((options.frozen / "thresholds.json").read_text())["balanced"]
        scorers.append(Scorer("a head on the frozen encoder", scored(options.frozen, options.trunk, rows.texts), limits))
    listed = node.with_rules(np.zeros_like(scores), rows.texts)[:, LABELS.index("profanity")]
    scorers.append(one_score("the word list", listed))
    scorers.append(one_score("alt-profanity-check", np.asarray(predict_prob(rows.texts))))

    print(recall_table(scores, presets, rows, written), end="\n\n")
    for label in range(len(LABELS)):
        print(label_table(label, scorers, rows, written), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
