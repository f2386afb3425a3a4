//! What `tokenizers` takes for granted about a `tokenizer.json` and panics on otherwise, checked beforehand.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::TextError;

/// Refuses a BPE model whose merges join tokens that are not there.
pub(crate) fn check(json: &[u8]) -> Result<(), TextError> {
    let head: Document<Head> = parse(json)?;
    let bpe = match head.model.kind.as_deref() {
        Some(kind) => kind == "BPE",
        None => head.model.merges.is_some(),
    };
    if !bpe {
        return Ok(());
    }
    let Bpe { vocab, merges, continuing_subword_prefix } = parse::<Document<Bpe>>(json)?.model;
    let prefix = continuing_subword_prefix.unwrap_or_default();
    let mut joined = String::new();
    for (index, Merge(left, right)) in merges.into_iter().enumerate() {
        joined.clear();
        joined.push_str(&left);
        let known = match right.strip_prefix(&prefix) {
            Some(rest) => {
                joined.push_str(rest);
                vocab.0.contains(&left) && vocab.0.contains(&right) && vocab.0.contains(&joined)
            }
            None => false,
        };
        if !known {
            return Err(TextError::Merge { index, merge: format!("{left} {right}") });
        }
    }
    Ok(())
}

fn parse<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, TextError> {
    serde_json::from_slice(json).map_err(|error| TextError::Json { message: error.to_string() })
}

#[derive(Deserialize)]
struct Document<M> {
    model: M,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: Option<String>,
    merges: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Bpe {
    vocab: Keys,
    merges: Vec<Merge>,
    continuing_subword_prefix: Option<String>,
}

/// The keys of an object.
struct Keys(HashSet<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;
        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tokens")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = HashSet::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.insert(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(KeysVisitor)
    }
}

/// `["a", "b"]` or, in older files, `"a b"`.
struct Merge(String, String);

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
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
                let mut next =
                    || seq.next_element()?.ok_or_else(|| A::Error::custom("a merge of fewer than two tokens"));
                Ok(Merge(next()?, next()?))
            }
        }
        deserializer.deserialize_any(MergeVisitor)
    }
}
