//! Tokens that are matched in a text before it is cut any further.

use std::collections::BTreeMap;

/// Tokens that are found in a text as they stand, the longest first.
pub(crate) struct Marks {
    ids: BTreeMap<String, u32>,
    /// Lengths of the tokens that start with each byte, descending.
    lengths: Vec<Vec<usize>>,
}

impl Marks {
    /// Those of `tokens` whose id `take` accepts. Of two equal texts the lower id is found.
    pub(crate) fn new(tokens: &[String], take: impl Fn(usize) -> bool) -> Self {
        let mut ids = BTreeMap::new();
        let mut lengths = vec![Vec::new(); 256];
        for (id, token) in tokens.iter().enumerate().filter(|(id, _)| take(*id)) {
            if let Some(&first) = token.as_bytes().first() {
                ids.entry(token.clone()).or_insert(id as u32);
                lengths[first as usize].push(token.len());
            }
        }
        for lengths in &mut lengths {
            lengths.sort_unstable_by(|a, b| b.cmp(a));
            lengths.dedup();
        }
        Marks { ids, lengths }
    }

    /// The id of `token`.
    pub(crate) fn get(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    /// The longest token that `text` starts with, and its length.
    pub(crate) fn longest(&self, text: &str) -> Option<(u32, usize)> {
        let first = *text.as_bytes().first()?;
        let lengths = &self.lengths[first as usize];
        lengths.iter().find_map(|&length| Some((self.get(text.get(..length)?)?, length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wins() {
        let tokens = ["<a", "<a>", "é", "", "<a>"].map(String::from);
        let marks = Marks::new(&tokens, |id| id != 2);
        assert_eq!(marks.longest("<a>b"), Some((1, 3)));
        assert_eq!(marks.longest("<ab"), Some((0, 2)));
        // Cutting inside a character is no match.
        assert_eq!(marks.longest("<é"), None);
        assert_eq!(marks.longest("é"), None);
        assert_eq!(marks.longest(""), None);
    }
}
