//! Prompt lookup: where a text repeats itself, what comes next is found behind the place where its last tokens stood before
//! ([Saxena, 2023](https://github.com/apoorvumang/prompt-lookup-decoding)). Guesses are checked by one step over all of them.

/// Tokens that are guessed at once. With the one that is known they make a step of four.
pub(crate) const GUESSES: usize = 3;
/// Guesses that have to be right for a step of four to pay: on the CPU it takes as long as two and a half of one.
const PAYS: usize = 2;
/// Last tokens that have to have stood somewhere before, at first. A guess that pays makes it one less, another one two more:
/// prose, in which short runs come again and go on differently, is soon left alone, and a quotation is still noticed.
const RUN: usize = 4;
const SHORTEST: usize = 3;
const LONGEST: usize = 16;

/// Guesses for one answer, and how they fare.
pub(crate) struct Lookup {
    /// Prompt and answer so far.
    text: Vec<u32>,
    /// Last tokens that have to have stood somewhere before.
    run: usize,
    /// Tokens that were guessed.
    pub(crate) guessed: usize,
    /// Of these, right.
    pub(crate) right: usize,
}

impl Lookup {
    /// After a prompt.
    pub(crate) fn new(prompt: &[u32]) -> Lookup {
        Lookup { text: prompt.to_vec(), run: RUN, guessed: 0, right: 0 }
    }

    /// A token of the answer.
    pub(crate) fn push(&mut self, id: u32) {
        self.text.push(id);
    }

    /// What may come next: what followed where the last tokens stood before, the last time that they did. A text that goes
    /// round in a circle is followed round.
    pub(crate) fn guess(&self) -> Option<[u32; GUESSES]> {
        let text = &self.text;
        let last = &text[text.len().checked_sub(self.run)?..];
        let before = text[..text.len() - 1].windows(self.run).rposition(|window| window == last)?;
        let mut guesses = [0; GUESSES];
        for index in 0..GUESSES {
            let at = before + self.run + index;
            guesses[index] = text.get(at).copied().unwrap_or_else(|| guesses[at - text.len()]);
        }
        Some(guesses)
    }

    /// So many of a guess were right, from its first token on, of so many that were tried.
    pub(crate) fn learn(&mut self, right: usize, tried: usize) {
        self.guessed += tried;
        self.right += right;
        let paid = right >= PAYS.min(tried);
        self.run = if paid { (self.run - 1).max(SHORTEST) } else { (self.run + 2).min(LONGEST) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(text: &[u32]) -> Option<[u32; GUESSES]> {
        Lookup::new(text).guess()
    }

    #[test]
    fn what_followed_before_is_guessed() {
        assert_eq!(guess(&[1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4]), Some([5, 6, 7]));
        assert_eq!(guess(&[9, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4]), None, "three are too few");
        // Of several places the last one.
        assert_eq!(guess(&[1, 2, 3, 4, 5, 1, 2, 3, 4, 6, 7, 8, 1, 2, 3, 4]), Some([6, 7, 8]));
        for short in [vec![1, 1, 1, 1], vec![1], vec![]] {
            assert_eq!(guess(&short), None);
        }
    }

    #[test]
    fn circles_are_followed_round() {
        assert_eq!(guess(&[7, 7, 7, 7, 7]), Some([7, 7, 7]));
        assert_eq!(guess(&[0, 1, 2, 1, 2, 1, 2]), Some([1, 2, 1]));
    }

    #[test]
    fn guesses_that_fail_make_the_next_one_rarer() {
        let mut lookup = Lookup::new(&[7; 40]);
        let mut runs = |right: usize, tried: usize| {
            lookup.learn(right, tried);
            assert_eq!(lookup.guess(), Some([7, 7, 7]));
            lookup.run
        };
        assert_eq!([0, 1, 0, 1, 0, 0, 0, 0].map(|right| runs(right, 3)), [6, 8, 10, 12, 14, 16, 16, 16]);
        assert_eq!([2, 3, 2].map(|right| runs(right, 3)), [15, 14, 13]);
        assert_eq!([(1, 1), (0, 1)].map(|(right, tried)| runs(right, tried)), [12, 14]);
        for _ in 0..20 {
            runs(3, 3);
        }
        assert_eq!(runs(3, 3), SHORTEST);
        assert_eq!((lookup.guessed, lookup.right), (24 + 9 + 2 + 63, 2 + 7 + 1 + 63));
    }
}
