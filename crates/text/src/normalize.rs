//! Undoes the spelling tricks that hide words from a classifier: letters of other alphabets that look alike, digits and
//! signs in place of letters, letters spaced out, stretched or masked, and characters that nobody sees.
//!
//! A word is changed only where that makes a word of the dictionary out of what was none, or where the trick is certain
//! (letters of two alphabets in one word). A text without tricks comes back byte for byte.
//!
//! Everything works on [`Cell`]s: characters that know where they come from, so that a find in the normalised text can be
//! shown in the original. The passes run until nothing changes, so normalising twice is normalising once.

mod clean;
mod fold;
mod letters;
mod lexicon;
mod order;
mod pieces;
mod signs;
mod vocabulary;
mod word;

use lexicon::Lexicon;

/// The words of a language, with how common they are.
pub trait Dictionary {
    /// From 0, the commonest, to 1; `None` for what is no word. `word` is in lower-case letters from a to z.
    fn rank(&self, word: &str) -> Option<f32>;
}

/// A text without tricks, and where each part of it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Normalized {
    /// The text.
    pub text: String,
    /// For each UTF-16 unit of `text` the unit of the original that it comes from, never going back; and one more, the
    /// length of the original.
    pub offsets: Vec<u32>,
}

/// Normalises texts, given words that a dictionary of the language may not have.
pub struct Normalizer {
    lexicon: Lexicon,
}

/// A character and the UTF-16 offset of what it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    c: char,
    at: u32,
}

/// What the passes look words up in.
#[derive(Clone, Copy)]
struct Known<'a> {
    lexicon: &'a Lexicon,
    dictionary: &'a dyn Dictionary,
}

/// `None` if it changes nothing.
type Pass = fn(&[Cell], Known<'_>) -> Option<Vec<Cell>>;

/// Rank of the words that are believed where little speaks for them: some 1,400 of the vocabulary of BERT.
const COMMON: f32 = 0.12;

/// More rounds than any text needed that was not made to need them.
const ROUNDS: usize = 8;

impl Normalizer {
    /// `words` are those that hidden spellings are first tried on, the commoner first: of the letters from a to z, others
    /// are ignored.
    pub fn new<S: AsRef<str>>(words: &[S]) -> Normalizer {
        Normalizer { lexicon: Lexicon::new(words) }
    }

    /// The text without tricks.
    pub fn normalize(&self, text: &str, dictionary: &dyn Dictionary) -> Normalized {
        let known = Known { lexicon: &self.lexicon, dictionary };
        let (cells, length) = cells(text);
        let mut now = round(&cells, known);
        for _ in 1..ROUNDS {
            let Some(cells) = &now else { break };
            match round(cells, known) {
                Some(next) => now = Some(next),
                None => break,
            }
        }
        match now {
            None => Normalized { text: text.to_owned(), offsets: (0..=length).collect() },
            Some(cells) => joined(&cells, length),
        }
    }
}

/// One pass of everything; `None` if it changes nothing.
fn round(cells: &[Cell], known: Known<'_>) -> Option<Vec<Cell>> {
    let passes: [Pass; 4] = [|cells, _| clean::clean(cells), letters::join, word::decode, pieces::join];
    let mut now = None;
    for pass in passes {
        if let Some(next) = pass(now.as_deref().unwrap_or(cells), known) {
            now = Some(next);
        }
    }
    // Passes that undo each other have changed nothing.
    now.filter(|now| !now.iter().map(|cell| cell.c).eq(cells.iter().map(|cell| cell.c)))
}

/// The characters of a text with their UTF-16 offsets, and the length.
fn cells(text: &str) -> (Vec<Cell>, u32) {
    let mut at = 0;
    let place = |c: char| {
        let cell = Cell { c, at };
        at += c.len_utf16() as u32;
        cell
    };
    (text.chars().map(place).collect(), at)
}

fn joined(cells: &[Cell], length: u32) -> Normalized {
    let mut found =
        Normalized { text: String::with_capacity(cells.len()), offsets: Vec::with_capacity(cells.len() + 1) };
    for cell in cells {
        found.text.push(cell.c);
        found.offsets.push(cell.at);
        if cell.c.len_utf16() == 2 {
            // No pass makes such a character, so it is one of the original.
            found.offsets.push(cell.at + 1);
        }
    }
    found.offsets.push(length);
    found
}

impl Known<'_> {
    /// How common a word is, if it is one; words of the lexicon are common.
    fn rank(&self, word: &str) -> Option<f32> {
        if self.lexicon.has(word) { Some(0.0) } else { self.dictionary.rank(word) }
    }

    /// The same of a word that may have an ending that the dictionary leaves out.
    fn rank_of_form(&self, word: &str) -> Option<f32> {
        const ENDINGS: [&str; 8] = ["s", "es", "ed", "d", "ing", "er", "est", "ly"];
        self.rank(word).or_else(|| {
            let stems = ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending));
            stems.filter(|stem| stem.len() >= 4).filter_map(|stem| self.rank(stem)).reduce(f32::min)
        })
    }
}

#[cfg(test)]
mod tests;
