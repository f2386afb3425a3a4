//! A tokenizer's vocabulary as the dictionary.

use super::Dictionary;
use crate::Tokenizer;

/// Whole words of the vocabulary. Ids are about in the order of how common tokens are.
impl Dictionary for Tokenizer {
    fn rank(&self, word: &str) -> Option<f32> {
        self.word_id(word).map(|id| id as f32 / self.vocab_size() as f32)
    }
}
