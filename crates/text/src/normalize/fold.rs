//! What letters of the Latin alphabet a character may stand for.

use unicode_normalization::char::{canonical_combining_class, decompose_canonical, decompose_compatible};

use super::Cell;
use super::lexicon::LONGEST;

/// How a character stands for a letter, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// It is the letter.
    Plain,
    /// The letter in another dress: fullwidth, circled, mathematical, small capital.
    Styled,
    /// The letter with marks.
    Accented,
    /// A letter of another alphabet that looks like it.
    Foreign,
    /// A digit.
    Digit,
    /// A sign.
    Sign,
    /// A sign that may stand for any letter.
    Mask,
}

/// The letters that a character may stand for: one of several, or all of them in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fold {
    pub(super) class: Class,
    letters: [u8; 3],
    count: usize,
    in_a_row: bool,
}

/// A place of a word: the letters that it may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) class: Class,
    letters: [u8; 3],
    count: usize,
    /// Whether it may be part of the letter before it: the letters are stretched.
    pub(super) loose: bool,
    /// Index of its cell.
    pub(super) cell: usize,
}

impl Slot {
    /// Whether it may be `letter`.
    pub(super) fn is(&self, letter: u8) -> bool {
        self.class == Class::Mask || self.letters().contains(&letter)
    }

    pub(super) fn letters(&self) -> &[u8] {
        &self.letters[..self.count]
    }

    fn looks_like(&self, other: &Slot) -> bool {
        self.class != Class::Mask && self.letters() == other.letters()
    }
}

impl Fold {
    const fn one(class: Class, letter: u8) -> Fold {
        Fold { class, letters: [letter, 0, 0], count: 1, in_a_row: false }
    }

    fn of(class: Class, text: &[u8], in_a_row: bool) -> Fold {
        let mut letters = [0; 3];
        letters[..text.len()].copy_from_slice(text);
        Fold { class, letters, count: text.len(), in_a_row }
    }

    /// The likeliest letter.
    pub(super) fn letter(&self) -> u8 {
        self.letters[0]
    }
}

/// What letters a character may stand for, or `None`.
pub(super) fn fold(c: char) -> Option<Fold> {
    use Class::{Digit, Mask, Plain, Sign};
    let (class, letters): (Class, &[u8]) = match c {
        'a'..='z' | 'A'..='Z' => return Some(Fold::one(Plain, c.to_ascii_lowercase() as u8)),
        '0' => (Digit, b"o"),
        '1' => (Digit, b"il"),
        '3' => (Digit, b"e"),
        '4' => (Digit, b"a"),
        '5' => (Digit, b"s"),
        '6' => (Digit, b"gb"),
        '7' => (Digit, b"t"),
        '8' => (Digit, b"b"),
        '9' => (Digit, b"gq"),
        '@' => (Sign, b"a"),
        '$' => (Sign, b"s"),
        '!' => (Sign, b"il"),
        '|' => (Sign, b"il"),
        '+' => (Sign, b"t"),
        '(' => (Sign, b"c"),
        '€' => (Sign, b"e"),
        '£' => (Sign, b"l"),
        '¢' => (Sign, b"c"),
        '¥' => (Sign, b"y"),
        '§' => (Sign, b"s"),
        '*' | '#' | '%' | '&' | '^' | '~' | '?' => (Mask, b""),
        _ if c.is_ascii() => return None,
        _ => return fold_other(c),
    };
    Some(Fold::of(class, letters, false))
}

/// Letters that Unicode has no decomposition for and does not call confusable: small capitals, from a to z.
const SMALL_CAPITALS: &str = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ";

fn fold_other(c: char) -> Option<Fold> {
    if is_cjk(c) {
        return None;
    }
    let small = |c: char| SMALL_CAPITALS.chars().position(|small| small == c).map(|at| b'a' + at as u8);
    let dressed = small(c).or_else(|| {
        // Negative circled, negative squared, and the letters of flags.
        let base = [0x1F150, 0x1F170, 0x1F1E6].into_iter().find(|&base| (base..base + 26).contains(&(c as u32)))?;
        Some(b'a' + (c as u32 - base) as u8)
    });
    if let Some(letter) = dressed {
        return Some(Fold::one(Class::Styled, letter));
    }
    if !c.is_alphanumeric() && !matches!(c as u32, 0x2000..=0x2BFF | 0xFF00..=0xFFEF | 0x1F100..=0x1F1FF) {
        return None;
    }
    by_decomposition(c).or_else(|| by_likeness(c, small))
}

fn by_decomposition(c: char) -> Option<Fold> {
    let (mut text, mut marks) = ([0u8; 3], 0);
    let mut length = 0;
    let mut is_ascii = true;
    decompose_compatible(c, |part| match part {
        _ if canonical_combining_class(part) != 0 => marks += 1,
        _ if part.is_ascii_graphic() && length < 3 => {
            text[length] = part as u8;
            length += 1;
        }
        // What stands in brackets.
        _ => is_ascii = false,
    });
    let text = match &text[..length] {
        [b'(', letter, b')'] => std::slice::from_ref(letter),
        text => text,
    };
    if !is_ascii || text.is_empty() {
        return None;
    }
    if let [one] = *text {
        let plain = fold(char::from(one))?;
        let mut canonical = 0;
        decompose_canonical(c, |_| canonical += 1);
        return Some(match plain.class {
            Class::Plain if canonical > 1 => Fold { class: Class::Accented, ..plain },
            Class::Plain => Fold { class: Class::Styled, ..plain },
            _ if marks > 0 => return None,
            _ => plain,
        });
    }
    // Roman numerals are numbers.
    let is_word = text.iter().all(u8::is_ascii_alphabetic) && !matches!(c as u32, 0x2100..=0x218B | 0x3000..=0x33FF);
    is_word.then(|| Fold::of(Class::Styled, &text.to_ascii_lowercase(), true))
}

/// By Unicode's table of confusable characters.
fn by_likeness(c: char, small: impl Fn(char) -> Option<u8>) -> Option<Fold> {
    let is_upper = c.is_uppercase();
    let of = |c: char| -> Option<Fold> {
        let mut buffer = [0; 4];
        let mut parts = unicode_security::confusable_detection::skeleton(c.encode_utf8(&mut buffer))
            .filter(|&part| canonical_combining_class(part) == 0);
        match (parts.next()?, parts.next(), parts.next()) {
            // The table writes m as two letters, and i, l and 1 as one.
            ('r', Some('n'), None) => Some(Fold::one(Class::Foreign, b'm')),
            ('l', None, None) => Some(Fold::of(Class::Foreign, if is_upper { b"il" } else { b"li" }, false)),
            (one, None, None) if one.is_ascii() => fold(one)
                .filter(|plain| matches!(plain.class, Class::Plain | Class::Digit))
                .map(|plain| Fold { class: Class::Foreign, ..plain }),
            (one, None, None) => small(one).map(|letter| Fold::one(Class::Foreign, letter)),
            _ => None,
        }
    };
    // A capital that has no likeness may look like its own small letter.
    let mut lower = c.to_lowercase();
    let found = of(c).or_else(|| lower.next().filter(|&lower| lower != c).and_then(of))?;
    // Struck letters are Latin with a mark.
    Some(if is_latin(c) { Fold { class: Class::Accented, ..found } } else { found })
}

/// Letters of the Latin alphabet beyond ASCII.
pub(super) fn is_latin(c: char) -> bool {
    matches!(c as u32, 0x41..=0x5A | 0x61..=0x7A | 0xAA | 0xBA | 0xC0..=0x24F | 0x1E00..=0x1EFF)
}

/// Scripts that have no letters alike, and where fullwidth letters are at home.
pub(super) fn is_cjk(c: char) -> bool {
    matches!(c as u32, 0x1100..=0x11FF | 0x2E80..=0x9FFF | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// The places of a word, or `None` if a character stands for no letter or there are too many. Marks belong to the letter
/// before them. Of a character many times in a row a few count.
pub(super) fn slots(cells: &[Cell], places: &[usize]) -> Option<Vec<Slot>> {
    const REPEATS: usize = 4;
    let mut slots: Vec<Slot> = Vec::with_capacity(places.len().min(LONGEST));
    let mut repeats = 0;
    let mut last = None;
    for &cell in places {
        let c = cells[cell].c;
        if !c.is_ascii() && canonical_combining_class(c) != 0 {
            match slots.last_mut() {
                Some(slot) if slot.class <= Class::Styled => slot.class = Class::Accented,
                Some(_) => {}
                None => return None,
            }
            continue;
        }
        let lower = c.to_ascii_lowercase();
        repeats = if last == Some(lower) { repeats + 1 } else { 1 };
        last = Some(lower);
        let found = fold(c)?;
        if repeats > REPEATS && found.class != Class::Mask {
            continue;
        }
        let letters = if found.in_a_row { &found.letters[..found.count] } else { &found.letters[..1] };
        for &letter in letters {
            let (letters, count) = match found.in_a_row {
                true => ([letter, 0, 0], 1),
                false => (found.letters, found.count),
            };
            slots.push(Slot { class: found.class, letters, count, loose: false, cell });
        }
        if slots.len() > LONGEST {
            return None;
        }
    }
    loosen(&mut slots);
    Some(slots)
}

/// Marks letters that are there three times or more, or twice if English hardly doubles them.
fn loosen(slots: &mut [Slot]) {
    let mut start = 0;
    for end in 1..=slots.len() {
        if end < slots.len() && slots[end].looks_like(&slots[start]) {
            continue;
        }
        let is_stretched = end - start >= 3 || end - start == 2 && matches!(slots[start].letters(), [b'a' | b'u']);
        if is_stretched {
            slots[start + 1..end].iter_mut().for_each(|slot| slot.loose = true);
        }
        start = end;
    }
}

/// How many slots of a word are of which class.
#[derive(Default)]
pub(super) struct Counts {
    /// Ours, in whatever dress.
    pub(super) letters: usize,
    pub(super) styled: usize,
    pub(super) accented: usize,
    pub(super) foreign: usize,
    pub(super) digits: usize,
    pub(super) signs: usize,
    pub(super) masks: usize,
}

impl Counts {
    pub(super) fn of(slots: &[Slot]) -> Counts {
        let mut counts = Counts::default();
        for slot in slots {
            match slot.class {
                Class::Foreign => counts.foreign += 1,
                Class::Digit => counts.digits += 1,
                Class::Sign => counts.signs += 1,
                Class::Mask => counts.masks += 1,
                Class::Plain | Class::Styled | Class::Accented => {
                    counts.letters += 1;
                    counts.styled += usize::from(slot.class == Class::Styled);
                    counts.accented += usize::from(slot.class == Class::Accented);
                }
            }
        }
        counts
    }
}
