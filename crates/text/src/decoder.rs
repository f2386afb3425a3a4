//! Ids to text, one at a time, never cutting a character in two.

use crate::bytes::take_characters;
use crate::{TextError, Tokenizer};

/// The state between two ids. Use it with the tokenizer that made it.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// At most three bytes wait for the rest of a character.
    pending: Vec<u8>,
    started: bool,
}

impl Decoder {
    /// As if text came before.
    pub(crate) fn started() -> Decoder {
        Decoder { started: true, ..Decoder::default() }
    }

    /// The text that `id` completes, or `None` if it completes none (a control token, part of a character).
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> Result<Option<String>, TextError> {
        if tokenizer.append_bytes(id, !self.started, &mut self.pending)? {
            self.started = true;
        }
        Ok(some(take_characters(&mut self.pending)))
    }

    /// What is left at the end: an unfinished character becomes U+FFFD. The decoder can then start over.
    pub fn finish(&mut self, _tokenizer: &Tokenizer) -> Result<Option<String>, TextError> {
        let rest = String::from_utf8_lossy(&self.pending).into_owned();
        *self = Decoder::default();
        Ok(some(rest))
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
