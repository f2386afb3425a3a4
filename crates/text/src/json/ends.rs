//! What a `tokenizer.json` puts around the ids of a text, and how ids become text.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::steps::Pattern;
use crate::TextError;
use crate::decoding::Decoding;

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum PostProcessor {
    /// Moves offsets only.
    ByteLevel,
    BertProcessing {
        sep: (String, u32),
        cls: (String, u32),
    },
    RobertaProcessing {
        sep: (String, u32),
        cls: (String, u32),
    },
    Sequence {
        processors: Vec<PostProcessor>,
    },
    TemplateProcessing {
        single: Vec<Piece>,
        special_tokens: BTreeMap<String, Special>,
    },
}

#[derive(Deserialize)]
pub(super) enum Piece {
    SpecialToken { id: String },
    Sequence { id: String },
}

#[derive(Deserialize)]
pub(super) struct Special {
    ids: Vec<u32>,
}

impl PostProcessor {
    /// Adds its tokens outside of those that are already `before` and `after` the text.
    pub(super) fn frame(self, before: &mut Vec<u32>, after: &mut Vec<u32>) -> Result<(), TextError> {
        match self {
            PostProcessor::ByteLevel => {}
            PostProcessor::BertProcessing { sep, cls } | PostProcessor::RobertaProcessing { sep, cls } => {
                before.insert(0, cls.1);
                after.push(sep.1);
            }
            PostProcessor::Sequence { processors } => {
                for processor in processors {
                    processor.frame(before, after)?;
                }
            }
            PostProcessor::TemplateProcessing { single, special_tokens } => {
                let texts = single.iter().filter(|piece| matches!(piece, Piece::Sequence { .. })).count();
                if texts != 1 {
                    return Err(TextError::Json { message: format!("a template with the text {texts} times") });
                }
                let (mut first, mut seen) = (Vec::new(), false);
                for piece in single {
                    match piece {
                        Piece::Sequence { id } if id == "A" => seen = true,
                        Piece::Sequence { id } => {
                            return Err(TextError::Json {
                                message: format!("a template of one text with text {id:?}"),
                            });
                        }
                        Piece::SpecialToken { id } => {
                            let special = special_tokens.get(&id).ok_or(TextError::MissingToken { token: id })?;
                            if seen { &mut *after } else { &mut first }.extend_from_slice(&special.ids);
                        }
                    }
                }
                before.splice(0..0, first);
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum Decoder {
    ByteLevel,
    WordPiece { prefix: String, cleanup: bool },
    Metaspace { replacement: char, prepend_scheme: Option<String>, add_prefix_space: Option<bool> },
    Sequence { decoders: Vec<Decoder> },
    Replace { pattern: Pattern, content: String },
    ByteFallback,
    Fuse,
    Strip { content: char, start: usize, stop: usize },
}

impl Decoder {
    pub(super) fn build(self) -> Result<Decoding, TextError> {
        match self {
            Decoder::ByteLevel => Ok(Decoding::ByteLevel),
            Decoder::WordPiece { prefix, cleanup } => Ok(Decoding::Words { prefix: Some(prefix), cleanup }),
            Decoder::Sequence { mut decoders } if decoders.len() == 1 => decoders.remove(0).build(),
            Decoder::Sequence { decoders } => pieces(decoders),
            other => pieces(vec![other]),
        }
    }
}

/// The steps that vocabularies out of SentencePiece have, in the order that they have them in.
fn pieces(decoders: Vec<Decoder>) -> Result<Decoding, TextError> {
    let (mut replace, mut bytes, mut strip) = (Vec::new(), false, None);
    for decoder in decoders {
        match decoder {
            Decoder::Replace { pattern: Pattern::String(from), content } if strip.is_none() && !from.is_empty() => {
                replace.push((from, content));
            }
            Decoder::Metaspace { replacement, prepend_scheme, add_prefix_space } if strip.is_none() => {
                replace.push((replacement.to_string(), " ".into()));
                let never = prepend_scheme.is_some_and(|scheme| scheme == "never") || add_prefix_space == Some(false);
                strip = Some((' ', usize::from(!never)));
            }
            Decoder::ByteFallback if strip.is_none() => bytes = true,
            Decoder::Fuse => {}
            Decoder::Strip { content, start, stop: 0 } if strip.is_none() => strip = Some((content, start)),
            _ => return Err(TextError::Json { message: "this order of decoders is not supported".into() }),
        }
    }
    Ok(Decoding::Pieces { replace, bytes, strip: strip.unwrap_or((' ', 0)) })
}
