"""Writing and reading the files that ship: tuned layers, pooler and classifier in f16 beside the unchanged trunk."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from model import LABELS, Moderator, from_trunk

WEIGHTS = "moderation.safetensors"


def write(model: Moderator, tune_from: int, trunk: Path, out: Path) -> None:
    layers = tuple(f"encoder.layer.{number}." for number in range(tune_from, len(model.encoder.layer)))
    tensors = {
        name: weight.detach().to(torch.float16).contiguous()
        for name, weight in model.named_parameters()
        if name.startswith(layers + ("pooler.", "classifier."))
    }
    out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out / WEIGHTS, metadata={"format": "pt", "replaces": "model.safetensors"})
    config = json.loads((trunk / "config.json").read_text())
    for key in ("_name_or_path", "transformers_version"):
        config.pop(key, None)
    config |= {
        "architectures": ["BertForSequenceClassification"],
        "problem_type": "multi_label_classification",
        "classifier_pooling": "mean",
        "id2label": {str(i): name for i, name in enumerate(LABELS)},
        "label2id": {name: i for i, name in enumerate(LABELS)},
    }
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def read(folder: Path, trunk: Path) -> Moderator:
    """The model as the runtime has it: the trunk, with the tensors of the artifact in their places."""
    model = from_trunk(trunk)
    with safe_open(folder / WEIGHTS, "pt") as file:
        model.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()}, strict=False)
    return model.eval()
