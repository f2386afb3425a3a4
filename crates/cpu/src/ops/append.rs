//! `append`: rows into a cache that is both operand and result.

use graph::Value;

use crate::{
    ops::Resolver,
    step::{Operand, Step, Store},
};

pub(crate) struct Append {
    input: Operand,
    positions: Operand,
}

impl Append {
    pub(super) fn new(resolver: &Resolver<'_>, input: Value, positions: Value) -> Self {
        Append { input: resolver.at(input), positions: resolver.at(positions) }
    }
}

impl Step for Append {
    fn run(&self, store: &Store<'_>, _scratch: &mut [u32], out: &mut [u32]) {
        let columns = self.input.columns;
        let rows = store.words(self.input).chunks_exact(columns);
        for (row, &position) in rows.zip(store.words(self.positions)) {
            // Past the capacity lies padding, too.
            let start = (position as usize).checked_mul(columns);
            let slot = start.and_then(|start| out.get_mut(start..)?.get_mut(..columns));
            if let Some(slot) = slot {
                slot.copy_from_slice(row);
            }
        }
    }
}
