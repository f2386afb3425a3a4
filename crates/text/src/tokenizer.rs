//! One face for every way to cut text into tokens.

use std::borrow::Cow;

use crate::decoding::Decoding;
use crate::json::{self, Parts};
use crate::marks::Marks;
use crate::sentencepiece::SentencePiece;
use crate::vocabulary::{CONTROL, UNKNOWN};
use crate::{Decoder, TextError, Vocabulary, VocabularyKind, bpe, wordpiece};

/// No token reaches over it and it is none itself: a noncharacter, which text that people exchange does not have.
const CUT: char = '\u{fdd0}';

/// Text to ids and back.
pub struct Tokenizer {
    inner: Inner,
    /// Ids before and after a text when special tokens are asked for.
    before: Vec<u32>,
    after: Vec<u32>,
    decoding: Decoding,
    /// Special tokens as they are written.
    special: Marks,
}

enum Inner {
    Hub(Box<tokenizers::Tokenizer>),
    SentencePiece(Box<SentencePiece>),
}

impl Tokenizer {
    /// From the bytes of a `tokenizer.json`. Its own truncation and padding are left out: callers do theirs.
    pub fn from_json(json: &[u8]) -> Result<Self, TextError> {
        let Parts { tokenizer, before, after, decoding } = json::read(json)?;
        let special = special(&tokenizer);
        Ok(Tokenizer { inner: Inner::Hub(Box::new(tokenizer)), before, after, decoding, special })
    }

    /// From the metadata of a GGUF file.
    pub fn from_vocabulary(vocabulary: Vocabulary) -> Result<Self, TextError> {
        vocabulary.check()?;
        let before = vocabulary.bos.filter(|_| vocabulary.add_bos).into_iter().collect();
        let after = vocabulary.eos.filter(|_| vocabulary.add_eos).into_iter().collect();
        let (hub, decoding) = match vocabulary.kind {
            VocabularyKind::Bpe => (bpe::build(vocabulary)?, Decoding::ByteLevel),
            VocabularyKind::WordPiece => {
                (wordpiece::build(vocabulary)?, Decoding::Words { prefix: Some("##".into()), cleanup: true })
            }
            VocabularyKind::SentencePiece => {
                let decoding = Decoding::sentencepiece(vocabulary.add_space_prefix);
                let special =
                    Marks::new(&vocabulary.tokens, |id| [CONTROL, UNKNOWN].contains(&vocabulary.token_type(id)));
                let inner = Inner::SentencePiece(Box::new(SentencePiece::new(&vocabulary)?));
                return Ok(Tokenizer { inner, before, after, decoding, special });
            }
        };
        let special = special(&hub);
        Ok(Tokenizer { inner: Inner::Hub(Box::new(hub)), before, after, decoding, special })
    }

    /// Ids of `text`. Special tokens written out in it are recognised, except where [`Tokenizer::plain`] has cut them;
    /// `add_special` adds those that the model wants around a text.
    pub fn encode(&self, text: &str, add_special: bool) -> Result<Vec<u32>, TextError> {
        let mut ids = if add_special { self.before.clone() } else { Vec::new() };
        for part in text.split(CUT) {
            match &self.inner {
                Inner::Hub(tokenizer) => {
                    let encoding = tokenizer
                        .encode_fast(part, false)
                        .map_err(|error| TextError::Encode { message: error.to_string() })?;
                    ids.extend_from_slice(encoding.get_ids());
                }
                Inner::SentencePiece(pieces) => pieces.encode(part, &mut ids),
            }
        }
        if add_special {
            ids.extend_from_slice(&self.after);
        }
        Ok(ids)
    }

    /// `text` for [`Tokenizer::encode`], which then sees nothing but text in it: a special token that is written out in
    /// it is cut behind its first character. Other text is as it was. A token of one character cannot be cut and stays.
    pub fn plain<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut out = String::new();
        let mut done = 0;
        for (at, first) in text.char_indices() {
            let next = at + first.len_utf8();
            // Of tokens that overlap, each has to be cut.
            if self.special.longest(&text[at..]).is_some_and(|(_, length)| length > next - at) {
                out.push_str(&text[done..next]);
                out.push(CUT);
                done = next;
            }
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[done..]);
        Cow::Owned(out)
    }

    /// The id of a token's text as the vocabulary writes it.
    pub fn id(&self, token: &str) -> Option<u32> {
        match &self.inner {
            Inner::Hub(tokenizer) => tokenizer.token_to_id(token),
            Inner::SentencePiece(pieces) => pieces.id(token),
        }
    }

    /// The id of a word that is a token of its own after a space.
    pub(crate) fn word_id(&self, word: &str) -> Option<u32> {
        match self.decoding {
            Decoding::ByteLevel => self.id(&format!("Ġ{word}")),
            Decoding::Pieces { .. } => self.id(&format!("▁{word}")),
            Decoding::Words { .. } => self.id(word),
        }
    }

    /// The text of a token as the vocabulary writes it.
    pub fn token(&self, id: u32) -> Option<String> {
        match &self.inner {
            Inner::Hub(tokenizer) => tokenizer.id_to_token(id),
            Inner::SentencePiece(pieces) => pieces.token(id).map(str::to_owned),
        }
    }

    /// Number of tokens, added ones included. Ids may be larger: vocabularies have holes.
    pub fn vocab_size(&self) -> usize {
        match &self.inner {
            Inner::Hub(tokenizer) => tokenizer.get_vocab_size(true),
            Inner::SentencePiece(pieces) => pieces.len(),
        }
    }

    /// Text of `ids`, without special tokens.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TextError> {
        let mut decoder = self.decoder();
        let mut text = String::new();
        for &id in ids {
            text.extend(decoder.push(self, id)?);
        }
        text.extend(decoder.finish(self)?);
        Ok(text)
    }

    /// Turns ids into text one at a time.
    pub fn decoder(&self) -> Decoder {
        Decoder::default()
    }

    /// The same for a text of which every byte counts: a space that encoding puts in front of a text is not taken away.
    pub fn decoder_of_all(&self) -> Decoder {
        Decoder::started()
    }

    /// Appends the bytes that token `id` stands for; false if it is one that has no text.
    pub(crate) fn append_bytes(&self, id: u32, first: bool, out: &mut Vec<u8>) -> Result<bool, TextError> {
        let unknown = || TextError::UnknownId { id, tokens: self.vocab_size() };
        match &self.inner {
            Inner::Hub(tokenizer) => {
                let token = tokenizer.id_to_token(id).ok_or_else(unknown)?;
                match tokenizer.get_added_vocabulary().get_added_tokens_decoder().get(&id) {
                    Some(added) if added.special => return Ok(false),
                    // Added tokens are not written in a vocabulary's alphabet.
                    Some(_) if matches!(self.decoding, Decoding::ByteLevel) => out.extend_from_slice(token.as_bytes()),
                    _ => self.decoding.append(&token, first, out),
                }
            }
            Inner::SentencePiece(pieces) => {
                let token = pieces.token(id).ok_or_else(unknown)?;
                if pieces.is_silent(id) {
                    return Ok(false);
                }
                self.decoding.append(token, first, out);
            }
        }
        Ok(true)
    }
}

/// Tokens that are no text.
fn special(tokenizer: &tokenizers::Tokenizer) -> Marks {
    let added = tokenizer.get_added_vocabulary().get_added_tokens_decoder().values();
    let tokens: Vec<String> = added.filter(|token| token.special).map(|token| token.content.clone()).collect();
    Marks::new(&tokens, |_| true)
}

#[cfg(test)]
mod tests;
