//! `append`: rows into a cache that is both operand and result.

use graph::Value;
use half::{
    f16,
    slice::{HalfBitsSliceExt, HalfFloatSliceExt},
};

use crate::{
    ops::Resolver,
    step::{Operand, Resources, Step, Store},
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
    fn run(&self, store: &Store<'_>, _resources: &mut Resources<'_>, out: &mut [u32]) {
        let columns = self.input.columns;
        let bits: &mut [u16] = bytemuck::cast_slice_mut(out);
        let cache: &mut [f16] = bits.reinterpret_cast_mut();
        let rows = store.reals(self.input).chunks_exact(columns);
        for (row, &position) in rows.zip(store.words(self.positions)) {
            // Past the capacity lies padding, too.
            let start = (position as usize).checked_mul(columns);
            let slot = start.and_then(|start| cache.get_mut(start..)?.get_mut(..columns));
            if let Some(slot) = slot {
                slot.convert_from_f32_slice(row);
                for half in slot.iter_mut().filter(|half| half.is_infinite()) {
                    *half = f16::MAX.copysign(*half);
                }
            }
        }
    }
}

/// The same of ids: words into a cache of words.
pub(crate) struct AppendIds {
    ids: Operand,
    positions: Operand,
}

impl AppendIds {
    pub(super) fn new(resolver: &Resolver<'_>, ids: Value, positions: Value) -> Self {
        AppendIds { ids: resolver.at(ids), positions: resolver.at(positions) }
    }
}

impl Step for AppendIds {
    fn run(&self, store: &Store<'_>, _resources: &mut Resources<'_>, out: &mut [u32]) {
        for (&id, &position) in store.words(self.ids).iter().zip(store.words(self.positions)) {
            if let Some(slot) = out.get_mut(position as usize) {
                *slot = id;
            }
        }
    }
}
