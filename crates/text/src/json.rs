//! `tokenizer.json`, read by ourselves and put together out of `tokenizers`' parts.
//!
//! The crate's own reader panics on files that are wrong in certain ways, buffers the whole vocabulary as a JSON tree and
//! brings every component that exists into the wasm; this one refuses what it does not know.
//! Format: the `Deserialize` impls of <https://github.com/huggingface/tokenizers/tree/v0.23.2/tokenizers/src>.

use serde::Deserialize;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::{AddedToken, ModelWrapper, Tokenizer};

use crate::TextError;
use crate::decoding::Decoding;
use ends::{Decoder, PostProcessor};
use model::{Merge, Model};
use steps::{Normalizer, PreTokenizer};

mod ends;
mod model;
mod steps;

/// A tokenizer with the ids that it puts before and after a text, and how its tokens become text again.
pub(crate) struct Parts {
    pub(crate) tokenizer: Tokenizer,
    pub(crate) before: Vec<u32>,
    pub(crate) after: Vec<u32>,
    pub(crate) decoding: Decoding,
}

/// `truncation` and `padding` are left out on purpose: callers do theirs.
#[derive(Deserialize)]
struct Document {
    model: Model,
    #[serde(default)]
    added_tokens: Vec<Added>,
    normalizer: Option<Normalizer>,
    pre_tokenizer: Option<PreTokenizer>,
    post_processor: Option<PostProcessor>,
    decoder: Option<Decoder>,
}

#[derive(Deserialize)]
struct Added {
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

/// Builds the tokenizer that a `tokenizer.json` describes.
pub(crate) fn read(json: &[u8]) -> Result<Parts, TextError> {
    let document: Document =
        serde_json::from_slice(json).map_err(|error| TextError::Json { message: error.to_string() })?;
    let mut tokenizer = Tokenizer::new(model(document.model)?);
    let normalizer = document.normalizer.map(Normalizer::build).transpose()?;
    tokenizer.with_normalizer(normalizer).map_err(build)?;
    tokenizer.with_pre_tokenizer(document.pre_tokenizer.map(PreTokenizer::build).transpose()?);
    let added = document.added_tokens.into_iter().map(|token| AddedToken {
        content: token.content,
        single_word: token.single_word,
        lstrip: token.lstrip,
        rstrip: token.rstrip,
        normalized: token.normalized,
        special: token.special,
    });
    tokenizer.add_tokens(added).map_err(build)?;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    if let Some(processor) = document.post_processor {
        processor.frame(&mut before, &mut after)?;
    }
    if let Some(&id) = before.iter().chain(&after).find(|&&id| tokenizer.id_to_token(id).is_none()) {
        return Err(TextError::UnknownId { id, tokens: tokenizer.get_vocab_size(true) });
    }
    let decoding = match document.decoder {
        Some(decoder) => decoder.build()?,
        None => Decoding::Words { prefix: None, cleanup: false },
    };
    Ok(Parts { tokenizer, before, after, decoding })
}

/// A part that the file names but that cannot be built.
fn build(error: tokenizers::Error) -> TextError {
    TextError::Build { message: error.to_string() }
}

fn model(model: Model) -> Result<ModelWrapper, TextError> {
    let vocab = model.vocab.0;
    match (model.kind.as_deref(), model.merges) {
        (Some("BPE") | None, Some(merges)) => {
            let prefix = model.continuing_subword_prefix.unwrap_or_default();
            let merges = checked(merges, &vocab, &prefix)?;
            let unk = known(&vocab, model.unk_token)?;
            let mut builder = BPE::builder()
                .vocab_and_merges(vocab, merges)
                .fuse_unk(model.fuse_unk.unwrap_or(false))
                .byte_fallback(model.byte_fallback.unwrap_or(false))
                .ignore_merges(model.ignore_merges.unwrap_or(false));
            if let Some(unk) = unk {
                builder = builder.unk_token(unk);
            }
            if !prefix.is_empty() {
                builder = builder.continuing_subword_prefix(prefix);
            }
            if let Some(suffix) = model.end_of_word_suffix.filter(|suffix| !suffix.is_empty()) {
                builder = builder.end_of_word_suffix(suffix);
            }
            Ok(builder.build().map_err(build)?.into())
        }
        (Some("WordPiece") | None, None) => {
            let unk = known(&vocab, model.unk_token.or_else(|| Some("[UNK]".into())))?;
            let builder = WordPiece::builder()
                .vocab(vocab)
                .unk_token(unk.unwrap_or_default())
                .continuing_subword_prefix(model.continuing_subword_prefix.unwrap_or_else(|| "##".into()))
                .max_input_chars_per_word(model.max_input_chars_per_word.unwrap_or(100));
            Ok(builder.build().map_err(build)?.into())
        }
        (Some("BPE"), None) => Err(TextError::Json { message: "a BPE model without merges".into() }),
        (kind, _) => Err(TextError::Json { message: format!("model type {kind:?} is not supported") }),
    }
}

/// `token` must be there if it is named.
fn known(vocab: &Vocab, token: Option<String>) -> Result<Option<String>, TextError> {
    match token {
        Some(token) if !vocab.contains_key(&token) => Err(TextError::MissingToken { token }),
        token => Ok(token),
    }
}

/// Both sides of every merge and what they join to are tokens; `tokenizers` indexes out of a buffer otherwise.
fn checked(merges: Vec<Merge>, vocab: &Vocab, prefix: &str) -> Result<Vec<(String, String)>, TextError> {
    let mut joined = String::new();
    let mut out = Vec::with_capacity(merges.len());
    for (index, Merge(left, right)) in merges.into_iter().enumerate() {
        joined.clear();
        joined.push_str(&left);
        joined.push_str(right.strip_prefix(prefix).unwrap_or_default());
        let known =
            right.starts_with(prefix) && [&left, &right, &joined].into_iter().all(|token| vocab.contains_key(token));
        if !known {
            return Err(TextError::Merge { index, merge: format!("{left} {right}") });
        }
        out.push((left, right));
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
