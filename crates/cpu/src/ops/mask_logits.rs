//! `mask_logits`.

use graph::{EXCLUDED, Value};

use crate::{
    ops::Resolver,
    step::{Operand, Resources, Step, Store},
};

pub(crate) struct MaskLogits {
    logits: Operand,
    mask: Operand,
}

impl MaskLogits {
    pub(super) fn new(resolver: &Resolver<'_>, logits: Value, mask: Value) -> Self {
        MaskLogits { logits: resolver.at(logits), mask: resolver.at(mask) }
    }
}

impl Step for MaskLogits {
    fn run(&self, store: &Store<'_>, _resources: &mut Resources<'_>, out: &mut [u32]) {
        let mask = store.words(self.mask);
        let out: &mut [f32] = bytemuck::cast_slice_mut(out);
        out.copy_from_slice(store.reals(self.logits));
        for row in out.chunks_exact_mut(self.logits.columns) {
            for (logits, word) in row.chunks_mut(32).zip(mask).filter(|(_, word)| **word != u32::MAX) {
                let excluded = logits.iter_mut().enumerate().filter(|(bit, _)| word >> bit & 1 == 0);
                excluded.for_each(|(_, logit)| *logit = EXCLUDED);
            }
        }
    }
}
