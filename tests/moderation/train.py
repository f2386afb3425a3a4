"""Trains the encoder and the moderation head, calibrates them and writes the files that ship."""

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch

import artifact
import calibrate
import stance
from data import Rows, join, load, split
from features import Features
from fit import Options, predict, summary, train
from model import LABELS, from_trunk

ROOT = Path(__file__).resolve().parents[2]
SEED = 1
WRITTEN = 300  # rows of an average grammar
FRAMES = 2500  # rows quoted, once to reject and once to endorse them
SPELLED = 0.07  # share of rows copied with spelling tricks


def sets(folder: Path, written: int, frames: int, spelled: float, seed: int) -> tuple[Rows, Rows]:
    """Train and dev rows, collected and written."""
    data = load(folder)
    dev_side = split(data)
    train_rows, dev_rows = data.take(~dev_side), data.take(dev_side)
    train_rows = join([train_rows, stance.written_rows(train_rows, written, frames, False, seed)])
    train_rows = join([train_rows, stance.obfuscated_rows(train_rows, spelled, seed)])
    dev_rows = join([dev_rows, stance.written_rows(dev_rows, written // 4, frames // 8, True, seed)])
    return train_rows, dev_rows


def report(judged: calibrate.Judged, thresholds: dict[str, dict[str, float]]) -> str:
    out = []
    for name, limits in thresholds.items():
        rates = ", ".join(f"{what} {100 * rate:.2f} %" for what, rate in judged.rates(limits).items())
        recall = ", ".join(
            f"{label} {(judged.scores[judged.positive[i], i] >= limits[label]).mean():.2f}" for i, label in enumerate(LABELS)
        )
        out.append(f"{name}: flagged {rates}\n  recall {recall}\n  {limits}")
    return "\n".join(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of .jsonl files")
    parser.add_argument("--trunk", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, default=ROOT / "pkg/models/minilm-moderation")
    parser.add_argument("--thresholds", type=Path, default=ROOT / "pkg/src/moderation/thresholds.json")
    parser.add_argument("--tune-from", type=int, default=0, help="first encoder layer that is tuned, counted from 0; 6: none")
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=2e-4, help="learning rate of the last layer")
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0.85, help="of the learning rate from a layer to the one below")
    parser.add_argument("--batch-tokens", type=int, default=2048)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--written", type=int, default=WRITTEN, help="rows of an average grammar")
    parser.add_argument("--frames", type=int, default=FRAMES, help="rows quoted, once to reject and once to endorse them")
    parser.add_argument("--spelled", type=float, default=SPELLED, help="share of rows copied with spelling tricks")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(SEED)
    begun = time.time()

    train_rows, dev_rows = sets(options.data, options.written, options.frames, options.spelled, SEED)
    print(f"{len(train_rows)} rows to train on, {len(dev_rows)} dev", flush=True)
    model = from_trunk(options.trunk)
    features = Features(model, train_rows.texts, options.trunk, options.tune_from, options.max_tokens)
    dev_features = Features(model, dev_rows.texts, options.trunk, options.tune_from, options.max_tokens)
    print(f"features after {time.time() - begun:.0f} s", flush=True)
    how = Options(
        tune_from=options.tune_from, epochs=options.epochs, rate=options.rate, head_rate=options.head_rate,
        decay=options.decay, batch_tokens=options.batch_tokens, smoothing=0.01, average=0.998, seed=SEED,
    )  # fmt: skip
    model = train(model, train_rows, features, dev_rows, dev_features, how)

    calibrate.fold(model, predict(model, dev_rows.texts, options.trunk), dev_rows)
    artifact.write(model, options.trunk, options.out)
    shipped = artifact.read(options.out, options.trunk)
    scores = 1 / (1 + np.exp(-predict(shipped, dev_rows.texts, options.trunk)))
    judged = calibrate.Judged(scores, dev_rows)
    thresholds = calibrate.presets(judged)
    options.thresholds.parent.mkdir(parents=True, exist_ok=True)
    options.thresholds.write_text(json.dumps(thresholds, indent=2) + "\n")
    print(summary(scores, dev_rows))
    print(report(judged, thresholds))
    file = (options.out / artifact.WEIGHTS).read_bytes()
    print(f"{artifact.WEIGHTS}, for the two catalogs: bytes {len(file)}, sha256 {hashlib.sha256(file).hexdigest()}")
    print(f"trained in {time.time() - begun:.0f} s")


if __name__ == "__main__":
    main()
