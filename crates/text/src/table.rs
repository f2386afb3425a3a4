//! Token texts in one piece with a lookup by text: 262,144 tokens cost their text and twelve bytes each.

use std::hash::{BuildHasher, RandomState};

/// Ids by text and texts by id. Of two equal texts the lower id is found.
pub(crate) struct Table {
    text: String,
    ends: Vec<u32>,
    /// Open addressing: `id + 1`, or 0 for free. The size is a power of two at least twice the tokens indexed.
    slots: Vec<u32>,
    hasher: RandomState,
}

impl Table {
    /// A table of `tokens`; texts whose id `indexed` refuses are kept but not found by text.
    pub(crate) fn new(tokens: &[String], indexed: impl Fn(usize) -> bool) -> Self {
        let mut table = Table {
            text: String::with_capacity(tokens.iter().map(String::len).sum()),
            ends: Vec::with_capacity(tokens.len()),
            slots: vec![0; (tokens.len() * 2).next_power_of_two()],
            hasher: RandomState::new(),
        };
        for token in tokens {
            table.text.push_str(token);
            table.ends.push(table.text.len() as u32);
        }
        for (id, token) in tokens.iter().enumerate().filter(|(id, _)| indexed(*id)) {
            let slot = table.slot(token);
            if table.slots[slot] == 0 {
                table.slots[slot] = id as u32 + 1;
            }
        }
        table
    }

    /// Number of tokens.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of token `id`.
    pub(crate) fn get(&self, id: u32) -> Option<&str> {
        let id = id as usize;
        let end = *self.ends.get(id)? as usize;
        let start = id.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }

    /// The id of the indexed token whose text is `token`.
    pub(crate) fn id(&self, token: &str) -> Option<u32> {
        self.slots[self.slot(token)].checked_sub(1)
    }

    /// Where `token` is, or the free slot where it would go.
    fn slot(&self, token: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.hasher.hash_one(token) as usize & mask;
        while let Some(id) = self.slots[slot].checked_sub(1) {
            if self.get(id) == Some(token) {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_indexed() {
        let tokens: Vec<String> = (0..1000).map(|n| format!("t{n}")).chain(["t7".into(), String::new()]).collect();
        let table = Table::new(&tokens, |id| id != 9);
        assert_eq!(table.len(), 1002);
        assert_eq!(table.id("t7"), Some(7));
        assert_eq!(table.id("t999"), Some(999));
        assert_eq!(table.id(""), Some(1001));
        assert_eq!(table.id("t9"), None);
        assert_eq!(table.get(9), Some("t9"));
        assert_eq!(table.id("x"), None);
        assert_eq!(table.get(1002), None);
    }
}
