"""The training loop: masked multi-label loss, layer-wise learning rates, warm-up and cosine, averaged weights."""

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import average_precision_score

from data import SAMPLING, Rows
from features import Features, batches, encode, pad
from model import LABELS, Moderator

# Rare labels count for more than the two that nearly every source has.
LABEL_WEIGHT = {"violence": 1.5, "self_harm": 1.5, "sexual": 1.3, "injection": 1.0, "profanity": 0.5, "illicit": 0.8}


@dataclass(frozen=True)
class Options:
    tune_from: int
    epochs: float
    rate: float
    head_rate: float
    decay: float  # of the learning rate, a layer down
    batch_tokens: int
    smoothing: float
    average: float  # of the exponential moving average, a step
    seed: int


def positive_weight(rows: Rows) -> torch.Tensor:
    known = rows.weights.sum(0)
    positive = (rows.labels * rows.weights).sum(0)
    return torch.from_numpy(np.clip(np.sqrt((known - positive) / np.maximum(positive, 1)), 1, 6).astype(np.float32))


def parameter_groups(model: Moderator, options: Options) -> list[dict]:
    groups = [{"params": [*model.pooler.parameters(), *model.classifier.parameters()], "lr": options.head_rate}]
    layers = model.encoder.layer
    for number in range(options.tune_from, len(layers)):
        rate = options.rate * options.decay ** (len(layers) - 1 - number)
        groups.append({"params": list(layers[number].parameters()), "lr": rate})
    return groups


def epoch_rows(rows: Rows, random: np.random.Generator) -> np.ndarray:
    """Row numbers of one epoch: whole copies of a row, and one more by chance for the fraction."""
    rate = np.array([SAMPLING.get(source, 1.0) for source in rows.sources])
    copies = np.floor(rate + random.random(len(rows))).astype(int)
    return np.repeat(np.arange(len(rows)), copies)


def schedule_batches(rows: Rows, features: Features, options: Options, random: np.random.Generator) -> list[np.ndarray]:
    plan, left = [], options.epochs
    while left > 0:
        epoch = batches(features.lengths, epoch_rows(rows, random), options.batch_tokens, random)
        plan += epoch[: int(round(len(epoch) * min(1.0, left)))]
        left -= 1
    return plan


def loss_of(logits: torch.Tensor, rows: Rows, group: np.ndarray, weight: torch.Tensor, smoothing: float) -> torch.Tensor:
    labels = torch.from_numpy(rows.labels[group])
    known = torch.from_numpy(rows.weights[group]) * torch.tensor([LABEL_WEIGHT.get(name, 1.0) for name in LABELS])
    target = labels * (1 - 2 * smoothing) + smoothing
    each = F.binary_cross_entropy_with_logits(logits.float(), target, reduction="none")
    each = each * (labels * (weight - 1) + 1) * known
    return each.sum() / len(group)


def train(model: Moderator, rows: Rows, features: Features, dev: Rows, dev_features: Features, options: Options) -> Moderator:
    """Trains in place; the averaged model is returned."""
    torch.manual_seed(options.seed)
    random = np.random.default_rng(options.seed)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    groups = parameter_groups(model, options)
    tuned = [parameter for group in groups for parameter in group["params"]]
    for parameter in tuned:
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))
    weight = positive_weight(rows)

    plan = schedule_batches(rows, features, options, random)
    steps = len(plan)
    warm = max(1, int(0.06 * steps))

    def scale(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, scale)
    averaged = copy.deepcopy(model)
    pairs = list(zip(averaged.parameters(), model.parameters()))
    model.train()
    begun, losses = time.time(), []
    for step, group in enumerate(plan):
        x, mask = features.read(group)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model.head(model.hidden(x, mask, options.tune_from, len(model.encoder.layer)), mask)
        loss = loss_of(logits, rows, group, weight, options.smoothing)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tuned, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        keep = min(options.average, (step + 1) / (step + 10))
        with torch.no_grad():
            for slow, fast in pairs:
                if fast.requires_grad:
                    slow.lerp_(fast, 1 - keep)
        losses.append(loss.item())
        if (step + 1) % 200 == 0 or step + 1 == steps:
            print(f"step {step + 1}/{steps} loss {np.mean(losses[-200:]):.4f} {time.time() - begun:.0f} s", flush=True)
        if (step + 1) % max(1, steps // 4) == 0:
            print(summary(score(averaged, dev_features), dev), flush=True)
    return averaged.eval()


def score(model: Moderator, features: Features) -> np.ndarray:
    """Logits [rows, labels]."""
    model.eval()
    out = np.zeros((len(features.lengths), len(LABELS)), np.float32)
    for group in batches(features.lengths, np.arange(len(features.lengths)), 8192, None):
        x, mask = features.read(group)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            logits = model.head(model.hidden(x, mask, features.tune_from, len(model.encoder.layer)), mask)
        out[group] = logits.float().numpy()
    return out


def predict(model: Moderator, texts: list[str], trunk: Path) -> np.ndarray:
    """Logits [texts, labels] as the runtime computes them: all layers, f32, cut only where positions end."""
    model.eval()
    ids = encode(texts, trunk, model.embeddings.position_embeddings.num_embeddings)
    lengths = np.array([len(row) for row in ids])
    out = np.zeros((len(texts), len(LABELS)), np.float32)
    for group in batches(lengths, np.arange(len(texts)), 8192, None):
        with torch.no_grad():
            out[group] = model(*pad([ids[row] for row in group])).numpy()
    return out


def summary(logits: np.ndarray, rows: Rows) -> str:
    written = np.array([source.startswith("written/") for source in rows.sources])
    parts = []
    for name, side in (("data", ~written), ("written", written)):
        figures = []
        for i, label in enumerate(LABELS):
            known = (rows.weights[:, i] > 0.9) & side
            if rows.labels[known, i].sum() > 4:
                figures.append(f"{label} {average_precision_score(rows.labels[known, i], logits[known, i]):.3f}")
        parts.append(f"  {name}: " + ", ".join(figures))
    return "\n".join(parts)
