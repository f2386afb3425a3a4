"""Runs texts through the package's own code in Node.js."""

import json
import subprocess
from pathlib import Path

import numpy as np

from model import LABELS

FOLDER = Path(__file__).parent


def run(script: str, texts: list[str], *arguments: Path) -> list[dict[str, float]]:
    """What a script of this folder says of each text. Raises CalledProcessError if it fails, having said why on stderr."""
    done = subprocess.run(
        ["node", FOLDER / script, *arguments],
        input="".join(f"{json.dumps(text)}\n" for text in texts),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    if len(rows) != len(texts):
        raise ValueError(f"{script}: {len(texts)} texts went in, {len(rows)} lines came out")
    return rows


def moderated(texts: list[str], model: Path) -> np.ndarray:
    """The built package's scores [texts, labels]."""
    return np.array([[row[label] for label in LABELS] for row in run("pipeline.mjs", texts, model)])


def with_rules(scores: np.ndarray, texts: list[str]) -> np.ndarray:
    """Scores [texts, labels] with what the word list and the injection rules say of the texts as they are spelled."""
    scores = scores.copy()
    for at, found in enumerate(run("rules.mjs", texts)):
        for label, score in found.items():
            scores[at, LABELS.index(label)] = max(score, scores[at, LABELS.index(label)])
    return scores
