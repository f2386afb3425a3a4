//! Tiny models with random weights, in every format that a family comes in.

use half::bf16;
use serde_json::{Value, json};
use weights::File;

use super::files::{Named, Width, file, json_file, safetensors, sharded};
use super::forward::Tensors;
use super::gguf::{self, Meta};

pub(crate) const VOCABULARY: usize = 96;

/// Random numbers that every float dtype holds exactly, so that all formats hold the same model.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// In `-scale..scale`, rounded to bf16.
    pub(crate) fn value(&mut self, scale: f32) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (self.0 >> 40) as f32 / (1u64 << 24) as f32;
        bf16::from_f32((2.0 * unit - 1.0) * scale).to_f32()
    }

    pub(crate) fn tensor(&mut self, shape: &[usize], scale: f32) -> (Vec<usize>, Vec<f32>) {
        (shape.to_vec(), (0..shape.iter().product()).map(|_| self.value(scale)).collect())
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        ((f64::from(self.value(1.0)) + 1.0) / 2.0 * f64::from(bound)).min(f64::from(bound - 1)) as u32
    }
}

/// How a tiny model's files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Gguf,
    Safetensors,
    Sharded,
    HalfWidth,
}

impl Layout {
    pub(crate) const ALL: [Layout; 4] = [Layout::Gguf, Layout::Safetensors, Layout::Sharded, Layout::HalfWidth];
}

/// From a Hugging Face tensor, by name, to GGUF's.
pub(crate) type ToGguf = fn(&str, &(Vec<usize>, Vec<f32>)) -> Named;

/// A tiny model: its tensors under Hugging Face's names, and what both kinds of files say of it.
pub(crate) struct Tiny {
    pub(crate) tensors: Tensors,
    pub(crate) config: Value,
    pub(crate) metadata: Vec<(String, Meta)>,
    /// How the GGUF has them.
    pub(crate) to_gguf: ToGguf,
    /// Tensors that only the GGUF has.
    pub(crate) gguf_only: Vec<Named>,
    /// Files beside the safetensors.
    pub(crate) side: Vec<(&'static str, Value)>,
}

impl Tiny {
    pub(crate) fn files(&self, layout: Layout) -> Vec<File> {
        if layout == Layout::Gguf {
            let mut tensors: Vec<Named> =
                self.tensors.iter().map(|(name, tensor)| (self.to_gguf)(name, tensor)).collect();
            tensors.extend(self.gguf_only.clone());
            return vec![file("tiny.gguf", gguf::write(&self.metadata, &tensors))];
        }
        let tensors: Vec<Named> =
            self.tensors.iter().map(|(name, (shape, data))| (name.clone(), shape.clone(), data.clone())).collect();
        let mut files = match layout {
            Layout::Sharded => sharded(&tensors),
            Layout::HalfWidth => vec![file("model.safetensors", safetensors(&tensors, Width::BF16))],
            _ => vec![file("model.safetensors", safetensors(&tensors, Width::F32))],
        };
        files.push(json_file("config.json", &self.config));
        files.push(json_file("tokenizer.json", &tokenizer()));
        files.extend(self.side.iter().map(|(name, value)| json_file(name, value)));
        files
    }
}

/// The words of both tokenizers: four special ones, the letters, and names for the rest.
pub(crate) fn words() -> Vec<String> {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(String::from);
    let letters = ('a'..='z').map(String::from);
    special.into_iter().chain(letters).chain((30..VOCABULARY).map(|n| format!("w{n}"))).collect()
}

/// A `tokenizer.json` that makes a token of each word and puts a text between `[CLS]` and `[SEP]`.
fn tokenizer() -> Value {
    let vocabulary: serde_json::Map<String, Value> =
        words().into_iter().enumerate().map(|(id, word)| (word, json!(id))).collect();
    let added: Vec<Value> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
        .iter()
        .enumerate()
        .map(|(id, word)| {
            json!({"id": id, "content": word, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": true})
        })
        .collect();
    let special = |word: &str, id: u32| json!({"id": word, "ids": [id], "tokens": [word]});
    let token = |word: &str| json!({"SpecialToken": {"id": word, "type_id": 0}});
    json!({
        "version": "1.0",
        "added_tokens": added,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [token("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, token("[SEP]")],
            "pair": [token("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"[CLS]": special("[CLS]", 2), "[SEP]": special("[SEP]", 3)},
        },
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
}

/// A GGUF vocabulary of single bytes, for decoders.
pub(crate) fn byte_vocabulary() -> Vec<(String, Meta)> {
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    let printable = (0x21u8..0x7f).map(|byte| char::from(byte).to_string());
    let tokens: Vec<String> = printable.chain(["Ġ".to_string(), "Ċ".to_string()]).collect();
    vec![
        (key("model"), Meta::Text("gpt2".into())),
        (key("pre"), Meta::Text("gpt-2".into())),
        (key("token_type"), Meta::I32s(vec![1; tokens.len()])),
        (key("tokens"), Meta::Texts(tokens)),
        (key("merges"), Meta::Texts(Vec::new())),
        (key("add_bos_token"), Meta::Bool(false)),
    ]
}

/// A GGUF vocabulary of the same words as `tokenizer.json`, for encoders.
pub(crate) fn word_vocabulary() -> Vec<(String, Meta)> {
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    let tokens = words().into_iter().map(|word| if word.starts_with('[') { word } else { format!("▁{word}") });
    let types = (0..VOCABULARY).map(|id| if id < 4 { 3 } else { 1 }).collect();
    vec![
        (key("model"), Meta::Text("bert".into())),
        (key("tokens"), Meta::Texts(tokens.collect())),
        (key("token_type"), Meta::I32s(types)),
        (key("cls_token_id"), Meta::U32(2)),
        (key("seperator_token_id"), Meta::U32(3)),
        (key("unknown_token_id"), Meta::U32(1)),
    ]
}

/// Metadata of an architecture: keys without its name.
pub(crate) fn metadata(architecture: &str, values: Vec<(&str, Meta)>) -> Vec<(String, Meta)> {
    let named = values.into_iter().map(|(key, value)| (format!("{architecture}.{key}"), value));
    [("general.architecture".to_string(), Meta::Text(architecture.into()))].into_iter().chain(named).collect()
}
