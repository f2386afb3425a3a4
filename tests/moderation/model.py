"""MiniLM with a classification head, in plain torch: parameter names are those of the safetensors files."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

LABELS = ["hate", "harassment", "violence", "sexual", "self_harm", "profanity", "injection", "illicit", "toxic"]


@dataclass(frozen=True)
class Config:
    hidden: int
    heads: int
    layers: int
    inner: int
    epsilon: float
    positions: int
    vocabulary: int

    @classmethod
    def read(cls, folder: Path) -> "Config":
        raw = json.loads((folder / "config.json").read_text())
        return cls(
            hidden=raw["hidden_size"],
            heads=raw["num_attention_heads"],
            layers=raw["num_hidden_layers"],
            inner=raw["intermediate_size"],
            epsilon=raw["layer_norm_eps"],
            positions=raw["max_position_embeddings"],
            vocabulary=raw["vocab_size"],
        )


class Embeddings(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocabulary, config.hidden)
        self.position_embeddings = nn.Embedding(config.positions, config.hidden)
        self.token_type_embeddings = nn.Embedding(2, config.hidden)
        self.LayerNorm = nn.LayerNorm(config.hidden, config.epsilon)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:  # [texts, tokens] -> [texts, tokens, hidden]
        positions = self.position_embeddings.weight[: ids.shape[1]]
        return self.LayerNorm(self.word_embeddings(ids) + positions + self.token_type_embeddings.weight[0])


class Layer(nn.Module):
    """One encoder layer; the nesting only serves the names of the checkpoint."""

    def __init__(self, config: Config):
        super().__init__()
        hidden = config.hidden
        self.heads = config.heads
        self.attention = nn.ModuleDict(
            {
                "self": nn.ModuleDict({name: nn.Linear(hidden, hidden) for name in ("query", "key", "value")}),
                "output": nn.ModuleDict(
                    {"dense": nn.Linear(hidden, hidden), "LayerNorm": nn.LayerNorm(hidden, config.epsilon)}
                ),
            }
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(hidden, config.inner)})
        self.output = nn.ModuleDict(
            {"dense": nn.Linear(config.inner, hidden), "LayerNorm": nn.LayerNorm(hidden, config.epsilon)}
        )

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        texts, tokens, hidden = x.shape
        parts = self.attention["self"]
        query, key, value = (
            parts[name](x).view(texts, tokens, self.heads, -1).transpose(1, 2) for name in ("query", "key", "value")
        )  # [texts, heads, tokens, hidden / heads]
        # Written out: torch's fused attention is three times slower here, on a CPU, at 30 tokens.
        scores = (query @ key.transpose(2, 3)) * (hidden // self.heads) ** -0.5
        scores = scores.masked_fill(~mask[:, None, None, :], -10000.0)
        seen = (scores.softmax(-1) @ value).transpose(1, 2).reshape(texts, tokens, hidden)
        out = self.attention["output"]
        x = out["LayerNorm"](x + out["dense"](seen))
        inner = F.gelu(self.intermediate["dense"](x))
        return self.output["LayerNorm"](x + self.output["dense"](inner))


class Encoder(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.layers))


class Moderator(nn.Module):
    """BERT, mean pooling, dense + tanh, one logit a label."""

    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.pooler = nn.ModuleDict({"dense": nn.Linear(config.hidden, config.hidden)})
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(config.hidden, len(LABELS))

    def hidden(self, x: torch.Tensor, mask: torch.Tensor, start: int, end: int) -> torch.Tensor:
        """Runs layers start..end on hidden states; mask is true on the tokens that are there."""
        for layer in self.encoder.layer[start:end]:
            x = layer(x, mask)
        return x

    def head(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        weights = mask.to(x.dtype)[:, :, None]
        mean = (x * weights).sum(1) / weights.sum(1)
        return self.classifier(self.dropout(torch.tanh(self.pooler["dense"](mean))))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.head(self.hidden(self.embeddings(ids), mask, 0, len(self.encoder.layer)), mask)


def from_trunk(folder: Path, dropout: float = 0.1) -> Moderator:
    """The trunk's encoder under a fresh head."""
    model = Moderator(Config.read(folder), dropout)
    weights = load_file(folder / "model.safetensors")
    names = dict(model.named_parameters())
    missing = [name for name in names if name not in weights and not name.startswith("classifier.")]
    if missing:
        raise ValueError(f"{folder}: no tensors {missing}")
    model.load_state_dict({name: weights[name].float() for name in names if name in weights}, strict=False)
    return model
