//! What the signs in a word are there for.

use std::ops::Range;

use super::Cell;
use super::fold::{Class, fold};

/// What stands around words.
pub(super) fn is_outside(c: char) -> bool {
    matches!(
        c,
        '.' | ',' | ';' | ':' | '"' | '\'' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '`' | '=' | '…' | '“' | '”'
    ) || matches!(c, '‘' | '’' | '—' | '–' | '«' | '»' | '¿' | '¡' | '-' | '_' | '/' | '\\' | '•')
}

/// What may be put between the letters of a word.
pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, '.' | '-' | '_' | '~' | '`' | '/' | '\\' | '*' | ',' | '\'' | '+' | '|' | ':' | '·' | '•' | '–')
}

pub(super) fn is_mask(c: char) -> bool {
    fold(c).is_some_and(|fold| fold.class == Class::Mask)
}

/// Signs that are letters in another dress.
pub(super) fn is_dressed(c: char) -> bool {
    !c.is_ascii() && fold(c).is_some_and(|fold| fold.class == Class::Styled)
}

/// Whether a word is written in the letters of flags, which are flags first.
pub(super) fn is_flags(cells: &[Cell], part: &Range<usize>) -> bool {
    part.clone().any(|at| matches!(cells[at].c as u32, 0x1F1E6..=0x1F1FF))
}

/// `1st`, `70th`, and where digits are not known to be letters `l10n`: what digits are part of as digits.
pub(super) fn is_number(cells: &[Cell], part: &Range<usize>, is_leet: bool) -> bool {
    let text: String = part.clone().map(|at| cells[at].c.to_ascii_lowercase()).collect();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let is_ordinal = ["st", "nd", "rd", "th"].iter().filter_map(|end| text.strip_suffix(end)).any(is_digits);
    let is_letter = |c: char| c.is_ascii_alphabetic();
    let inside = text.strip_prefix(is_letter).and_then(|rest| rest.strip_suffix(is_letter));
    is_ordinal || !is_leet && inside.is_some_and(|inside| inside.len() >= 2 && is_digits(inside))
}

/// Addresses, paths, expressions: signs and digits mean themselves there.
pub(super) fn is_code(cells: &[Cell], token: Range<usize>) -> bool {
    let c = |at: usize| cells.get(at).map_or(' ', |cell| cell.c);
    let starts = |at: usize, text: &str| text.chars().enumerate().all(|(index, want)| c(at + index) == want);
    let mut has_at = false;
    for at in token.clone() {
        match c(at) {
            ':' if starts(at, "://") || starts(at, "::") => return true,
            '=' | '{' | '}' | '<' | '>' | ';' if at + 1 < token.end && at > token.start => return true,
            '(' if c(at + 1) == ')' => return true,
            '@' if at > token.start => has_at = true,
            '.' if has_at && c(at + 1).is_alphanumeric() => return true,
            _ => {}
        }
    }
    // A colour or a short hash.
    let is_hex = c(token.start) == '#' && token.clone().skip(1).all(|at| c(at).is_ascii_hexdigit());
    starts(token.start, "www.") || is_hex && token.len() > 3
}
