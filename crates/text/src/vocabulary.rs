//! A vocabulary as GGUF metadata carries it.

use crate::TextError;

/// How a vocabulary is applied: `tokenizer.ggml.model`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VocabularyKind {
    /// `gpt2`: merges over bytes.
    #[default]
    Bpe,
    /// `llama`: merges by score over characters, with byte tokens for the rest.
    SentencePiece,
    /// `bert`: longest match from the left.
    WordPiece,
}

/// `tokenizer.ggml.*` of a GGUF file. A token's id is its index.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// `model`.
    pub kind: VocabularyKind,
    /// `pre`: names the way text is cut before merging (BPE). Empty where the file does not say.
    pub pre: String,
    /// `tokens`.
    pub tokens: Vec<String>,
    /// `scores`, one a token (SentencePiece), or empty.
    pub scores: Vec<f32>,
    /// `token_type`, one a token, or empty: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
    pub types: Vec<i32>,
    /// `merges`, two tokens and a space between them, the first applied first (BPE).
    pub merges: Vec<String>,
    /// `bos_token_id`.
    pub bos: Option<u32>,
    /// `eos_token_id`.
    pub eos: Option<u32>,
    /// `unknown_token_id`.
    pub unk: Option<u32>,
    /// `add_bos_token`: put `bos` before a text.
    pub add_bos: bool,
    /// `add_eos_token`: put `eos` after a text.
    pub add_eos: bool,
    /// `add_space_prefix`: a text starts as if a space stood before it (SentencePiece).
    pub add_space_prefix: bool,
}

pub(crate) const UNKNOWN: i32 = 2;
pub(crate) const CONTROL: i32 = 3;
pub(crate) const USER_DEFINED: i32 = 4;
pub(crate) const UNUSED: i32 = 5;
pub(crate) const BYTE: i32 = 6;

impl Vocabulary {
    /// Lengths agree and special ids exist.
    pub(crate) fn check(&self) -> Result<(), TextError> {
        let tokens = self.tokens.len();
        if tokens == 0 {
            return Err(TextError::EmptyVocabulary);
        }
        for (what, found) in [("scores", self.scores.len()), ("types", self.types.len())] {
            if found != 0 && found != tokens {
                return Err(TextError::VocabularyLength { what, tokens, found });
            }
        }
        for (what, id) in [("bos token", self.bos), ("eos token", self.eos), ("unknown token", self.unk)] {
            if let Some(id) = id.filter(|&id| id as usize >= tokens) {
                return Err(TextError::SpecialToken { what, id, tokens });
            }
        }
        Ok(())
    }

    /// The type of token `id`; normal where the file does not say.
    pub(crate) fn token_type(&self, id: usize) -> i32 {
        self.types.get(id).copied().unwrap_or(1)
    }
}
