//! How one token becomes bytes of text.

use crate::bytes::byte_of;

/// The ways in which vocabularies write text.
#[derive(Clone, Debug)]
pub(crate) enum Decoding {
    /// Every character of a token is a byte.
    ByteLevel,
    /// Tokens are text with some texts replaced, `<0x0A>` for a byte if `bytes`, and up to so many of a character too
    /// much at the start.
    Pieces { replace: Vec<(String, String)>, bytes: bool, strip: (char, usize) },
    /// Tokens are words with a space between them, or continuations that start with `prefix`.
    Words { prefix: Option<String>, cleanup: bool },
}

impl Decoding {
    /// SentencePiece's own: visible spaces, bytes, and the space that encoding put first.
    pub(crate) fn sentencepiece(space_prefix: bool) -> Self {
        let replace = vec![("▁".into(), " ".into())];
        Decoding::Pieces { replace, bytes: true, strip: (' ', usize::from(space_prefix)) }
    }

    /// Appends the bytes of `token`; `first` says that no token came before it.
    pub(crate) fn append(&self, token: &str, first: bool, out: &mut Vec<u8>) {
        match self {
            Decoding::ByteLevel => {
                let bytes: Option<Vec<u8>> = token.chars().map(byte_of).collect();
                out.extend_from_slice(bytes.as_deref().unwrap_or(token.as_bytes()));
            }
            Decoding::Pieces { replace, bytes, strip } => {
                if let Some(byte) = parse_byte(token).filter(|_| *bytes) {
                    out.push(byte);
                    return;
                }
                let mut text = token.to_owned();
                for (from, to) in replace {
                    text = text.replace(from, to);
                }
                let mut rest = text.as_str();
                if first {
                    for _ in 0..strip.1 {
                        let Some(shorter) = rest.strip_prefix(strip.0) else { break };
                        rest = shorter;
                    }
                }
                out.extend_from_slice(rest.as_bytes());
            }
            Decoding::Words { prefix, cleanup } => {
                let continued = prefix.as_ref().and_then(|prefix| token.strip_prefix(prefix.as_str()));
                let text = match continued {
                    _ if first => token.to_owned(),
                    Some(rest) => rest.to_owned(),
                    None => format!(" {token}"),
                };
                let text = if *cleanup { tokenizers::decoders::wordpiece::cleanup(&text) } else { text };
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// `<0x0A>` is byte 10.
pub(crate) fn parse_byte(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    let hex = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}
