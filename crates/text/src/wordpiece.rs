//! BERT's WordPiece from a GGUF vocabulary.

use tokenizers::Tokenizer;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;

use crate::bpe::added_tokens;
use crate::vocabulary::{CONTROL, UNKNOWN};
use crate::{TextError, Vocabulary};

/// A tokenizer of `vocabulary`, which has been checked. GGUF marks the start of a word (`▁word`, `piece`) where BERT
/// marks its continuation (`word`, `##piece`); special tokens are written alike.
pub(crate) fn build(vocabulary: Vocabulary) -> Result<Tokenizer, TextError> {
    let mut added = added_tokens(&vocabulary);
    let unk = match vocabulary.unk {
        Some(id) => vocabulary.tokens[id as usize].clone(),
        None => "[UNK]".to_owned(),
    };
    if !vocabulary.tokens.contains(&unk) {
        return Err(TextError::MissingToken { token: unk });
    }
    let types: Vec<i32> = (0..vocabulary.tokens.len()).map(|id| vocabulary.token_type(id)).collect();
    let mut vocab = Vocab::with_capacity_and_hasher(types.len(), Default::default());
    for (id, token) in vocabulary.tokens.into_iter().enumerate() {
        let special = matches!(types[id], CONTROL | UNKNOWN) || token == unk;
        let bert = match token.strip_prefix('▁') {
            _ if special => token,
            Some(word) => word.to_owned(),
            None => format!("##{token}"),
        };
        vocab.entry(bert).or_insert(id as u32);
    }
    added.retain(|token| vocab.contains_key(&token.content));
    let build = || -> tokenizers::Result<Tokenizer> {
        let mut tokenizer = Tokenizer::new(WordPiece::builder().vocab(vocab).unk_token(unk).build()?);
        tokenizer.with_normalizer(Some(BertNormalizer::default()))?;
        tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
        tokenizer.add_tokens(added)?;
        Ok(tokenizer)
    };
    build().map_err(|error| TextError::Build { message: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VocabularyKind;

    #[test]
    fn words_and_continuations() {
        let tokens = ["[UNK]", "[CLS]", "[SEP]", "▁un", "▁aff", "aff", "able", "▁!"];
        let vocabulary = Vocabulary {
            kind: VocabularyKind::WordPiece,
            tokens: tokens.map(String::from).to_vec(),
            types: vec![2, 3, 3, 1, 1, 1, 1, 1],
            unk: Some(0),
            bos: Some(1),
            eos: Some(2),
            add_bos: true,
            add_eos: true,
            ..Vocabulary::default()
        };
        let tokenizer = crate::Tokenizer::from_vocabulary(vocabulary).unwrap();
        assert_eq!(tokenizer.encode("Unaffable!", true).unwrap(), [1, 3, 5, 6, 7, 2]);
        assert_eq!(tokenizer.encode("aff nope", false).unwrap(), [4, 0]);
    }
}
