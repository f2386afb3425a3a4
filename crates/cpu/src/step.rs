//! One op of a plan, resolved: where its operands are, what it needs while it runs.

use std::collections::BTreeMap;

use graph::{BufferId, TensorType};

use crate::{packed::Layout, pool::Pool, precision::Precision};

/// Where a value of a plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A buffer of the backend: leaves and outputs.
    Buffer(BufferId),
    /// Memory that plans share, by slot: what a step leaves for later steps, and constants.
    Slot(usize),
}

/// A value as a step sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand {
    /// Where it is.
    pub(crate) place: Place,
    /// Its rows.
    pub(crate) rows: usize,
    /// Its columns.
    pub(crate) columns: usize,
    /// Its 32-bit words, the last one padded.
    pub(crate) words: usize,
}

impl Operand {
    pub(crate) fn new(place: Place, ty: &TensorType) -> Operand {
        Operand { place, rows: ty.shape.rows(), columns: ty.shape.columns(), words: words(ty) }
    }
}

/// 32-bit words of a tensor; `usize::MAX` of one that fits no memory.
pub(crate) fn words(ty: &TensorType) -> usize {
    let words = ty.bytes().map_or(u64::MAX, |bytes| bytes.div_ceil(4));
    usize::try_from(words).unwrap_or(usize::MAX)
}

/// Everything a step may read. The result of the step is taken out while it runs, so that it can be written.
pub(crate) struct Store<'a> {
    /// Buffers of the backend.
    pub(crate) buffers: &'a BTreeMap<BufferId, crate::Buffer>,
    /// Slots of the backend.
    pub(crate) slots: &'a [Vec<u32>],
}

impl Store<'_> {
    /// The words of a value. Plans check before a run that all their buffers are there.
    pub(crate) fn words(&self, operand: Operand) -> &[u32] {
        let all: &[u32] = match operand.place {
            Place::Buffer(id) => self.buffers.get(&id).map_or(&[], |buffer| &buffer.words),
            Place::Slot(slot) => &self.slots[slot],
        };
        &all[..operand.words]
    }

    /// An f32 value.
    pub(crate) fn reals(&self, operand: Operand) -> &[f32] {
        bytemuck::cast_slice(self.words(operand))
    }

    /// A weight as it was written.
    pub(crate) fn bytes(&self, operand: Operand) -> &[u8] {
        bytemuck::cast_slice(self.words(operand))
    }

    /// A weight that is packed.
    pub(crate) fn packed(&self, operand: Operand) -> Option<(Layout, &[u8])> {
        let Place::Buffer(id) = operand.place else { return None };
        let buffer = self.buffers.get(&id)?;
        Some((buffer.packed?, bytemuck::cast_slice(&buffer.words)))
    }
}

/// What a step may use while it runs.
pub(crate) struct Resources<'a> {
    /// Memory, at least as much as the step has asked for.
    pub(crate) scratch: &'a mut [u32],
    /// Threads.
    pub(crate) pool: &'a mut Pool,
    /// How finely activations are rounded.
    pub(crate) precision: Precision,
}

/// A resolved op.
pub(crate) trait Step {
    /// Words of memory that the step needs while it runs on so many threads, on top of its operands.
    fn scratch(&self, _threads: usize) -> usize {
        0
    }

    /// Computes the whole result. `out` holds what its place held before.
    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]);
}
