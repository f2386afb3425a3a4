//! What an answer may be: before each of its tokens, which of them can come.

use serde::{Deserialize, Serialize};
use text::{GrammarState, Grammars, TextError};

use crate::{Engine, EngineError, GenerateOptions};

/// Decides, token by token, what an answer may be.
///
/// With one, a step waits for the token before it: a mask of `4 · ceil(vocabulary / 32)` bytes is uploaded for each.
pub trait Constraint {
    /// Sets the bit of each token that may come next, bit `id % 32` of word `id / 32`; all are 0 when it is called. Whether the
    /// answer may end here. Where it may and no bit is set, it has ended.
    fn allow(&mut self, allowed: &mut [u32]) -> Result<bool, EngineError>;

    /// A token of those that it allowed has come. Tokens that end an answer are not told.
    fn push(&mut self, token: u32) -> Result<(), EngineError>;
}

/// A constraint as data.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Grammar {
    /// JSON on one line that a schema accepts, which is JSON itself. Properties come in the order of the schema.
    JsonSchema(String),
    /// Text that a regular expression of JavaScript matches from its start to its end.
    Regex {
        /// Without the slashes.
        source: String,
        /// Of these, `s` and `u` are known.
        flags: String,
    },
}

impl Constraint for GrammarState {
    fn allow(&mut self, allowed: &mut [u32]) -> Result<bool, EngineError> {
        Ok(GrammarState::allow(self, allowed)?)
    }

    fn push(&mut self, token: u32) -> Result<(), EngineError> {
        Ok(GrammarState::push(self, token)?)
    }
}

/// A constraint, and the mask that it has for the next token.
pub(crate) struct Allowed<'a> {
    constraint: &'a mut dyn Constraint,
    mask: Vec<u32>,
}

impl Allowed<'_> {
    /// For the input of that name.
    pub(crate) fn words(&self) -> &[u32] {
        &self.mask
    }
}

impl Engine {
    /// A grammar, at its start. The vocabulary is prepared for grammars when the first one is asked for.
    pub(crate) fn grammar(&mut self, grammar: &Grammar) -> Result<GrammarState, EngineError> {
        let grammars = match &mut self.grammars {
            Some(grammars) => grammars,
            none => none.insert(Grammars::new(self.prompts.tokenizer(), self.info.vocabulary)?),
        };
        Ok(match grammar {
            Grammar::JsonSchema(schema) => grammars.json_schema(schema)?,
            Grammar::Regex { source, flags } => grammars.regex(source, flags)?,
        })
    }

    /// The mask of the first token; `None` if there cannot be one.
    pub(crate) fn begin<'a>(
        &self,
        constraint: &'a mut dyn Constraint,
        options: &GenerateOptions,
    ) -> Result<Option<Allowed<'a>>, EngineError> {
        let mut allowed = Allowed { constraint, mask: vec![0; self.info.vocabulary.div_ceil(32)] };
        Ok(self.next_mask(&mut allowed, options)?.then_some(allowed))
    }

    /// A token has come; the mask of the next one follows. False if there cannot be one.
    pub(crate) fn advance(
        &self,
        allowed: &mut Allowed<'_>,
        token: u32,
        options: &GenerateOptions,
    ) -> Result<bool, EngineError> {
        allowed.constraint.push(token)?;
        self.next_mask(allowed, options)
    }

    fn next_mask(&self, allowed: &mut Allowed<'_>, options: &GenerateOptions) -> Result<bool, EngineError> {
        let mask = &mut allowed.mask;
        mask.fill(0);
        let may_end = allowed.constraint.allow(mask)?;
        if let Some(last) = mask.last_mut().filter(|_| !self.info.vocabulary.is_multiple_of(32)) {
            *last &= (1 << (self.info.vocabulary % 32)) - 1;
        }
        let ends = self.prompts.end_ids();
        ends.clone().for_each(|id| mask[id as usize / 32] &= !(1 << (id % 32)));
        if mask.iter().all(|&word| word == 0) {
            let message = "no token of the model continues the answer".to_owned();
            return if may_end { Ok(false) } else { Err(TextError::Grammar { message }.into()) };
        }
        if may_end && !options.ignore_eos {
            ends.for_each(|id| mask[id as usize / 32] |= 1 << (id % 32));
        }
        Ok(true)
    }
}
