//! The model of a `tokenizer.json`: a vocabulary and how it is applied.

use std::fmt;

use serde::Deserialize;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use tokenizers::models::bpe;

/// Ids above this are refused: no vocabulary comes near it.
const ID_LIMIT: u32 = 1 << 24;

/// The fields of every kind of model together, so that the vocabulary is read in one pass wherever `type` stands.
#[derive(Deserialize)]
pub(super) struct Model {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) vocab: Vocab,
    pub(super) merges: Option<Vec<Merge>>,
    pub(super) unk_token: Option<String>,
    pub(super) continuing_subword_prefix: Option<String>,
    pub(super) end_of_word_suffix: Option<String>,
    pub(super) fuse_unk: Option<bool>,
    pub(super) byte_fallback: Option<bool>,
    pub(super) ignore_merges: Option<bool>,
    pub(super) max_input_chars_per_word: Option<usize>,
}

/// Tokens and their ids.
pub(super) struct Vocab(pub(super) bpe::Vocab);

impl<'de> Deserialize<'de> for Vocab {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(VocabVisitor)
    }
}

struct VocabVisitor;

impl<'de> Visitor<'de> for VocabVisitor {
    type Value = Vocab;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tokens and ids (models BPE and WordPiece)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocab, A::Error> {
        let mut vocab = bpe::Vocab::default();
        while let Some((token, id)) = map.next_entry::<String, u32>()? {
            if id >= ID_LIMIT {
                return Err(A::Error::custom(format!("token {token:?} has id {id}, {ID_LIMIT} or more")));
            }
            vocab.insert(token, id);
        }
        Ok(Vocab(vocab))
    }
}

/// `["a", "b"]` or, in older files, `"a b"`.
pub(super) struct Merge(pub(super) String, pub(super) String);

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MergeVisitor)
    }
}

struct MergeVisitor;

impl<'de> Visitor<'de> for MergeVisitor {
    type Value = Merge;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("two tokens")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Merge, E> {
        let (left, right) = text.split_once(' ').ok_or_else(|| E::custom("a merge without a space"))?;
        Ok(Merge(left.into(), right.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Merge, A::Error> {
        let mut next = || seq.next_element()?.ok_or_else(|| A::Error::custom("a merge of fewer than two tokens"));
        Ok(Merge(next()?, next()?))
    }
}
