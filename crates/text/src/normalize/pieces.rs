//! Words cut in two by a space: `fu ck`.

use std::ops::Range;

use super::{Cell, Known};

/// A piece that is this common is a word of its own: nobody means one word by `pen is`.
const REAL: f32 = 0.35;

/// `None` if no two words are one.
pub(super) fn join(cells: &[Cell], known: Known<'_>) -> Option<Vec<Cell>> {
    let mut gaps: Vec<Range<usize>> = Vec::new();
    let mut before: Option<Range<usize>> = None;
    let mut word = String::new();
    let mut at = 0;
    while at < cells.len() {
        let piece = at..at + cells[at..].iter().take_while(|cell| cell.c.is_ascii_alphabetic()).count();
        if piece.is_empty() {
            if !matches!(cells[at].c, ' ') {
                before = None;
            }
            at += 1;
            continue;
        }
        at = piece.end;
        // Letters beside other letters, digits or apostrophes are no whole piece.
        let is_part = |cell: Option<&Cell>| cell.is_some_and(|cell| cell.c.is_alphanumeric() || "'’".contains(cell.c));
        if is_part(cells.get(piece.end)) || piece.start > 0 && is_part(cells.get(piece.start - 1)) {
            before = None;
            continue;
        }
        if let Some(before) = before.replace(piece.clone())
            && is_one(cells, &before, &piece, &mut word, known)
        {
            gaps.push(before.end..piece.start);
        }
    }
    if gaps.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(cells.len());
    let mut from = 0;
    for gap in gaps {
        out.extend(&cells[from..gap.start]);
        from = gap.end;
    }
    out.extend(&cells[from..]);
    Some(out)
}

fn is_one(cells: &[Cell], a: &Range<usize>, b: &Range<usize>, word: &mut String, known: Known<'_>) -> bool {
    if !(4..=24).contains(&(a.len() + b.len())) || b.start - a.end > 2 {
        return false;
    }
    word.clear();
    word.extend(cells[a.clone()].iter().chain(&cells[b.clone()]).map(|cell| cell.c.to_ascii_lowercase()));
    // Single letters are often left of an apostrophe.
    if a.len() == 1 && b"aidmstu".contains(&word.as_bytes()[0]) || !known.lexicon.has(word) {
        return false;
    }
    let (first, second) = word.split_at(a.len());
    !is_real(first, known) || !is_real(second, known)
}

/// Whether a piece is a word of its own.
pub(super) fn is_real(piece: &str, known: Known<'_>) -> bool {
    matches!(piece, "a" | "i") || piece.len() > 1 && known.rank(piece).is_some_and(|rank| rank < REAL)
}
