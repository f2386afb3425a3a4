//! Memory of a plan, in slots: a value takes a slot from its step until its last reader, then others may have it.

/// Which slots there are and which are free.
#[derive(Default)]
pub(super) struct Slots {
    sizes: Vec<usize>,
    free: Vec<usize>,
}

impl Slots {
    /// A slot of at least so many words: the smallest free one that is large enough, else the largest free one, grown,
    /// else a new one.
    pub(super) fn take(&mut self, words: usize) -> usize {
        let size = |&i: &usize| self.sizes[self.free[i]];
        let places = 0..self.free.len();
        let fitting = places.clone().filter(|i| size(i) >= words).min_by_key(size);
        match fitting.or_else(|| places.max_by_key(size)) {
            Some(place) => {
                let slot = self.free.swap_remove(place);
                self.sizes[slot] = self.sizes[slot].max(words);
                slot
            }
            None => {
                self.sizes.push(words);
                self.sizes.len() - 1
            }
        }
    }

    /// A slot of its own, of exactly so many words, that nobody may have later.
    pub(super) fn keep(&mut self, words: usize) -> usize {
        self.sizes.push(words);
        self.sizes.len() - 1
    }

    /// Gives a slot back.
    pub(super) fn give(&mut self, slot: usize) {
        debug_assert!(!self.free.contains(&slot), "slot {slot} was given back twice");
        self.free.push(slot);
    }

    /// Words of each slot.
    pub(super) fn into_sizes(self) -> Vec<usize> {
        self.sizes
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;

    #[test]
    fn slots_are_reused_best_fit_first() {
        let mut slots = Slots::default();
        let (small, large) = (slots.take(10), slots.take(100));
        let kept = slots.keep(7);
        slots.give(small);
        slots.give(large);
        assert_eq!(slots.take(9), small);
        assert_eq!(slots.take(101), large);
        assert_eq!(slots.take(1), kept + 1);
        assert_eq!(slots.into_sizes(), [10, 101, 7, 1]);
    }
}
