//! SentencePiece BPE over a GGUF vocabulary: neighbours whose joint text has the highest score are merged first.
//!
//! Scores are used directly, so no table of merges (half a million pairs for Gemma 3) is built or held.
//! Algorithm: `llm_tokenizer_spm_session` in <https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp>
//! and `bpe_model.cc` in <https://github.com/google/sentencepiece>.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::decoding::parse_byte;
use crate::marks::Marks;
use crate::table::Table;
use crate::vocabulary::{BYTE, CONTROL, UNKNOWN, UNUSED, USER_DEFINED};
use crate::{TextError, Vocabulary};

/// The visible space that stands for one in token texts.
const SPACE: &str = "▁";

pub(crate) struct SentencePiece {
    /// Texts; merging finds normal, user-defined and unused tokens.
    pieces: Table,
    scores: Vec<f32>,
    types: Vec<i32>,
    /// Tokens that are matched in the text as they are, before anything else: control, user-defined, unknown.
    marks: Marks,
    /// Tokens that are matched once spaces were made visible: user-defined ones written that way.
    symbols: Marks,
    bytes: [Option<u32>; 256],
    unk: Option<u32>,
    space_prefix: bool,
}

impl SentencePiece {
    pub(crate) fn new(vocabulary: &Vocabulary) -> Result<Self, TextError> {
        let tokens = &vocabulary.tokens;
        if vocabulary.scores.is_empty() {
            return Err(TextError::VocabularyLength { what: "scores", tokens: tokens.len(), found: 0 });
        }
        let of = |id: usize, types: &[i32]| types.contains(&vocabulary.token_type(id));
        let mut bytes = [None; 256];
        for (id, token) in tokens.iter().enumerate().filter(|(id, _)| of(*id, &[BYTE])) {
            if let Some(byte) = parse_byte(token) {
                bytes[byte as usize] = Some(id as u32);
            }
        }
        Ok(SentencePiece {
            pieces: Table::new(tokens, |id| !of(id, &[UNKNOWN, CONTROL, BYTE])),
            scores: vocabulary.scores.clone(),
            types: (0..tokens.len()).map(|id| vocabulary.token_type(id)).collect(),
            marks: Marks::new(tokens, |id| of(id, &[UNKNOWN, CONTROL, USER_DEFINED])),
            symbols: Marks::new(tokens, |id| of(id, &[USER_DEFINED]) && tokens[id].contains(SPACE)),
            bytes,
            unk: vocabulary.unk,
            space_prefix: vocabulary.add_space_prefix,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(crate) fn token(&self, id: u32) -> Option<&str> {
        self.pieces.get(id)
    }

    pub(crate) fn id(&self, token: &str) -> Option<u32> {
        self.pieces.id(token).or_else(|| self.marks.get(token)).or_else(|| {
            let byte = parse_byte(token)?;
            self.bytes[byte as usize]
        })
    }

    /// Control, unknown and unused tokens have no text.
    pub(crate) fn is_silent(&self, id: u32) -> bool {
        matches!(self.types.get(id as usize), Some(&(CONTROL | UNKNOWN | UNUSED)))
    }

    /// Appends the ids of `text`.
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        let mut plain = 0;
        let mut at = 0;
        while at < text.len() {
            match self.marks.longest(&text[at..]) {
                Some((id, length)) => {
                    self.encode_plain(&text[plain..at], ids);
                    ids.push(id);
                    at += length;
                    plain = at;
                }
                None => at += character_len(text, at),
            }
        }
        self.encode_plain(&text[plain..], ids);
    }

    /// Text between marks: makes spaces visible, then merges what lies between user-defined symbols.
    fn encode_plain(&self, text: &str, ids: &mut Vec<u32>) {
        if text.is_empty() {
            return;
        }
        let mut visible = String::with_capacity(text.len() + 16);
        if self.space_prefix {
            visible.push_str(SPACE);
        }
        for (index, part) in text.split(' ').enumerate() {
            if index > 0 {
                visible.push_str(SPACE);
            }
            visible.push_str(part);
        }
        let mut start = 0;
        let mut at = 0;
        while at < visible.len() {
            match self.symbols.longest(&visible[at..]) {
                Some((id, length)) => {
                    self.merge(&visible[start..at], ids);
                    ids.push(id);
                    at += length;
                    start = at;
                }
                None => at += character_len(&visible, at),
            }
        }
        self.merge(&visible[start..], ids);
    }

    /// Starts from single characters and joins the best-scored neighbours, leftmost first, until none is a token.
    fn merge(&self, text: &str, ids: &mut Vec<u32>) {
        let mut symbols: Vec<Symbol> = text
            .char_indices()
            .enumerate()
            .map(|(index, (start, c))| Symbol {
                start,
                len: c.len_utf8(),
                prev: index.wrapping_sub(1),
                next: index + 1,
            })
            .collect();
        let count = symbols.len();
        let mut queue = BinaryHeap::new();
        for left in 1..count {
            self.propose(text, &symbols, left - 1, left, &mut queue);
        }
        while let Some(Pair { left, right, len, .. }) = queue.pop() {
            let joined = symbols[left].len + symbols[right].len;
            // Either side may have been merged since the pair was proposed; an emptied symbol has length 0.
            if symbols[left].len == 0 || symbols[right].len == 0 || joined != len {
                continue;
            }
            let next = symbols[right].next;
            symbols[left].len = joined;
            symbols[left].next = next;
            symbols[right].len = 0;
            if next < count {
                symbols[next].prev = left;
                self.propose(text, &symbols, left, next, &mut queue);
            }
            let prev = symbols[left].prev;
            if prev < count {
                self.propose(text, &symbols, prev, left, &mut queue);
            }
        }
        for symbol in symbols.iter().filter(|symbol| symbol.len > 0) {
            self.emit(&text[symbol.start..symbol.start + symbol.len], ids);
        }
    }

    fn propose(&self, text: &str, symbols: &[Symbol], left: usize, right: usize, queue: &mut BinaryHeap<Pair>) {
        let start = symbols[left].start;
        let len = symbols[left].len + symbols[right].len;
        if let Some(id) = self.pieces.id(&text[start..start + len]) {
            queue.push(Pair { score: self.scores[id as usize], left, right, len });
        }
    }

    /// The token of `piece`, or its bytes, or the unknown token, or nothing where the vocabulary has none of them.
    fn emit(&self, piece: &str, ids: &mut Vec<u32>) {
        if let Some(id) = self.pieces.id(piece) {
            ids.push(id);
            return;
        }
        let bytes: Option<Vec<u32>> = piece.bytes().map(|byte| self.bytes[byte as usize]).collect();
        match bytes {
            Some(bytes) => ids.extend(bytes),
            None => ids.extend(self.unk),
        }
    }
}

/// A run of characters; `prev` and `next` are indices, out of range at the ends.
struct Symbol {
    start: usize,
    len: usize,
    prev: usize,
    next: usize,
}

/// Two neighbours that could be joined to a token of `len` bytes.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    len: usize,
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

/// Bytes of the character that starts at `at`, which is on a boundary and before the end.
fn character_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests;
