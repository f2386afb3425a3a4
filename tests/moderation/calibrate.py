"""Scores that read as probabilities, and thresholds by how much benign text they may flag."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from data import Rows
from model import LABELS, Moderator

# Share of benign texts flagged by any label, of safe texts that look dangerous, and the lowest score that flags: dev rows
# alone would let a rare label flag at hardly any probability.
PRESETS = {"strict": (0.02, 0.20, 0.25), "balanced": (0.005, 0.08, 0.5), "lenient": (0.001, 0.03, 0.5)}
OFF = "illicit"  # never counted: it is off unless a page gives it a threshold
VALUE = {"profanity": 0.3, "toxic": 2.0, "violence": 3.0}  # of a point of recall, where it isn't 1
REACH = 12  # how many benign rows further down a threshold is tried at once


def fold(model: Moderator, logits: np.ndarray, rows: Rows) -> None:
    """A slope and an offset for each label, fitted on dev, become part of the classifier's weights."""
    with torch.no_grad():
        for i in range(len(LABELS)):
            known = rows.weights[:, i] > 0.6
            fitted = LogisticRegression(C=10.0).fit(logits[known, i : i + 1], rows.labels[known, i])
            slope, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
            if slope <= 0:
                raise ValueError(f"{LABELS[i]}: scores do not rise with the label")
            model.classifier.weight[i] *= slope
            model.classifier.bias[i] = model.classifier.bias[i] * slope + offset


@dataclass
class Judged:
    """Dev scores sorted by what they are for."""

    scores: np.ndarray  # [rows, labels]
    rows: Rows

    def __post_init__(self):
        sources = np.array(self.rows.sources)
        self.benign = self.rows.benign()
        self.collected = self.benign & ~np.char.startswith(sources, "written/")
        self.lookalike = np.char.startswith(sources, "written/lookalike")
        self.positive = [
            (self.rows.labels[:, i] == 1) & (self.rows.weights[:, i] > 0.6) for i in range(len(LABELS))
        ]

    def flagged(self, thresholds: dict[str, float]) -> np.ndarray:
        """[rows] by any label that counts."""
        over = [self.scores[:, i] >= thresholds[name] for i, name in enumerate(LABELS) if name != OFF]
        return np.any(over, axis=0)

    def rates(self, thresholds: dict[str, float]) -> dict[str, float]:
        flagged = self.flagged(thresholds)
        return {
            "benign": flagged[self.collected].mean(),
            "benign, written too": flagged[self.benign].mean(),
            "lookalike": flagged[self.lookalike].mean(),
        }


def choose(judged: Judged, benign_limit: float, lookalike_limit: float, lowest: float) -> dict[str, float]:
    """Lowers one threshold at a time, the one that gains most recall for the safe texts it costs, while they last."""
    safe = judged.benign | judged.lookalike
    benign, collected, lookalike = judged.benign[safe], judged.collected[safe], judged.lookalike[safe]
    scores = judged.scores[safe]
    ordered = [np.sort(scores[:, i])[::-1] for i in range(len(LABELS))]
    counted = [i for i, name in enumerate(LABELS) if name != OFF]
    at = [0] * len(LABELS)  # how many safe rows each label flags

    def threshold(label: int, count: int) -> float:
        return max(lowest, float(ordered[label][count]) + 1e-4)

    def recall(label: int, count: int) -> float:
        return float((judged.scores[judged.positive[label], label] >= threshold(label, count)).mean())

    def flagged(counts: list[int]) -> np.ndarray:
        return np.any([scores[:, i] >= threshold(i, counts[i]) for i in counted], axis=0)

    def cost(over: np.ndarray) -> float:
        """1 where a limit is reached."""
        return max(
            over[benign].mean() / benign_limit,
            over[collected].mean() / benign_limit,
            over[lookalike].mean() / lookalike_limit,
        )

    while True:
        now, best = cost(flagged(at)), None
        for label in counted:
            for step in range(1, REACH + 1):
                if at[label] + step >= len(scores) or threshold(label, at[label]) <= lowest:
                    break
                counts = list(at)
                counts[label] += step
                after = cost(flagged(counts))
                gain = (recall(label, counts[label]) - recall(label, at[label])) * VALUE.get(LABELS[label], 1.0)
                if after <= 1 and gain > 0:
                    ratio = gain / (after - now + 0.002)
                    if best is None or ratio > best[0]:
                        best = (ratio, counts)
        if best is None:
            break
        at = best[1]
    off = LABELS.index(OFF)
    at[off] = int(benign_limit * len(scores))
    return {name: round(threshold(i, at[i]), 4) for i, name in enumerate(LABELS)}


def presets(judged: Judged) -> dict[str, dict[str, float]]:
    return {name: choose(judged, *limits) for name, limits in PRESETS.items()}
