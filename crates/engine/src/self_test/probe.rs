//! A tiny model with random weights, as a GGUF file: of the family of another model, and of the dtypes of its layers.

use graph::DType;
use models::Model;

use super::gguf::Gguf;

pub(super) const CONTEXT: usize = 64;
const VOCABULARY: usize = 256;
// Whole blocks of every dtype.
const HIDDEN: usize = 256;
const INNER: usize = 512;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const HEAD_DIM: usize = HIDDEN / HEADS;
/// Layers at most: kinds of layers by the dtypes of their matrices, of which files of mixed dtypes have a few.
const LAYERS: usize = 4;

/// The matrices of a layer, by GGUF's names.
const MATRICES: [(&str, [usize; 2]); 7] = [
    ("attn_q", [HIDDEN, HIDDEN]),
    ("attn_k", [KV_HEADS * HEAD_DIM, HIDDEN]),
    ("attn_v", [KV_HEADS * HEAD_DIM, HIDDEN]),
    ("attn_output", [HIDDEN, HIDDEN]),
    ("ffn_gate", [INNER, HIDDEN]),
    ("ffn_up", [INNER, HIDDEN]),
    ("ffn_down", [HIDDEN, INNER]),
];

type LayerTypes = [DType; MATRICES.len()];

/// The file.
pub(super) fn like(model: &dyn Model) -> Vec<u8> {
    let family = model.info().family;
    let is_encoder = matches!(family, "bert" | "roberta" | "distilbert");
    let mut layers = layers(model);
    if family == "gemma3" && layers.len() == 1 {
        layers.push(layers[0]); // one that looks back a few tokens, one that looks back to the start
    }
    let mut file = Gguf::default();
    if is_encoder {
        file.encoder(table(model), &layers);
    } else {
        file.decoder(family, table(model), output(model), &layers);
    }
    file.finish()
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
fn layers(model: &dyn Model) -> Vec<LayerTypes> {
    let weights = model.weights();
    let matrices = weights.iter().filter(|weight| weight.ty.shape.dims().len() == 2);
    let common = matrices.map(|weight| weight.ty.dtype).next_back().unwrap_or(DType::F32);
    let mut kinds = Vec::new();
    for layer in 0..model.info().layers {
        let kind = MATRICES.map(|(name, _)| {
            let name = format!("blk.{layer}.{name}.weight");
            weights.iter().find(|weight| weight.name == name).map_or(common, |weight| weight.ty.dtype)
        });
        if !kinds.contains(&kind) && kinds.len() < LAYERS {
            kinds.push(kind);
        }
    }
    kinds
}

impl Gguf {
    fn decoder(&mut self, family: &str, table: DType, output: Option<DType>, layers: &[LayerTypes]) {
        self.sizes(family, layers.len());
        let number =
            |gguf: &mut Gguf, name: &str, value: f32| gguf.key(&format!("{family}.{name}"), 6, value.to_le_bytes());
        let count = |gguf: &mut Gguf, name: &str, value: usize| gguf.count(&format!("{family}.{name}"), value);
        count(self, "attention.head_count_kv", KV_HEADS);
        count(self, "attention.key_length", HEAD_DIM);
        count(self, "attention.value_length", HEAD_DIM);
        number(self, "attention.layer_norm_rms_epsilon", 1e-5);
        number(self, "rope.freq_base", 10_000.0);
        let is_gemma = family == "gemma3";
        if is_gemma {
            count(self, "attention.sliding_window", 5);
            count(self, "attention.sliding_window_pattern", 2);
        }
        self.matrix("token_embd", table, [VOCABULARY, HIDDEN]);
        if let Some(dtype) = output {
            self.matrix("output", dtype, [VOCABULARY, HIDDEN]);
        }
        self.vector("output_norm.weight", HIDDEN, 1.0);
        for (layer, types) in layers.iter().enumerate() {
            self.layer(layer, types, &MATRICES);
            let mut norm = |name: &str, len| self.vector(&format!("blk.{layer}.{name}.weight"), len, 1.0);
            norm("attn_norm", HIDDEN);
            norm("ffn_norm", HIDDEN);
            if is_gemma {
                norm("post_attention_norm", HIDDEN);
                norm("post_ffw_norm", HIDDEN);
            }
            if is_gemma || family == "qwen3" {
                norm("attn_q_norm", HEAD_DIM);
                norm("attn_k_norm", HEAD_DIM);
            }
            if family == "qwen2" {
                for (name, [len, _]) in &MATRICES[..3] {
                    self.vector(&format!("blk.{layer}.{name}.bias"), *len, 0.0);
                }
            }
        }
    }

    fn encoder(&mut self, table: DType, layers: &[LayerTypes]) {
        self.sizes("bert", layers.len());
        self.key("bert.attention.layer_norm_epsilon", 6, 1e-12f32.to_le_bytes());
        self.count("bert.pooling_type", 1);
        for (name, rows) in [("token_embd", VOCABULARY), ("position_embd", CONTEXT), ("token_types", 2)] {
            self.matrix(name, table, [rows, HIDDEN]);
        }
        self.norm("token_embd_norm");
        for (layer, types) in layers.iter().enumerate() {
            let square = [HIDDEN, HIDDEN];
            let shapes = [square, square, square, square, [INNER, HIDDEN], [INNER, HIDDEN], [HIDDEN, INNER]];
            let matrices: [_; 7] = std::array::from_fn(|index| (MATRICES[index].0, shapes[index]));
            self.layer(layer, types, &matrices);
            for (name, [len, _]) in matrices.iter().filter(|(name, _)| *name != "ffn_gate") {
                self.vector(&format!("blk.{layer}.{name}.bias"), *len, 0.0);
            }
            self.norm(&format!("blk.{layer}.attn_output_norm"));
            self.norm(&format!("blk.{layer}.layer_output_norm"));
        }
    }

    fn sizes(&mut self, family: &str, layers: usize) {
        let key = "general.architecture";
        let word = [(family.len() as u64).to_le_bytes().as_slice(), family.as_bytes()].concat();
        self.key(key, 8, word);
        for (name, value) in [
            ("embedding_length", HIDDEN),
            ("feed_forward_length", INNER),
            ("block_count", layers),
            ("attention.head_count", HEADS),
            ("context_length", CONTEXT),
        ] {
            self.count(&format!("{family}.{name}"), value);
        }
    }

    fn layer(&mut self, layer: usize, types: &LayerTypes, matrices: &[(&str, [usize; 2])]) {
        for ((name, shape), dtype) in matrices.iter().zip(types) {
            self.matrix(&format!("blk.{layer}.{name}"), *dtype, *shape);
        }
    }

    fn norm(&mut self, module: &str) {
        self.vector(&format!("{module}.weight"), HIDDEN, 1.0);
        self.vector(&format!("{module}.bias"), HIDDEN, 0.0);
    }
}
