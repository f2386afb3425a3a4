"""Texts as token ids or as cached hidden states, and batches of like length."""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from model import Moderator


def tokenizer(trunk: Path, limit: int) -> Tokenizer:
    """The trunk's tokenizer, cut at `limit` tokens: its own file says 128, padded, which is not what the runtime does."""
    loaded = Tokenizer.from_file(str(trunk / "tokenizer.json"))
    loaded.no_padding()
    loaded.encode_special_tokens = True  # `[SEP]` in a text is text, to the runtime too
    loaded.enable_truncation(limit)
    return loaded


def encode(texts: list[str], trunk: Path, limit: int) -> list[np.ndarray]:
    return [np.array(e.ids, np.int64) for e in tokenizer(trunk, limit).encode_batch_fast(texts)]


def batches(lengths: np.ndarray, index: np.ndarray, tokens: int, random: np.random.Generator | None) -> list[np.ndarray]:
    """Groups of rows of about equal length, `tokens` with padding at most; shuffled if random."""
    jitter = 0 if random is None else random.uniform(-2, 2, len(index))
    ordered = index[np.argsort(lengths[index] + jitter, kind="stable")]
    groups, start, longest = [], 0, 0
    for at, row in enumerate(ordered):
        longest = max(longest, lengths[row])
        if at > start and longest * (at + 1 - start) > tokens:
            groups.append(ordered[start:at])
            start, longest = at, lengths[row]
    groups.append(ordered[start:])
    if random is not None:
        random.shuffle(groups)
    return groups


class Features:
    """What the first tuned layer reads: ids if that is layer 0, else the frozen layers' output, computed once, f16."""

    def __init__(self, model: Moderator, texts: list[str], trunk: Path, tune_from: int, limit: int):
        self.ids = encode(texts, trunk, limit)
        self.lengths = np.array([len(ids) for ids in self.ids])
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self.model, self.tune_from = model, tune_from
        self.cache = None
        if tune_from > 0:
            cache = torch.empty(int(self.starts[-1]), model.classifier.in_features, dtype=torch.float16)
            for group in batches(self.lengths, np.arange(len(texts)), 8192, None):
                x, mask = self.embedded(group)
                with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                    x = model.hidden(x, mask, 0, tune_from)
                for row, hidden in zip(group, x):
                    cache[self.starts[row] : self.starts[row + 1]] = hidden[: self.lengths[row]].half()
            self.cache = cache

    def embedded(self, group: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        ids, mask = pad([self.ids[row] for row in group])
        with torch.no_grad():
            return self.model.embeddings(ids), mask

    def read(self, group: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """[texts, tokens, hidden] and the mask of the tokens that are there."""
        if self.cache is None:
            return self.embedded(group)
        mask = torch.arange(int(self.lengths[group].max()))[None] < torch.from_numpy(self.lengths[group])[:, None]
        x = torch.zeros(*mask.shape, self.cache.shape[1])
        x[mask] = torch.cat([self.cache[self.starts[row] : self.starts[row + 1]] for row in group]).float()
        return x, mask


def pad(ids: list[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(row) for row in ids)
    out = torch.zeros(len(ids), width, dtype=torch.int64)
    for i, row in enumerate(ids):
        out[i, : len(row)] = torch.from_numpy(row)
    lengths = torch.tensor([len(row) for row in ids])
    return out, torch.arange(width)[None] < lengths[:, None]
