//! Byte-level BPE from a GGUF vocabulary, built out of `tokenizers`' own parts.

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

use crate::vocabulary::{CONTROL, USER_DEFINED};
use crate::{TextError, Vocabulary};

/// The patterns are those of the models' `tokenizer.json` files.
const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN_2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT_4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How text is cut into words before merging.
struct Rules {
    pre: PreTokenizerWrapper,
    /// Text is composed (NFC) first.
    compose: bool,
    /// A word that is a token is taken whole, whatever the merges say.
    whole_words: bool,
}

/// A tokenizer of `vocabulary`, which has been checked.
pub(crate) fn build(vocabulary: Vocabulary) -> Result<Tokenizer, TextError> {
    let rules = rules(&vocabulary.pre)?;
    let added = added_tokens(&vocabulary);
    let mut vocab = Vocab::with_capacity_and_hasher(vocabulary.tokens.len(), Default::default());
    for (id, token) in vocabulary.tokens.into_iter().enumerate() {
        vocab.entry(token).or_insert(id as u32);
    }
    let mut merges = Vec::with_capacity(vocabulary.merges.len());
    let mut joined = String::new();
    for (index, merge) in vocabulary.merges.into_iter().enumerate() {
        // The first character of the left side may be a space itself.
        let first = merge.chars().next().map_or(0, char::len_utf8);
        let split = merge[first..].find(' ').map(|at| at + first);
        let parts = split.map(|at| (&merge[..at], &merge[at + 1..])).filter(|(left, right)| {
            joined.clear();
            joined.push_str(left);
            joined.push_str(right);
            [*left, *right, &joined].iter().all(|token| vocab.contains_key(*token))
        });
        match parts {
            Some((left, right)) => merges.push((left.to_owned(), right.to_owned())),
            None => return Err(TextError::Merge { index, merge }),
        }
    }
    let bpe = BPE::builder()
        .vocab_and_merges(vocab, merges)
        .ignore_merges(rules.whole_words)
        .build()
        .map_err(|error| TextError::Build { message: error.to_string() })?;
    let mut tokenizer = Tokenizer::new(bpe);
    finish(&mut tokenizer, rules, added).map_err(|error| TextError::Build { message: error.to_string() })?;
    Ok(tokenizer)
}

fn finish(tokenizer: &mut Tokenizer, rules: Rules, added: Vec<AddedToken>) -> tokenizers::Result<()> {
    if rules.compose {
        tokenizer.with_normalizer(Some(NFC))?;
    }
    tokenizer.with_pre_tokenizer(Some(rules.pre));
    tokenizer.add_tokens(added)?;
    Ok(())
}

/// Tokens that are matched in the text as they stand: control tokens, which decode to nothing, and user-defined ones.
pub(crate) fn added_tokens(vocabulary: &Vocabulary) -> Vec<AddedToken> {
    let tokens = vocabulary.tokens.iter().enumerate();
    tokens
        .filter_map(|(id, token)| match vocabulary.token_type(id) {
            CONTROL => Some(AddedToken::from(token.clone(), true)),
            USER_DEFINED => Some(AddedToken::from(token.clone(), false).normalized(false)),
            _ => None,
        })
        .collect()
}

/// `tokenizer.ggml.pre`. A name that is not known is an error: text cut in the wrong places gives wrong answers.
fn rules(pre: &str) -> Result<Rules, TextError> {
    let byte_level = |regex| PreTokenizerWrapper::from(ByteLevel::new(false, false, regex));
    let sequence = |first: PreTokenizerWrapper, regex| Sequence::new(vec![first, byte_level(regex)]).into();
    let split = |pattern: &str| {
        let pattern = SplitPattern::Regex(pattern.into());
        match Split::new(pattern, SplitDelimiterBehavior::Isolated, false) {
            Ok(split) => Ok(sequence(split.into(), false)),
            Err(error) => Err(TextError::Build { message: error.to_string() }),
        }
    };
    let plain = |pre| Rules { pre, compose: false, whole_words: false };
    Ok(match pre {
        "" | "default" | "gpt-2" | "phi-2" | "jina-es" | "jina-de" | "mpt" | "olmo" | "roberta-bpe" => {
            plain(byte_level(true))
        }
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" => {
            plain(sequence(Digits::new(true).into(), true))
        }
        "llama-bpe" | "llama3" | "llama-v3" | "falcon3" => {
            Rules { pre: split(LLAMA_3)?, compose: false, whole_words: true }
        }
        "dbrx" | "smaug-bpe" => plain(split(LLAMA_3)?),
        "qwen2" | "deepseek-r1-qwen" => Rules { pre: split(QWEN_2)?, compose: true, whole_words: false },
        "stablelm2" => plain(split(QWEN_2)?),
        "gpt-4o" | "llama4" => plain(split(GPT_4O)?),
        "tekken" => Rules { pre: split(TEKKEN)?, compose: false, whole_words: true },
        other => return Err(TextError::PreTokenizer { name: other.into() }),
    })
}

#[cfg(test)]
mod tests;
