//! A tiny model with random weights, as a GGUF file: of the family of another model, and of the dtypes of its layers.

use graph::DType;
use models::Model;

use crate::random::{Gguf, LayerTypes, RandomDecoder};

pub(super) const CONTEXT: usize = 64;
const VOCABULARY: usize = 256;
// Whole blocks of every dtype.
const HIDDEN: usize = 256;
const INNER: usize = 512;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
/// Layers at most: kinds of layers by the dtypes of their matrices, of which files of mixed dtypes have a few.
const LAYERS: usize = 4;

/// The matrices of an encoder's layer, by GGUF's names; a decoder has a gate beside them.
const MATRICES: [(&str, [usize; 2]); 6] = [
    ("attn_q", [HIDDEN, HIDDEN]),
    ("attn_k", [HIDDEN, HIDDEN]),
    ("attn_v", [HIDDEN, HIDDEN]),
    ("attn_output", [HIDDEN, HIDDEN]),
    ("ffn_up", [INNER, HIDDEN]),
    ("ffn_down", [HIDDEN, INNER]),
];

/// The file.
pub(super) fn like(model: &dyn Model) -> Vec<u8> {
    let family = model.info().family;
    let mut decoder = RandomDecoder {
        family,
        hidden: HIDDEN,
        inner: INNER,
        heads: HEADS,
        kv_heads: KV_HEADS,
        head_dim: HIDDEN / HEADS,
        vocabulary: VOCABULARY,
        context: CONTEXT,
        rope_base: 10_000.0,
        epsilon: 1e-5,
        table: table(model),
        output: output(model),
        layers: Vec::new(),
    };
    decoder.layers = layers(model, decoder.matrices().map(|(name, _)| name));
    if matches!(family, "bert" | "roberta" | "distilbert") {
        return encoder(&decoder).bytes();
    }
    if family == "gemma3" && decoder.layers.len() == 1 {
        decoder.layers.push(decoder.layers[0]); // one that looks back a few tokens, one that looks back to the start
    }
    decoder.gguf().bytes()
}

/// The dtype of the token embedding.
fn table(model: &dyn Model) -> DType {
    let rows = model.info().vocabulary;
    let found = model.weights().iter().find(|weight| weight.ty.shape.dims() == [rows, model.info().dimensions]);
    found.map_or(DType::F32, |weight| weight.ty.dtype)
}

/// The dtype of an output layer that is not the embedding.
fn output(model: &dyn Model) -> Option<DType> {
    let names = ["output.weight", "lm_head.weight"];
    Some(model.weights().iter().find(|weight| names.contains(&weight.name.as_str()))?.ty.dtype)
}

/// What layers there are. Files that do not use GGUF's names have one dtype for all.
fn layers(model: &dyn Model, names: [&str; 7]) -> Vec<LayerTypes> {
    let weights = model.weights();
    let matrices = weights.iter().filter(|weight| weight.ty.shape.dims().len() == 2);
    let common = matrices.map(|weight| weight.ty.dtype).next_back().unwrap_or(DType::F32);
    let mut kinds = Vec::new();
    for layer in 0..model.info().layers {
        let kind = names.map(|name| {
            let name = format!("blk.{layer}.{name}.weight");
            weights.iter().find(|weight| weight.name == name).map_or(common, |weight| weight.ty.dtype)
        });
        if !kinds.contains(&kind) && kinds.len() < LAYERS {
            kinds.push(kind);
        }
    }
    kinds
}

/// An encoder with the dtypes of a decoder's table and layers.
fn encoder(types: &RandomDecoder) -> Gguf {
    let mut file = Gguf::default();
    file.word("general.architecture", "bert");
    for (name, value) in [
        ("embedding_length", HIDDEN),
        ("feed_forward_length", INNER),
        ("block_count", types.layers.len()),
        ("attention.head_count", HEADS),
        ("context_length", CONTEXT),
        ("pooling_type", 1),
    ] {
        file.count(&format!("bert.{name}"), value);
    }
    file.number("bert.attention.layer_norm_epsilon", 1e-12);
    for (name, rows) in [("token_embd", VOCABULARY), ("position_embd", CONTEXT), ("token_types", 2)] {
        file.matrix(name, types.table, [rows, HIDDEN]);
    }
    norm(&mut file, "token_embd_norm");
    for (layer, dtypes) in types.layers.iter().enumerate() {
        for (name, shape) in MATRICES {
            let at = types.matrices().iter().position(|(other, _)| *other == name).unwrap_or(0);
            file.matrix(&format!("blk.{layer}.{name}"), dtypes[at], shape);
            file.vector(&format!("blk.{layer}.{name}.bias"), shape[0], 0.0);
        }
        norm(&mut file, &format!("blk.{layer}.attn_output_norm"));
        norm(&mut file, &format!("blk.{layer}.layer_output_norm"));
    }
    file
}

fn norm(file: &mut Gguf, module: &str) {
    file.vector(&format!("{module}.weight"), HIDDEN, 1.0);
    file.vector(&format!("{module}.bias"), HIDDEN, 0.0);
}
