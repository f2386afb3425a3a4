//! One face for every way to cut text into tokens.

use tokenizers::{AddedVocabulary, DecoderWrapper};

use crate::sentencepiece::{Piece, SentencePiece};
use crate::{Decoder, TextError, Vocabulary, VocabularyKind, bpe, bytes, check, wordpiece};

/// Text to ids and back.
pub struct Tokenizer {
    pub(crate) inner: Inner,
    /// Ids before and after a text when special tokens are asked for. Empty where `inner` adds its own.
    before: Vec<u32>,
    after: Vec<u32>,
}

pub(crate) enum Inner {
    Hub(Box<tokenizers::Tokenizer>),
    SentencePiece(Box<SentencePiece>),
}

impl Tokenizer {
    /// From the bytes of a `tokenizer.json`. Its own truncation and padding are left out: callers do theirs.
    pub fn from_json(json: &[u8]) -> Result<Self, TextError> {
        check::check(json)?;
        let mut tokenizer =
            tokenizers::Tokenizer::from_bytes(json).map_err(|error| TextError::Json { message: error.to_string() })?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| TextError::Json { message: error.to_string() })?;
        Ok(Tokenizer { inner: Inner::Hub(Box::new(tokenizer)), before: Vec::new(), after: Vec::new() })
    }

    /// From the metadata of a GGUF file.
    pub fn from_vocabulary(vocabulary: Vocabulary) -> Result<Self, TextError> {
        vocabulary.check()?;
        let before = vocabulary.bos.filter(|_| vocabulary.add_bos).into_iter().collect();
        let after = vocabulary.eos.filter(|_| vocabulary.add_eos).into_iter().collect();
        let inner = match vocabulary.kind {
            VocabularyKind::Bpe => Inner::Hub(Box::new(bpe::build(vocabulary)?)),
            VocabularyKind::WordPiece => Inner::Hub(Box::new(wordpiece::build(vocabulary)?)),
            VocabularyKind::SentencePiece => Inner::SentencePiece(Box::new(SentencePiece::new(&vocabulary)?)),
        };
        Ok(Tokenizer { inner, before, after })
    }

    /// Ids of `text`. Special tokens written out in it are recognised; `add_special` adds those that the model wants
    /// around a text.
    pub fn encode(&self, text: &str, add_special: bool) -> Result<Vec<u32>, TextError> {
        let mut ids = if add_special { self.before.clone() } else { Vec::new() };
        match &self.inner {
            Inner::Hub(tokenizer) => {
                let encoding = tokenizer
                    .encode_fast(text, add_special)
                    .map_err(|error| TextError::Encode { message: error.to_string() })?;
                ids.extend_from_slice(encoding.get_ids());
            }
            Inner::SentencePiece(pieces) => pieces.encode(text, &mut ids),
        }
        if add_special {
            ids.extend_from_slice(&self.after);
        }
        Ok(ids)
    }

    /// The id of a token's text as the vocabulary writes it.
    pub fn id(&self, token: &str) -> Option<u32> {
        match &self.inner {
            Inner::Hub(tokenizer) => tokenizer.token_to_id(token),
            Inner::SentencePiece(pieces) => pieces.id(token),
        }
    }

    /// The text of a token as the vocabulary writes it.
    pub fn token(&self, id: u32) -> Option<String> {
        match &self.inner {
            Inner::Hub(tokenizer) => tokenizer.id_to_token(id),
            Inner::SentencePiece(pieces) => pieces.token(id).map(str::to_owned),
        }
    }

    /// Number of tokens, added ones included.
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
        match &self.inner {
            Inner::Hub(tokenizer) if !matches!(tokenizer.get_decoder(), Some(DecoderWrapper::ByteLevel(_))) => {
                Decoder::by_text()
            }
            Inner::Hub(_) => Decoder::by_bytes(false),
            Inner::SentencePiece(pieces) => Decoder::by_bytes(pieces.space_prefix()),
        }
    }

    /// Appends the bytes that token `id` stands for: of a byte-level or SentencePiece tokenizer.
    pub(crate) fn append_bytes(&self, id: u32, out: &mut Vec<u8>) -> Result<(), TextError> {
        let unknown = || TextError::UnknownId { id, tokens: self.vocab_size() };
        match &self.inner {
            Inner::Hub(tokenizer) => {
                let token = tokenizer.id_to_token(id).ok_or_else(unknown)?;
                append_byte_level(tokenizer.get_added_vocabulary(), id, &token, out);
            }
            Inner::SentencePiece(pieces) => match pieces.piece(id).ok_or_else(unknown)? {
                Piece::Silent => {}
                Piece::Byte(byte) => out.push(byte),
                Piece::Text(text) => out.extend_from_slice(text.replace('▁', " ").as_bytes()),
            },
        }
        Ok(())
    }
}

fn append_byte_level(added: &AddedVocabulary, id: u32, token: &str, out: &mut Vec<u8>) {
    match added.get_added_tokens_decoder().get(&id) {
        Some(added) if added.special => {}
        Some(_) => out.extend_from_slice(token.as_bytes()),
        None => {
            let bytes: Option<Vec<u8>> = token.chars().map(bytes::byte_of).collect();
            out.extend_from_slice(bytes.as_deref().unwrap_or(token.as_bytes()));
        }
    }
}

#[cfg(test)]
mod tests;
