//! A graph made ready: every value has its place and every op is a step. All memory is claimed here; a run claims none.

mod planner;
mod slots;

use std::{collections::BTreeMap, mem};

use graph::{BackendError, BufferId, Buffers, Graph};

use crate::{
    Buffer, claim, packed_already,
    step::{Place, Resources, Step, Store},
};
use planner::Planner;

/// A graph, ready to run.
pub(crate) struct Plan {
    steps: Vec<Planned>,
    slots: Vec<Vec<u32>>,
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
        let mut slots = Vec::with_capacity(planned.slots.len());
        for &size in &planned.slots {
            slots.push(claim(size, "intermediate results")?);
        }
        for (slot, data) in planned.constants {
            slots[slot].copy_from_slice(bytemuck::cast_slice(data));
        }
        let scratch = planned.steps.iter().map(|planned| planned.step.scratch(threads)).max();
        Ok(Plan { steps: planned.steps, slots, scratch: scratch.unwrap_or(0), buffers: planned.buffers })
    }

    /// Number of steps.
    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> u64 {
        self.slots.iter().map(Vec::len).sum::<usize>() as u64 * 4
    }

    /// Runs every step. Plans share the scratch memory: they run one after the other.
    pub(crate) fn run(
        &mut self,
        buffers: &mut BTreeMap<BufferId, Buffer>,
        mut resources: Resources<'_>,
    ) -> Result<(), BackendError> {
        for (id, may_be_packed) in &self.buffers {
            let buffer = buffers.get(id).ok_or(BackendError::BadBuffer(*id))?;
            if buffer.packed.is_some() && !may_be_packed {
                return Err(packed_already(&buffer.ty));
            }
        }
        let Plan { steps, slots, .. } = self;
        for Planned { to, words, step } in steps {
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
