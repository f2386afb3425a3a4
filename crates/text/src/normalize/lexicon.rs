//! The caller's words, and how a hidden spelling is matched with them.

use std::collections::HashSet;

use super::fold::Slot;

/// No word is longer, and no spelling of one has more letters.
pub(super) const LONGEST: usize = 31;

/// Words by their first letter, in the caller's order.
pub(super) struct Lexicon {
    words: Vec<Box<str>>,
    known: HashSet<Box<str>>,
    first: [Vec<u32>; 26],
}

/// A word that a spelling may stand for.
pub(super) struct Match<'a> {
    pub(super) word: &'a str,
    /// The slot that each letter is taken from.
    pub(super) slots: Vec<usize>,
}

/// Endings that words are also known with.
const ENDINGS: [&str; 8] = ["s", "es", "ed", "er", "ers", "ing", "in", "y"];

impl Lexicon {
    pub(super) fn new<S: AsRef<str>>(words: &[S]) -> Lexicon {
        let mut lexicon = Lexicon { words: Vec::new(), known: HashSet::new(), first: Default::default() };
        let words: Vec<String> = words.iter().map(|word| word.as_ref().to_ascii_lowercase()).collect();
        words.iter().for_each(|word| lexicon.add(word));
        for word in words.iter().filter(|word| word.len() >= 4) {
            ENDINGS.iter().for_each(|ending| lexicon.add(&format!("{word}{ending}")));
        }
        lexicon
    }

    fn add(&mut self, word: &str) {
        let fits = (3..=LONGEST).contains(&word.len()) && word.bytes().all(|c| c.is_ascii_lowercase());
        if fits && self.known.insert(word.into()) {
            let index = self.words.len() as u32;
            self.words.push(word.into());
            self.first[usize::from(word.as_bytes()[0] - b'a')].push(index);
        }
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.known.contains(word)
    }

    /// The word that a spelling stands for: the one that uses most of it, the first of those that use as much.
    pub(super) fn find(&self, slots: &[Slot]) -> Option<Match<'_>> {
        let (first, last) = (slots.first()?, slots.last()?);
        let mut best: Option<(usize, u32)> = None;
        for letter in (b'a'..=b'z').filter(|&letter| first.is(letter)) {
            for &index in &self.first[usize::from(letter - b'a')] {
                let word = self.words[index as usize].as_bytes();
                let better = best.is_none_or(|(length, at)| word.len() > length || word.len() == length && index < at);
                if better && word.len() <= slots.len() && last.is(word[word.len() - 1]) && fits(slots, word) {
                    best = Some((word.len(), index));
                }
            }
        }
        let word = &self.words[best?.1 as usize];
        Some(Match { word, slots: align(slots, word.as_bytes())? })
    }
}

/// Positions of `word` that a slot may be, as bits.
fn mask(slot: &Slot, word: &[u8]) -> u32 {
    word.iter().enumerate().filter(|&(_, &letter)| slot.is(letter)).fold(0, |bits, (at, _)| bits | 1 << at)
}

/// For each slot the letters that it may be, given those before it. A loose slot may be part of the letter before it.
fn reach(slots: &[Slot], word: &[u8]) -> Vec<u32> {
    let mut reached: u32 = 0;
    let next = |(index, slot): (usize, &Slot)| {
        let from = match index {
            0 => 1,
            _ if slot.loose => reached << 1 | reached,
            _ => reached << 1,
        };
        reached = from & mask(slot, word);
        reached
    };
    slots.iter().enumerate().map(next).collect()
}

fn fits(slots: &[Slot], word: &[u8]) -> bool {
    slots.len() == word.len() && slots.iter().zip(word).all(|(slot, &letter)| slot.is(letter))
        || slots.iter().any(|slot| slot.loose) && align(slots, word).is_some()
}

/// The slot that each letter of `word` is taken from, if the slots spell it.
pub(super) fn align(slots: &[Slot], word: &[u8]) -> Option<Vec<usize>> {
    if word.is_empty() || word.len() > LONGEST || word.len() > slots.len() {
        return None;
    }
    let reached = reach(slots, word);
    let mut letter = word.len() - 1;
    if reached.last()? & 1 << letter == 0 {
        return None;
    }
    let mut places = vec![0; word.len()];
    for index in (0..slots.len()).rev() {
        places[letter] = index;
        if index > 0 && letter > 0 && reached[index - 1] & 1 << (letter - 1) != 0 {
            letter -= 1;
        }
    }
    Some(places)
}
