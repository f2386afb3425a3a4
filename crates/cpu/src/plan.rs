//! A graph made ready: every value has its place and every op is a step. All memory is claimed when a plan is made; a run
//! claims none.

mod planner;
mod slots;

use std::{collections::BTreeMap, mem};

use graph::{BackendError, BufferId, Buffers, Graph};

use crate::{
    Buffer, claim, packed_already,
    step::{Place, Resources, Step, Store},
};
use planner::{Blueprint, Planner};

/// A graph, ready to run.
pub(crate) struct Plan {
    steps: Vec<Planned>,
    /// Words of each slot.
    slots: Vec<usize>,
    /// What some slots hold when a run begins.
    constants: Vec<(usize, Vec<u32>)>,
    /// Words that the steps need while they run.
    pub(crate) scratch: usize,
    /// Every buffer that a step reads or writes, and whether it may be packed.
    buffers: BTreeMap<BufferId, bool>,
}

/// A step and where its result goes.
struct Planned {
    to: Place,
    words: usize,
    step: Box<dyn Step>,
}

impl Plan {
    /// Plans a graph over the buffers of a backend, for so many threads.
    pub(crate) fn new(
        graph: &Graph,
        bound: &Buffers,
        buffers: &BTreeMap<BufferId, Buffer>,
        threads: usize,
    ) -> Result<Plan, BackendError> {
        let planned = Planner::plan(graph, bound, buffers)?;
        let constants = planned.constants.into_iter().map(|(slot, data)| (slot, bytemuck::cast_slice(data).to_vec()));
        let constants = constants.collect();
        let scratch = planned.steps.iter().map(|planned| planned.step.scratch(threads)).max();
        let Blueprint { steps, slots, buffers, .. } = planned;
        Ok(Plan { steps, slots, constants, scratch: scratch.unwrap_or(0), buffers })
    }

    /// Number of steps.
    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> u64 {
        self.constants.iter().map(|(_, words)| words.len()).sum::<usize>() as u64 * 4
    }

    /// Makes the shared slots as long as this plan needs them.
    pub(crate) fn claim(&self, shared: &mut Vec<Vec<u32>>) -> Result<(), BackendError> {
        shared.resize_with(shared.len().max(self.slots.len()), Vec::new);
        for (slot, &words) in shared.iter_mut().zip(&self.slots) {
            if slot.len() < words {
                *slot = claim(words, "intermediate results")?;
            }
        }
        Ok(())
    }

    /// Runs every step. Plans share slots and scratch memory: they run one after the other.
    pub(crate) fn run(
        &self,
        slots: &mut [Vec<u32>],
        buffers: &mut BTreeMap<BufferId, Buffer>,
        mut resources: Resources<'_>,
    ) -> Result<(), BackendError> {
        for (id, may_be_packed) in &self.buffers {
            let buffer = buffers.get(id).ok_or(BackendError::BadBuffer(*id))?;
            if buffer.packed.is_some() && !may_be_packed {
                return Err(packed_already(&buffer.ty));
            }
        }
        for (slot, words) in &self.constants {
            slots[*slot][..words.len()].copy_from_slice(words);
        }
        for Planned { to, words, step } in &self.steps {
            // The result is taken out while the step runs: all else can be read, and it can be written.
            let mut out = mem::take(memory(*to, slots, buffers)?);
            let store = Store { buffers, slots };
            step.run(&store, &mut resources, &mut out[..*words]);
            *memory(*to, slots, buffers)? = out;
        }
        Ok(())
    }
}

fn memory<'a>(
    place: Place,
    slots: &'a mut [Vec<u32>],
    buffers: &'a mut BTreeMap<BufferId, Buffer>,
) -> Result<&'a mut Vec<u32>, BackendError> {
    match place {
        Place::Slot(slot) => Ok(&mut slots[slot]),
        Place::Buffer(id) => {
            let buffer = buffers.get_mut(&id).ok_or(BackendError::BadBuffer(id))?;
            Ok(&mut buffer.words)
        }
    }
}
