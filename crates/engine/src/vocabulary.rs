//! GGUF's vocabulary, out of `tokenizer.ggml.*`.

use text::{Vocabulary, VocabularyKind};
use weights::{MetaValue, Metadata};

use crate::EngineError;

/// Whether the file brings a vocabulary.
pub(crate) fn is_there(metadata: &Metadata) -> bool {
    metadata.get("tokenizer.ggml.tokens").is_some()
}

/// Reads it. Defaults are those of llama.cpp's
/// [llama-vocab.cpp](https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp).
pub(crate) fn read(metadata: &Metadata) -> Result<Vocabulary, EngineError> {
    let get = |name: &str| metadata.get(&format!("tokenizer.ggml.{name}"));
    let id = |name: &str| get(name).and_then(MetaValue::as_u64).and_then(|id| u32::try_from(id).ok());
    let flag = |name: &str, default: bool| get(name).and_then(MetaValue::as_bool).unwrap_or(default);
    let kind = match get("model").and_then(MetaValue::as_str) {
        Some("gpt2") => VocabularyKind::Bpe,
        Some("llama") => VocabularyKind::SentencePiece,
        Some("bert") => VocabularyKind::WordPiece,
        Some(other) => return Err(models::ModelError::Unsupported(format!("the tokenizer {other:?}")).into()),
        None => return Err(EngineError::Missing("tokenizer.ggml.model")),
    };
    let pre = get("pre").and_then(MetaValue::as_str).unwrap_or("default").to_string();
    let strings = |name: &str| get(name).and_then(MetaValue::strings).map(|all| all.to_vec()).unwrap_or_default();
    let is_bpe = kind == VocabularyKind::Bpe;
    let is_wordpiece = kind == VocabularyKind::WordPiece;
    let starts = if is_bpe { matches!(pre.as_str(), "llama3" | "llama-v3" | "llama-bpe") } else { true };
    Ok(Vocabulary {
        tokens: strings("tokens"),
        scores: get("scores").and_then(MetaValue::numbers).map(|all| all.to_f32()).unwrap_or_default(),
        types: get("token_type").and_then(MetaValue::numbers).map(|all| all.to_i32()).unwrap_or_default(),
        merges: strings("merges"),
        bos: if is_wordpiece { id("cls_token_id").or(id("bos_token_id")) } else { id("bos_token_id") },
        // The misspelling is GGUF's own.
        eos: if is_wordpiece { id("seperator_token_id").or(id("eos_token_id")) } else { id("eos_token_id") },
        unk: id("unknown_token_id"),
        add_bos: flag("add_bos_token", starts),
        add_eos: flag(if is_wordpiece { "add_sep_token" } else { "add_eos_token" }, is_wordpiece),
        add_space_prefix: flag("add_space_prefix", !is_bpe),
        kind,
        pre,
    })
}
