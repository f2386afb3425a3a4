//! `penalize`, by the rules of [`graph::Penalties`].

use graph::Value;

use crate::{
    ops::Resolver,
    step::{Operand, Resources, Step, Store},
};

pub(crate) struct Penalize {
    logits: Operand,
    history: Operand,
    params: Operand,
}

impl Penalize {
    pub(super) fn new(resolver: &Resolver<'_>, logits: Value, history: Value, params: Value) -> Self {
        Penalize { logits: resolver.at(logits), history: resolver.at(history), params: resolver.at(params) }
    }
}

/// Set in the count of a token that the window holds.
const RECENT: u32 = 1 << 31;

impl Step for Penalize {
    /// A count for every token of the vocabulary.
    fn scratch(&self, _threads: usize) -> usize {
        self.logits.columns
    }

    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        let columns = self.logits.columns;
        let params = store.words(self.params);
        let [repetition, frequency, presence] = [0, 1, 2].map(|word| f32::from_bits(params[word]));
        let [window, prompt, length] = [3, 4, 5].map(|word| params[word] as usize);
        let history = store.words(self.history);
        let history = &history[..length.min(history.len())];

        let counts = &mut resources.scratch[..columns];
        counts.fill(0);
        for &id in &history[history.len().saturating_sub(window)..] {
            if let Some(count) = counts.get_mut(id as usize) {
                *count |= RECENT;
            }
        }
        for &id in history.get(prompt..).unwrap_or_default() {
            if let Some(count) = counts.get_mut(id as usize) {
                *count += 1;
            }
        }

        let out: &mut [f32] = bytemuck::cast_slice_mut(out);
        out.copy_from_slice(store.reals(self.logits));
        for row in out.chunks_exact_mut(columns) {
            for (logit, &count) in row.iter_mut().zip(&*counts).filter(|(_, count)| **count != 0) {
                if count & RECENT != 0 {
                    *logit = if *logit > 0.0 { *logit / repetition } else { *logit * repetition };
                }
                let times = count & !RECENT;
                if times > 0 {
                    *logit -= times as f32 * frequency + presence;
                }
            }
        }
    }
}
