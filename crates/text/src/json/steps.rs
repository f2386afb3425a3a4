//! What happens to a text before it is cut into tokens.

use serde::Deserialize;
use tokenizers::normalizers::{self, replace::ReplacePattern, unicode, utils};
use tokenizers::pre_tokenizers::metaspace::PrependScheme;
use tokenizers::pre_tokenizers::split::SplitPattern;
use tokenizers::pre_tokenizers::{bert, byte_level, digits, metaspace, punctuation, sequence, split, whitespace};
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior};

use super::build;
use crate::TextError;

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum Normalizer {
    #[serde(rename = "BertNormalizer")]
    Bert {
        clean_text: bool,
        handle_chinese_chars: bool,
        strip_accents: Option<bool>,
        lowercase: bool,
    },
    Lowercase,
    #[serde(rename = "NFC")]
    Nfc,
    #[serde(rename = "NFD")]
    Nfd,
    #[serde(rename = "NFKC")]
    Nfkc,
    #[serde(rename = "NFKD")]
    Nfkd,
    Prepend {
        prepend: String,
    },
    Replace {
        pattern: Pattern,
        content: String,
    },
    Sequence {
        normalizers: Vec<Normalizer>,
    },
    Strip {
        strip_left: bool,
        strip_right: bool,
    },
    StripAccents,
}

/// A text as it stands, or a regular expression.
#[derive(Deserialize)]
pub(super) enum Pattern {
    String(String),
    Regex(String),
}

impl Normalizer {
    pub(super) fn build(self) -> Result<NormalizerWrapper, TextError> {
        Ok(match self {
            Normalizer::Bert { clean_text, handle_chinese_chars, strip_accents, lowercase } => {
                normalizers::BertNormalizer::new(clean_text, handle_chinese_chars, strip_accents, lowercase).into()
            }
            Normalizer::Lowercase => utils::Lowercase.into(),
            Normalizer::Nfc => unicode::NFC.into(),
            Normalizer::Nfd => unicode::NFD.into(),
            Normalizer::Nfkc => unicode::NFKC.into(),
            Normalizer::Nfkd => unicode::NFKD.into(),
            Normalizer::Prepend { prepend } => normalizers::Prepend::new(prepend).into(),
            Normalizer::Replace { pattern, content } => {
                let pattern = match pattern {
                    Pattern::String(text) => ReplacePattern::String(text),
                    Pattern::Regex(regex) => ReplacePattern::Regex(regex),
                };
                normalizers::Replace::new(pattern, content).map_err(build)?.into()
            }
            Normalizer::Sequence { normalizers } => {
                let parts: Result<Vec<_>, _> = normalizers.into_iter().map(Normalizer::build).collect();
                utils::Sequence::new(parts?).into()
            }
            Normalizer::Strip { strip_left, strip_right } => normalizers::Strip::new(strip_left, strip_right).into(),
            Normalizer::StripAccents => normalizers::StripAccents.into(),
        })
    }
}

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum PreTokenizer {
    #[serde(rename = "BertPreTokenizer")]
    Bert,
    ByteLevel {
        add_prefix_space: bool,
        #[serde(default = "yes")]
        use_regex: bool,
    },
    Digits {
        individual_digits: bool,
    },
    Metaspace {
        replacement: char,
        prepend_scheme: Option<Prepend>,
        add_prefix_space: Option<bool>,
        #[serde(default = "yes")]
        split: bool,
    },
    Punctuation {
        #[serde(default)]
        behavior: Behavior,
    },
    Sequence {
        pretokenizers: Vec<PreTokenizer>,
    },
    Split {
        pattern: Pattern,
        behavior: Behavior,
        invert: bool,
    },
    Whitespace,
    WhitespaceSplit,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Prepend {
    First,
    Never,
    Always,
}

/// What becomes of the text that a pattern matches.
#[derive(Clone, Copy, Default, Deserialize)]
pub(super) enum Behavior {
    Removed,
    #[default]
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

fn yes() -> bool {
    true
}

impl PreTokenizer {
    pub(super) fn build(self) -> Result<PreTokenizerWrapper, TextError> {
        Ok(match self {
            PreTokenizer::Bert => bert::BertPreTokenizer.into(),
            PreTokenizer::ByteLevel { add_prefix_space, use_regex } => {
                byte_level::ByteLevel::new(add_prefix_space, false, use_regex).into()
            }
            PreTokenizer::Digits { individual_digits } => digits::Digits::new(individual_digits).into(),
            PreTokenizer::Metaspace { replacement, prepend_scheme, add_prefix_space, split } => {
                // Older files say `add_prefix_space` alone.
                let scheme = match (prepend_scheme, add_prefix_space) {
                    (Some(Prepend::First), _) => PrependScheme::First,
                    (Some(Prepend::Never), _) | (None, Some(false)) => PrependScheme::Never,
                    (Some(Prepend::Always), _) | (None, _) => PrependScheme::Always,
                };
                metaspace::Metaspace::new(replacement, scheme, split).into()
            }
            PreTokenizer::Punctuation { behavior } => punctuation::Punctuation::new(behavior.into()).into(),
            PreTokenizer::Sequence { pretokenizers } => {
                let parts: Result<Vec<_>, _> = pretokenizers.into_iter().map(PreTokenizer::build).collect();
                sequence::Sequence::new(parts?).into()
            }
            PreTokenizer::Split { pattern, behavior, invert } => {
                let pattern = match pattern {
                    Pattern::String(text) => SplitPattern::String(text),
                    Pattern::Regex(regex) => SplitPattern::Regex(regex),
                };
                split::Split::new(pattern, behavior.into(), invert).map_err(build)?.into()
            }
            PreTokenizer::Whitespace => whitespace::Whitespace.into(),
            PreTokenizer::WhitespaceSplit => whitespace::WhitespaceSplit.into(),
        })
    }
}

impl From<Behavior> for SplitDelimiterBehavior {
    fn from(behavior: Behavior) -> Self {
        match behavior {
            Behavior::Removed => SplitDelimiterBehavior::Removed,
            Behavior::Isolated => SplitDelimiterBehavior::Isolated,
            Behavior::MergedWithPrevious => SplitDelimiterBehavior::MergedWithPrevious,
            Behavior::MergedWithNext => SplitDelimiterBehavior::MergedWithNext,
            Behavior::Contiguous => SplitDelimiterBehavior::Contiguous,
        }
    }
}
