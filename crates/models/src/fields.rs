//! A model's configuration, out of GGUF metadata or `config.json`, one checked value at a time.

use std::ops::RangeInclusive;

use serde_json::Value;
use weights::{MetaValue, Metadata, Strings};

use crate::ModelError;

/// The name of a setting in GGUF (after `<architecture>.`) and in `config.json`.
pub(crate) type Key = (&'static str, &'static str);

/// Bounds that no real model reaches and that keep a hostile file from asking for much.
pub(crate) const LAYERS: RangeInclusive<u64> = 1..=1024;
pub(crate) const HEADS: RangeInclusive<u64> = 1..=4096;
pub(crate) const WIDTH: RangeInclusive<u64> = 1..=(1 << 20);
pub(crate) const CONTEXT: RangeInclusive<u64> = 1..=(1 << 24);

/// Where settings come from.
pub(crate) enum Fields<'a> {
    Gguf { metadata: &'a Metadata, architecture: String },
    Json(&'a Value),
}

/// One setting, as a number, a word or neither.
enum Found<'a> {
    Meta(&'a MetaValue),
    Json(&'a Value),
}

impl<'a> Fields<'a> {
    pub(crate) fn is_gguf(&self) -> bool {
        matches!(self, Fields::Gguf { .. })
    }

    /// How the file spells a key, for messages.
    pub(crate) fn spell(&self, key: Key) -> String {
        match self {
            Fields::Gguf { architecture, .. } => format!("{architecture}.{}", key.0),
            Fields::Json(_) => key.1.into(),
        }
    }

    fn find(&self, key: Key) -> Option<Found<'a>> {
        match *self {
            Fields::Gguf { metadata, .. } => metadata.get(&self.spell(key)).map(Found::Meta),
            // A dot in a JSON key goes one object deeper.
            Fields::Json(value) => key
                .1
                .split('.')
                .try_fold(value, |at, part| at.get(part))
                .filter(|found| !found.is_null())
                .map(Found::Json),
        }
    }

    /// A whole number within `range`, if the key is there.
    pub(crate) fn maybe_count(&self, key: Key, range: RangeInclusive<u64>) -> Result<Option<usize>, ModelError> {
        let Some(found) = self.find(key) else { return Ok(None) };
        let number = match &found {
            // Some GGUF settings may be one number a layer; all equal is one number.
            Found::Meta(value) => value.as_u64().or_else(|| {
                let each = value.numbers()?.to_i64();
                let first = *each.first()?;
                each.iter().all(|&n| n == first).then(|| u64::try_from(first).ok())?
            }),
            Found::Json(value) => value.as_u64(),
        };
        match number.filter(|n| range.contains(n)).and_then(|n| usize::try_from(n).ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(self.bad(key, &found, format!("a whole number from {} to {}", range.start(), range.end()))),
        }
    }

    /// A whole number within `range`.
    pub(crate) fn count(&self, key: Key, range: RangeInclusive<u64>) -> Result<usize, ModelError> {
        self.maybe_count(key, range)?.ok_or_else(|| ModelError::MissingKey(self.spell(key)))
    }

    /// A positive finite number, if the key is there.
    pub(crate) fn maybe_number(&self, key: Key) -> Result<Option<f32>, ModelError> {
        let Some(found) = self.find(key) else { return Ok(None) };
        let number = match &found {
            Found::Meta(value) => value.as_f64(),
            Found::Json(value) => value.as_f64(),
        };
        match number.map(|n| n as f32).filter(|n| n.is_finite() && *n > 0.0) {
            Some(number) => Ok(Some(number)),
            None => Err(self.bad(key, &found, "a positive number".into())),
        }
    }

    /// A positive finite number.
    pub(crate) fn number(&self, key: Key) -> Result<f32, ModelError> {
        self.maybe_number(key)?.ok_or_else(|| ModelError::MissingKey(self.spell(key)))
    }

    /// A word, if the key is there and holds one.
    pub(crate) fn word(&self, key: Key) -> Option<&'a str> {
        match self.find(key)? {
            Found::Meta(value) => value.as_str(),
            Found::Json(value) => value.as_str(),
        }
    }

    /// The strings of a GGUF array; `None` in JSON.
    pub(crate) fn words(&self, key: Key) -> Option<&'a Strings> {
        match self.find(key)? {
            Found::Meta(value) => value.strings(),
            Found::Json(_) => None,
        }
    }

    /// The JSON value at a key; `None` in a GGUF.
    pub(crate) fn json(&self, key: &'static str) -> Option<&'a Value> {
        match self.find(("", key))? {
            Found::Json(value) => Some(value),
            Found::Meta(_) => None,
        }
    }

    /// Refuses an activation function that the family does not have.
    pub(crate) fn activation(&self, key: Key, known: &[&str]) -> Result<(), ModelError> {
        match self.word(key) {
            Some(word) if !known.contains(&word) => Err(ModelError::Unsupported(format!("activation {word:?}"))),
            _ => Ok(()),
        }
    }

    fn bad(&self, key: Key, found: &Found<'_>, expected: String) -> ModelError {
        let mut shown = match found {
            Found::Meta(value) => format!("{value:?}"),
            Found::Json(value) => value.to_string(),
        };
        if shown.len() > 80 {
            shown = shown.chars().take(80).chain(['…']).collect();
        }
        ModelError::BadKey { key: self.spell(key), found: shown, expected }
    }

    /// An error for a value that parsed but makes no sense beside others.
    pub(crate) fn contradiction(&self, key: Key, found: impl ToString, expected: impl ToString) -> ModelError {
        ModelError::BadKey { key: self.spell(key), found: found.to_string(), expected: expected.to_string() }
    }
}
