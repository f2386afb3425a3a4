//! Ids to text, one at a time, never cutting a character in two.

use crate::bytes::take_characters;
use crate::tokenizer::Inner;
use crate::{TextError, Tokenizer};

/// The state between two ids. Use it with the tokenizer that made it.
#[derive(Clone, Debug)]
pub struct Decoder {
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// Tokens are bytes: at most three wait for the rest of a character.
    Bytes { pending: Vec<u8>, strip_space: bool },
    /// A token's text depends on its neighbours: ids wait until the text they add to is stable.
    Text { ids: Vec<u32>, prefix: String, prefix_index: usize },
}

impl Decoder {
    pub(crate) fn by_bytes(strip_space: bool) -> Self {
        Decoder { state: State::Bytes { pending: Vec::new(), strip_space } }
    }

    pub(crate) fn by_text() -> Self {
        Decoder { state: State::Text { ids: Vec::new(), prefix: String::new(), prefix_index: 0 } }
    }

    /// The text that `id` completes, or `None` if it completes none (a control token, part of a character).
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> Result<Option<String>, TextError> {
        match &mut self.state {
            State::Bytes { pending, strip_space } => {
                let before = pending.len();
                tokenizer.append_bytes(id, pending)?;
                // The space that encoding put before the text.
                if *strip_space && pending.len() > before {
                    *strip_space = false;
                    if pending[before] == b' ' {
                        pending.remove(before);
                    }
                }
                Ok(some(take_characters(pending)))
            }
            State::Text { ids, prefix, prefix_index } => {
                let Inner::Hub(hub) = &tokenizer.inner else {
                    return Err(TextError::Decode { message: "the decoder belongs to another tokenizer".into() });
                };
                tokenizers::step_decode_stream(hub, vec![id], true, ids, prefix, prefix_index)
                    .map_err(|error| TextError::Decode { message: error.to_string() })
            }
        }
    }

    /// What is left at the end: an unfinished character becomes U+FFFD.
    pub fn finish(&mut self, tokenizer: &Tokenizer) -> Result<Option<String>, TextError> {
        match &mut self.state {
            State::Bytes { pending, .. } => {
                let rest = String::from_utf8_lossy(pending).into_owned();
                pending.clear();
                Ok(some(rest))
            }
            State::Text { ids, prefix, prefix_index } => {
                let Inner::Hub(hub) = &tokenizer.inner else {
                    return Err(TextError::Decode { message: "the decoder belongs to another tokenizer".into() });
                };
                let text = hub.decode(ids, true).map_err(|error| TextError::Decode { message: error.to_string() })?;
                let rest = text.strip_prefix(prefix.as_str()).unwrap_or_default().to_owned();
                ids.clear();
                prefix.clear();
                *prefix_index = 0;
                Ok(some(rest))
            }
        }
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
