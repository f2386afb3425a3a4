//! Text to token ids and back, chat templates and stop strings.
//!
//! A [`Tokenizer`] comes from a `tokenizer.json` or from the [`Vocabulary`] that a GGUF file carries; ids agree with the
//! model's own tokenizer. A [`Decoder`] turns ids into text one at a time and never cuts a character in two.
//!
//! ```
//! use text::{Tokenizer, Vocabulary, VocabularyKind};
//!
//! let vocabulary = Vocabulary {
//!     kind: VocabularyKind::Bpe,
//!     pre: "gpt-2".into(),
//!     tokens: ["h", "i", "hi", "Ġ", "<end>"].map(String::from).to_vec(),
//!     types: vec![1, 1, 1, 1, 3],
//!     merges: vec!["h i".into()],
//!     ..Vocabulary::default()
//! };
//! let tokenizer = Tokenizer::from_vocabulary(vocabulary)?;
//! assert_eq!(tokenizer.encode("hi hi<end>", false)?, [2, 3, 2, 4]);
//! # Ok::<(), text::TextError>(())
//! ```

mod bpe;
mod bytes;
mod clock;
mod decoder;
mod decoding;
mod error;
mod grammar;
mod json;
mod marks;
mod normalize;
mod sentencepiece;
mod stop;
mod table;
mod template;
mod tokenizer;
mod vocabulary;
mod wordpiece;

pub use decoder::Decoder;
pub use error::TextError;
pub use grammar::{GrammarState, Grammars};
pub use normalize::{Dictionary, Normalized, Normalizer};
pub use stop::{Emit, StopStrings};
pub use template::{ChatTemplate, Message};
pub use tokenizer::Tokenizer;
pub use vocabulary::{Vocabulary, VocabularyKind};
