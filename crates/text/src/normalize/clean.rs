//! Single characters: what nobody sees, marks in piles, hidden ASCII, and pictures that say a word.

use unicode_normalization::char::canonical_combining_class;

use super::Cell;
use super::fold::is_latin;

/// Pictures whose meaning counts in moderation, as words that an encoder knows. Only those that mean one thing.
const CUES: [(char, &str); 7] = [
    ('🖕', "middle finger"),
    ('🔪', "knife"),
    ('🗡', "dagger"),
    ('🔫', "gun"),
    ('💣', "bomb"),
    ('🪓', "axe"),
    ('🔞', "adults only"),
];

/// Marks of one letter that are more than any orthography has.
const PILE: usize = 3;

/// `None` if nothing is to be cleaned.
pub(super) fn clean(cells: &[Cell]) -> Option<Vec<Cell>> {
    if cells.iter().all(|cell| cell.c.is_ascii()) {
        return None;
    }
    let mut out: Vec<Cell> = Vec::with_capacity(cells.len());
    let mut at = 0;
    while at < cells.len() {
        let cell = cells[at];
        if cell.c.is_ascii() {
            out.push(cell);
            at += 1;
        } else if let Some((_, words)) = CUES.iter().find(|&&(cue, _)| cue == cell.c) {
            at += 1;
            // The colour of a hand, and the wish for a picture, belong to the picture.
            at += cells[at..].iter().take_while(|next| is_modifier(next.c)).count();
            spell(words, cell.at, &mut out, cells.get(at));
        } else if is_pile_mark(cell.c) {
            let marks = cells[at..].iter().take_while(|next| is_pile_mark(next.c) || is_unseen(next.c)).count();
            let base = out.last().map(|base| base.c);
            let pile = &cells[at..at + marks];
            out.extend(pile.iter().filter(|mark| !is_unseen(mark.c)).filter(keeps(base, pile)));
            at += marks;
        } else {
            if let Some(cell) = seen(cell, &out, cells.get(at + 1)) {
                out.push(cell);
            }
            at += 1;
        }
    }
    (out.len() != cells.len() || out.iter().zip(cells).any(|(a, b)| a.c != b.c)).then_some(out)
}

/// Writes words as if they had stood there.
fn spell(words: &str, at: u32, out: &mut Vec<Cell>, next: Option<&Cell>) {
    let space = Cell { c: ' ', at };
    if out.last().is_some_and(|last| !last.c.is_whitespace()) {
        out.push(space);
    }
    out.extend(words.chars().map(|c| Cell { c, at }));
    if next.is_some_and(|next| !next.c.is_whitespace()) {
        out.push(space);
    }
}

/// Skin colours and variation selectors.
fn is_modifier(c: char) -> bool {
    matches!(c as u32, 0x1F3FB..=0x1F3FF | 0xFE00..=0xFE0F)
}

/// The cell, unless it is not seen. Hidden ASCII becomes ASCII, so that it is read as a model would read it.
fn seen(cell: Cell, before: &[Cell], next: Option<&Cell>) -> Option<Cell> {
    let last = before.last().map(|last| last.c);
    match cell.c as u32 {
        // Joiners belong to scripts and pictures that have them, and so do selectors, one a picture.
        0x200C | 0x200D | 0x180B..=0x180F => last.is_some_and(|last| !is_western(last)).then_some(cell),
        0xFE00..=0xFE0F => {
            let is_key = next.is_some_and(|next| next.c == '\u{20E3}');
            (is_key || last.is_some_and(|last| !last.is_alphanumeric() && !is_modifier(last))).then_some(cell)
        }
        0xE0020..=0xE007F => {
            let is_flag = before.iter().rev().find(|cell| !is_tag(cell.c)).is_some_and(|base| base.c == '🏴');
            let hidden = char::from_u32(cell.c as u32 - 0xE0000).filter(|c| c.is_ascii_graphic() || *c == ' ');
            if is_flag { Some(cell) } else { hidden.map(|c| Cell { c, at: cell.at }) }
        }
        _ if is_unseen(cell.c) => None,
        _ => Some(cell),
    }
}

fn is_tag(c: char) -> bool {
    matches!(c as u32, 0xE0020..=0xE007F)
}

/// Zero-width characters, controls of direction, fillers.
fn is_unseen(c: char) -> bool {
    matches!(c as u32,
        0xAD | 0x34F | 0x61C | 0x180E | 0x200B | 0x200E | 0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF
        | 0xFFF9..=0xFFFB | 0x1D173..=0x1D17A | 0xE0000..=0xE001F | 0xE0080..=0xE0FFF)
}

/// Marks of no script of their own, which any letter can be buried under.
fn is_pile_mark(c: char) -> bool {
    matches!(c as u32, 0x300..=0x34E | 0x350..=0x36F | 0x483..=0x489 | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF
        | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

/// Lines through, under and around a letter: no orthography has them.
fn is_line(c: char) -> bool {
    matches!(c as u32, 0x305 | 0x332..=0x338 | 0x33F | 0x347 | 0x488 | 0x489 | 0x20D0..=0x20E2 | 0x20E4..=0x20FF)
}

/// Which marks of a letter stay: none of a pile, and none beside a line. Lines through signs are part of them (`≠`).
fn keeps(base: Option<char>, pile: &[Cell]) -> impl Fn(&&Cell) -> bool {
    let is_western = base.is_none_or(is_western);
    let is_sign = base.is_some_and(|base| !base.is_alphanumeric() && !base.is_whitespace());
    let is_struck = !is_sign && pile.iter().any(|mark| is_line(mark.c));
    let marks = pile.len();
    move |mark| match is_western {
        true => marks < PILE && !is_struck,
        false => marks <= PILE || canonical_combining_class(mark.c) == 0,
    }
}

/// Latin, Greek and Cyrillic letters in any dress, digits, punctuation, spaces: what needs no joiners.
fn is_western(c: char) -> bool {
    is_latin(c)
        || matches!(c as u32, 0..=0x52F | 0x1D00..=0x1DBF | 0x1E00..=0x206F | 0x2460..=0x24FF | 0x2C60..=0x2C7F
            | 0xA640..=0xA69F | 0xA720..=0xA7FF | 0xFF00..=0xFFEF | 0x1D400..=0x1D7FF | 0x1F100..=0x1F189)
}
