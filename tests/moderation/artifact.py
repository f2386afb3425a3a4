"""Writing and reading the file that ships: a GGUF with quantized weights, the configuration, the labels and the words."""

import json
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, PoolingType, TokenType, dequantize, quantize

from model import LABELS, Config, Moderator

WEIGHTS = "minilm-moderation.gguf"

MODULES = {
    "token_embd": "embeddings.word_embeddings",
    "position_embd": "embeddings.position_embeddings",
    "token_types": "embeddings.token_type_embeddings",
    "token_embd_norm": "embeddings.LayerNorm",
    "cls": "pooler.dense",
    "cls.output": "classifier",
}
LAYER_MODULES = {
    "attn_q": "attention.self.query",
    "attn_k": "attention.self.key",
    "attn_v": "attention.self.value",
    "attn_output": "attention.output.dense",
    "attn_output_norm": "attention.output.LayerNorm",
    "ffn_up": "intermediate.dense",
    "ffn_down": "output.dense",
    "layer_output_norm": "output.LayerNorm",
}

# Half of all weights are the words', and they bear coarse steps best.
WORDS = GGMLQuantizationType.Q5_0
LAYERS = GGMLQuantizationType.Q8_0


def modules(config: Config) -> dict[str, str]:
    """Module names: GGUF's to PyTorch's."""
    layers = {
        f"blk.{number}.{name}": f"encoder.layer.{number}.{module}"
        for number in range(config.layers)
        for name, module in LAYER_MODULES.items()
    }
    return MODULES | layers


def dtype(name: str, weight: np.ndarray) -> GGMLQuantizationType:
    if name == "token_embd":
        return WORDS
    if name.startswith("blk.") and weight.ndim == 2:
        return LAYERS
    return GGMLQuantizationType.F16 if weight.size > 100_000 else GGMLQuantizationType.F32


def write(model: Moderator, trunk: Path, out: Path) -> None:
    config = Config.read(trunk)
    out.mkdir(parents=True, exist_ok=True)
    file = GGUFWriter(out / WEIGHTS, "bert")
    file.add_name("MiniLM moderation")
    file.add_license("apache-2.0")
    file.add_context_length(config.positions)
    file.add_embedding_length(config.hidden)
    file.add_feed_forward_length(config.inner)
    file.add_block_count(config.layers)
    file.add_head_count(config.heads)
    file.add_layer_norm_eps(config.epsilon)
    file.add_causal_attention(False)
    file.add_pooling_type(PoolingType.MEAN)
    file.add_classifier_output_labels(LABELS)
    file.add_string("bert.classifier.problem_type", "multi_label_classification")
    add_vocabulary(file, trunk)
    weights = dict(model.named_parameters())
    for name, module in modules(config).items():
        for suffix in ("weight", "bias"):
            if f"{module}.{suffix}" not in weights:
                continue
            weight = weights[f"{module}.{suffix}"].detach().float().numpy()
            kind = dtype(name, weight)
            file.add_tensor(f"{name}.{suffix}", quantize(weight, kind), raw_dtype=kind)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def add_vocabulary(file: GGUFWriter, trunk: Path) -> None:
    """The words, marked as llama.cpp does: where a word begins, not where it goes on."""
    tokenizer = json.loads((trunk / "tokenizer.json").read_text(encoding="utf-8"))
    ids = tokenizer["model"]["vocab"]
    special = {token["content"] for token in tokenizer["added_tokens"] if token["special"]}
    tokens, types = [], []
    for token in sorted(ids, key=ids.__getitem__):
        if token in special:
            tokens.append(token)
            types.append(TokenType.UNKNOWN if token == "[UNK]" else TokenType.CONTROL)
        else:
            tokens.append(token[2:] if token.startswith("##") else f"\u2581{token}")
            types.append(TokenType.NORMAL)
    file.add_tokenizer_model("bert")
    file.add_token_list(tokens)
    file.add_token_types(types)
    file.add_unk_token_id(ids["[UNK]"])
    file.add_pad_token_id(ids["[PAD]"])
    file.add_mask_token_id(ids["[MASK]"])
    file.add_sep_token_id(ids["[SEP]"])
    file.add_uint32("tokenizer.ggml.cls_token_id", ids["[CLS]"])


def read(folder: Path, trunk: Path) -> Moderator:
    """The model as the runtime has it: what the file says, in f32."""
    config = Config.read(trunk)
    model = Moderator(config)
    names = modules(config)
    state = {}
    for tensor in GGUFReader(folder / WEIGHTS).tensors:
        module, suffix = tensor.name.rsplit(".", 1)
        weight = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        state[f"{names[module]}.{suffix}"] = torch.from_numpy(weight.reshape(tuple(reversed(tensor.shape.tolist()))))
    model.load_state_dict(state)
    return model.eval()
