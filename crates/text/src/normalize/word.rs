//! Words with letters replaced, stretched, masked or in disguise.

use std::ops::Range;

use super::fold::{Class, Counts, Slot, fold, is_cjk, is_latin, slots};
use super::lexicon::{LONGEST, Match, align};
use super::pieces::is_real;
use super::signs::{is_code, is_dressed, is_flags, is_joiner, is_mask, is_number, is_outside};
use super::{COMMON, Cell, Known, order};

/// A part of the text and what it is to be.
struct Change {
    cells: Range<usize>,
    word: Vec<Cell>,
    /// Digits or signs were letters: others may be too.
    is_leet: bool,
}

/// What the text says about a word in it.
struct Reader<'a> {
    cells: &'a [Cell],
    known: Known<'a>,
    /// There are letters of another alphabet that look like none of ours, so others are what they are too.
    is_foreign: bool,
    /// Digits or signs are letters somewhere.
    is_leet: bool,
}

/// `None` if no word is hidden.
pub(super) fn decode(cells: &[Cell], known: Known<'_>) -> Option<Vec<Cell>> {
    let is_foreign = cells
        .iter()
        .any(|&Cell { c, .. }| !c.is_ascii() && c.is_alphabetic() && !is_latin(c) && !is_cjk(c) && fold(c).is_none());
    let mut reader = Reader { cells, known, is_foreign, is_leet: false };
    let mut changes = reader.changes();
    if changes.iter().any(|change| change.is_leet) {
        reader.is_leet = true;
        changes = reader.changes();
    }
    if changes.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(cells.len());
    let mut from = 0;
    for Change { cells: part, word, .. } in changes {
        out.extend(&cells[from..part.start]);
        out.extend(word);
        from = part.end;
    }
    out.extend(&cells[from..]);
    Some(out)
}

impl Reader<'_> {
    fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut at = 0;
        while at < self.cells.len() {
            let end = at + self.cells[at..].iter().take_while(|cell| !cell.c.is_whitespace()).count();
            if end > at {
                self.token(at..end, &mut changes);
            }
            at = end + 1;
        }
        changes
    }

    /// What is between two spaces.
    fn token(&self, token: Range<usize>, changes: &mut Vec<Change>) {
        let c = |at: usize| self.cells[at].c;
        if token.clone().all(|at| c(at).is_ascii_alphabetic()) {
            changes.extend(self.plain(token));
            return;
        }
        if !token.clone().any(|at| c(at).is_alphabetic() || fold(c(at)).is_some_and(|fold| fold.class <= Class::Styled))
        {
            return;
        }
        if is_code(self.cells, token.clone()) {
            return;
        }
        let core = self.trim(token.clone(), is_outside);
        if let Some(change) = self.whole(core.clone()).or_else(|| self.edged(core.clone())) {
            changes.push(change);
            return;
        }
        let mut at = core.start;
        while at < core.end {
            let end = at + (at..core.end).take_while(|&at| !is_outside(c(at)) && c(at) != '(').count();
            let piece = self.trim(at..end, |c| !c.is_alphanumeric() && !matches!(c, '@' | '$') && !is_dressed(c));
            changes.extend(self.piece(piece));
            at = end + 1;
        }
    }

    fn trim(&self, mut part: Range<usize>, is_outside: impl Fn(char) -> bool) -> Range<usize> {
        while !part.is_empty() && is_outside(self.cells[part.start].c) {
            part.start += 1;
        }
        while !part.is_empty() && is_outside(self.cells[part.end - 1].c) {
            part.end -= 1;
        }
        part
    }

    /// A word of the lexicon in the whole of a token, signs and joiners included.
    fn whole(&self, core: Range<usize>) -> Option<Change> {
        let c = |at: usize| self.cells[at].c;
        if core.clone().all(|at| c(at).is_ascii_alphanumeric()) {
            return self.junk(core);
        }
        let bare = self.trim(core.clone(), is_mask);
        if bare.len() >= 3 && bare.clone().all(|at| c(at).is_ascii_alphabetic()) && bare != core {
            let word: String = bare.clone().map(|at| c(at).to_ascii_lowercase()).collect();
            if self.known.rank(&word).is_some() {
                return None;
            }
        }
        let inner = self.trim(core.clone(), |c| !c.is_alphanumeric() && !is_dressed(c));
        let mut parts = vec![core.clone(), self.trim(core.clone(), |c| matches!(c, '!' | '?' | '+' | '*' | '#' | '~'))];
        parts.push(inner);
        parts.dedup();
        parts
            .into_iter()
            .find_map(|part| self.signed(part.clone()).or_else(|| self.joined(part)))
            .or_else(|| self.junk(core))
    }

    /// A word of the dictionary with signs for letters that mostly are punctuation: bars and `!` at its edges, brackets.
    fn edged(&self, core: Range<usize>) -> Option<Change> {
        let c = |at: usize| self.cells[at].c;
        if core.len() > LONGEST {
            return None;
        }
        let is_edge = |c: char| !c.is_alphanumeric() && !matches!(c, '@' | '$');
        let bare = self.trim(core.clone(), is_edge);
        let start = (core.start..bare.start).rev().take_while(|&at| matches!(c(at), '|' | '!')).last();
        let bars = (bare.end..core.end).take_while(|&at| c(at) == '|').count();
        let part = start.unwrap_or(bare.start)..bare.end + bars;
        let is_bracketed = bare.clone().any(|at| c(at) == '(') && !core.clone().any(|at| c(at) == ')');
        let word: String = bare.clone().map(|at| c(at).to_ascii_lowercase()).collect();
        if part == bare && !is_bracketed || self.known.rank_of_form(&word).is_some() {
            return None;
        }
        self.common(part.clone(), &slots(self.cells, &part.collect::<Vec<_>>())?)
    }

    /// Letters, with digits, signs and masks for letters.
    fn signed(&self, part: Range<usize>) -> Option<Change> {
        let slots = slots(self.cells, &part.clone().collect::<Vec<_>>())?;
        let counts = Counts::of(&slots);
        if counts.digits + counts.signs + counts.masks == 0 {
            return None;
        }
        self.lexical(part, &slots)
    }

    /// Letters with joiners between some of them.
    fn joined(&self, part: Range<usize>) -> Option<Change> {
        let c = |at: usize| self.cells[at].c;
        let places: Vec<usize> = part.clone().filter(|&at| !is_joiner(c(at))).collect();
        if places.len() < 4 || places.len() == part.len() {
            return None;
        }
        // Words that are joined by hyphens are themselves.
        let is_word = |piece: &[usize]| {
            let letters: String = piece.iter().map(|&at| c(at).to_ascii_lowercase()).collect();
            is_real(&letters, self.known)
        };
        if places.chunk_by(|a, b| a + 1 == *b).all(is_word) {
            return None;
        }
        self.lexical(part, &slots(self.cells, &places)?)
    }

    /// Digits, lines and crosses around a word of the lexicon.
    fn junk(&self, core: Range<usize>) -> Option<Change> {
        let c = |at: usize| self.cells[at].c;
        if core.len() > 40 {
            return None;
        }
        let is_junk = |c: char| c.is_ascii_digit() || matches!(c, '_' | '~' | '*' | '-');
        let bare = self.trim(core.clone(), is_junk);
        let crossed = self.trim(bare.clone(), |c| matches!(c, 'x' | 'X'));
        [bare, crossed].into_iter().find_map(|part| {
            let word: String = part.clone().map(|at| c(at).to_ascii_lowercase()).collect();
            let is_hidden = part != core && word.len() >= 4 && self.known.lexicon.has(&word);
            let word = || part.clone().map(|at| self.cells[at]).collect();
            is_hidden.then(|| Change { cells: core.clone(), word: word(), is_leet: false })
        })
    }

    /// A word of letters from a to z: stretched, or in upper and lower case by turns.
    fn plain(&self, part: Range<usize>) -> Option<Change> {
        let mut repeats = 1;
        let is_stretched = part.clone().skip(1).any(|at| {
            let [a, b] = [at - 1, at].map(|at| self.cells[at].c.to_ascii_lowercase());
            repeats = if a == b { repeats + 1 } else { 1 };
            repeats >= 3 || repeats == 2 && matches!(a, 'a' | 'u')
        });
        if is_stretched { self.piece(part) } else { self.misspelled(part) }
    }

    /// A word with its letters in the wrong order.
    fn misspelled(&self, part: Range<usize>) -> Option<Change> {
        let word = order::restore(&self.cells[part.clone()], self.known)?;
        Some(Change { cells: part, word, is_leet: false })
    }

    /// A word without joiners.
    fn piece(&self, part: Range<usize>) -> Option<Change> {
        if part.len() < 2 {
            return None;
        }
        let slots = slots(self.cells, &part.clone().collect::<Vec<_>>())?;
        let counts = Counts::of(&slots);
        let is_plain = counts.letters == slots.len() && counts.styled + counts.accented == 0;
        if is_plain {
            let word: String = part.clone().map(|at| self.cells[at].c.to_ascii_lowercase()).collect();
            let is_number = word.bytes().all(|letter| b"ivxlcdm".contains(&letter));
            if self.known.rank(&word).is_some() || is_number {
                return None;
            }
            if !slots.iter().any(|slot| slot.loose) {
                return self.misspelled(part);
            }
        }
        self.lexical(part.clone(), &slots)
            .or_else(|| self.common(part.clone(), &slots))
            .or_else(|| self.disguised(part.clone(), &slots))
            .or_else(|| if is_plain { self.misspelled(part) } else { None })
    }

    /// A word of the lexicon.
    fn lexical(&self, part: Range<usize>, slots: &[Slot]) -> Option<Change> {
        let counts = Counts::of(slots);
        let found = self.known.lexicon.find(slots)?;
        let length = found.word.len();
        let is_spelled = match counts {
            Counts { letters: 0, foreign: 0, .. } => false,
            Counts { letters: 0, .. } => !self.is_foreign, // all of it in another alphabet
            Counts { masks: 1, .. } if self.is_commoner(slots, &found) => false,
            Counts { masks: 1.., .. } => self.is_masked(slots, &counts, length),
            Counts { letters: 1, digits: 1.., .. } => length >= 6,
            _ => true,
        };
        let is_leet = counts.digits + counts.signs > 0 && length >= 4;
        is_spelled.then(|| self.change(part, slots, found.word, &found.slots, is_leet))
    }

    /// Whether one mask is more likely to hide a consonant of a common word (`t*at`) than one of the lexicon's. Who hides a
    /// word hides its vowels.
    fn is_commoner(&self, slots: &[Slot], found: &Match<'_>) -> bool {
        let is_mask = |(_, slot): &(_, &usize)| slots[**slot].class == Class::Mask;
        let hidden = found.word.bytes().zip(&found.slots).find(is_mask).map(|(letter, _)| letter);
        hidden.is_some_and(|letter| !b"aeiouy".contains(&letter))
            && self.likeliest(slots, |word| self.known.dictionary.rank(word)).is_some_and(|(rank, _)| rank < COMMON)
    }

    /// Whether so many masks leave enough to know the word by.
    fn is_masked(&self, slots: &[Slot], counts: &Counts, length: usize) -> bool {
        let star = |slot: &Slot| self.cells[slot.cell].c == '*';
        let masks = || slots.iter().filter(|slot| slot.class == Class::Mask);
        let is_first = slots[0].class == Class::Plain;
        match (counts.letters, length) {
            (_, 0..=2) => false,
            (letters, 3) => letters == 2 && is_first && slots[2].class == Class::Plain && star(&slots[1]),
            // Names are masked with a capital.
            (1, _) => {
                is_first && self.cells[slots[0].cell].c.is_lowercase() && masks().count() >= 3 && masks().all(star)
            }
            // Stars in front are Markdown.
            (letters, _) => slots[0].class != Class::Mask && 3 * letters >= length,
        }
    }

    /// A word of the dictionary.
    fn common(&self, part: Range<usize>, slots: &[Slot]) -> Option<Change> {
        let counts = Counts::of(slots);
        let (replaced, is_mixed) = (counts.digits + counts.signs, counts.letters > 0);
        let is_letter = |slot: Option<&Slot>| slot.is_some_and(|slot| slot.class < Class::Digit);
        let is_inside = is_letter(slots.first()) && is_letter(slots.last());
        let is_edged = is_letter(slots.first()) || is_letter(slots.last());
        let is_lower = part.clone().all(|at| !self.cells[at].c.is_uppercase());
        let stretched = slots.iter().filter(|slot| slot.loose).count();
        let is_possible = (counts.masks == 0 || self.is_starred(slots, &counts))
            && !is_flags(self.cells, &part)
            // Marks belong to many languages.
            && !is_number(self.cells, &part, self.is_leet)
            && (counts.accented == 0 || counts.foreign + replaced + counts.styled > 0)
            && match (replaced, counts.foreign) {
                (0, 0) => counts.styled > 0 || stretched >= 2 || counts.masks > 0,
                (0, _) => is_mixed || !self.is_foreign,
                _ if self.is_leet => counts.letters > 0,
                _ if is_inside && 2 * counts.letters >= slots.len() => true,
                _ => replaced <= 2 && slots.len() >= 6 || is_edged && is_lower && counts.letters >= 2,
            };
        if !is_possible {
            return None;
        }
        let (_, word) = match counts.masks {
            0 => self.likeliest(slots, |word| self.known.rank_of_form(word)),
            _ => self.likeliest(slots, |word| self.known.dictionary.rank(word)),
        }?;
        let distinct = word.bytes().any(|letter| letter != word.as_bytes()[0]);
        let least = match (replaced, counts.foreign) {
            (0, 0) if counts.masks > 0 => 4,
            (0, 0) => 2,
            (0, _) if is_mixed => 3,
            (0, _) => 4,
            _ if self.is_leet => 2,
            _ => 4,
        };
        if word.len() < least || !distinct {
            return None;
        }
        let places = align(slots, word.as_bytes())?;
        Some(self.change(part, slots, &word, &places, replaced > 0 && is_inside))
    }

    /// One star inside a word of letters, which any letter may be under.
    fn is_starred(&self, slots: &[Slot], counts: &Counts) -> bool {
        let mut inside = slots.iter().skip(1).rev().skip(1);
        let is_star = |slot: &Slot| slot.class == Class::Mask && self.cells[slot.cell].c == '*';
        counts.masks == 1 && counts.letters + 1 == slots.len() && inside.any(is_star)
    }

    /// The commonest word that the slots may spell, with its rank. Letters that are stretched are one or two.
    fn likeliest(&self, slots: &[Slot], rank: impl Fn(&str) -> Option<f32>) -> Option<(f32, String)> {
        const MOST: usize = 64;
        const ANY: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
        let mut spellings = vec![Vec::with_capacity(slots.len())];
        let mut at = 0;
        while at < slots.len() {
            let run = 1 + slots[at + 1..].iter().take_while(|slot| slot.loose).count();
            let lengths: &[usize] = if run >= 3 { &[1, 2] } else { &[run] };
            let mut next = Vec::new();
            let letters = if slots[at].class == Class::Mask { ANY } else { slots[at].letters() };
            for spelling in &spellings {
                for &letter in letters {
                    for &length in lengths {
                        let mut longer: Vec<u8> = spelling.clone();
                        longer.extend(std::iter::repeat_n(letter, length));
                        next.push(longer);
                    }
                }
            }
            if next.len() > MOST {
                return None;
            }
            spellings = next;
            at += run;
        }
        let ranked = spellings.into_iter().filter_map(|word| {
            let word = String::from_utf8(word).ok()?;
            Some((rank(&word)?, word))
        });
        ranked.reduce(|a, b| if b.0 < a.0 { b } else { a })
    }

    /// A word that nobody knows, in letters that no word mixes, or in letters that are there for their looks.
    fn disguised(&self, part: Range<usize>, slots: &[Slot]) -> Option<Change> {
        let counts = Counts::of(slots);
        let is_spelled = counts.digits + counts.signs + counts.masks == 0;
        let around = [part.start.checked_sub(1), Some(part.end)];
        let in_cjk = around.into_iter().flatten().any(|at| self.cells.get(at).is_some_and(|cell| is_cjk(cell.c)));
        let most = if self.is_foreign { counts.foreign } else { 0 };
        let is_mixed = counts.foreign > 0 && counts.letters > most && slots.len() >= 4;
        let is_styled =
            counts.foreign == 0 && counts.styled > 1 && slots.len() >= 3 && !in_cjk && !is_flags(self.cells, &part);
        if !is_spelled || !is_mixed && !is_styled {
            return None;
        }
        let word: String = slots.iter().map(|slot| char::from(slot.letters()[0])).collect();
        let places: Vec<usize> = (0..slots.len()).collect();
        Some(self.change(part, slots, &word, &places, false))
    }

    fn change(&self, part: Range<usize>, slots: &[Slot], word: &str, places: &[usize], is_leet: bool) -> Change {
        let at = |place: &usize| self.cells[slots[*place].cell].at;
        let word = word.chars().zip(places).map(|(c, place)| Cell { c, at: at(place) }).collect();
        Change { cells: part, word, is_leet }
    }
}
