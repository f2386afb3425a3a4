//! Decides places in the order of the ops.

use std::collections::BTreeMap;

use graph::{BackendError, BufferId, Buffers, Graph, LeafKind, Node, Op, TensorType, Value};

use super::{Planned, slots::Slots};
use crate::{
    Buffer,
    ops::{Resolver, copy::Copy, rope::Angles},
    packed::{self, Layout},
    step::{Operand, Place, words},
};

/// What a plan is made of.
pub(super) struct Blueprint<'a> {
    pub(super) steps: Vec<Planned>,
    /// Words of each slot.
    pub(super) slots: Vec<usize>,
    /// What some slots hold from the start.
    pub(super) constants: Vec<(usize, &'a [f32])>,
    /// Every buffer, and whether it may be packed.
    pub(super) buffers: BTreeMap<BufferId, bool>,
}

/// The step after the last: values that leave by a copy are read then.
const END: usize = usize::MAX;

pub(super) struct Planner<'a> {
    graph: &'a Graph,
    slots: Slots,
    /// By value; none for ops that have not been planned yet.
    places: Vec<Option<Place>>,
    /// The op that reads a value last, by value.
    last: Vec<usize>,
    /// Values that are computed straight into the buffer of an output.
    direct: BTreeMap<Value, BufferId>,
    /// Outputs that are copied after the last op.
    copied: Vec<(Value, BufferId)>,
    angles: Vec<(Angles, Operand)>,
    /// Of the buffers that are packed.
    layouts: BTreeMap<BufferId, Layout>,
    blueprint: Blueprint<'a>,
}

impl<'a> Planner<'a> {
    pub(super) fn plan(
        graph: &'a Graph,
        bound: &Buffers,
        buffers: &BTreeMap<BufferId, Buffer>,
    ) -> Result<Blueprint<'a>, BackendError> {
        let mut planner = Planner {
            graph,
            slots: Slots::default(),
            places: vec![None; graph.nodes().len()],
            last: vec![0; graph.nodes().len()],
            direct: BTreeMap::new(),
            copied: Vec::new(),
            angles: Vec::new(),
            layouts: BTreeMap::new(),
            blueprint: Blueprint {
                steps: Vec::new(),
                slots: Vec::new(),
                constants: Vec::new(),
                buffers: BTreeMap::new(),
            },
        };
        planner.bind(bound, buffers)?;
        for (value, op, ty) in graph.ops() {
            planner.op(value, op, ty)?;
        }
        for (value, buffer) in std::mem::take(&mut planner.copied) {
            let from = planner.operand(value);
            planner.push(Place::Buffer(buffer), from.words, Box::new(Copy { from }));
        }
        planner.blueprint.slots = planner.slots.into_sizes();
        Ok(planner.blueprint)
    }

    /// Places of leaves, ways of outputs, and the last readers.
    fn bind(&mut self, bound: &Buffers, buffers: &BTreeMap<BufferId, Buffer>) -> Result<(), BackendError> {
        let graph = self.graph;
        let mut taken = Vec::new();
        let weights = packed::weights(graph);
        for (value, leaf, ty) in graph.leaves() {
            self.places[value.index()] = Some(if let LeafKind::Constant(data) = &leaf.kind {
                let slot = self.slots.keep(words(ty));
                self.blueprint.constants.push((slot, data));
                Place::Slot(slot)
            } else {
                let id = self.buffer(&leaf.name, ty, weights.contains_key(&value), bound, buffers)?;
                taken.push(id);
                Place::Buffer(id)
            });
        }
        for (index, (node, _)) in graph.nodes().iter().enumerate() {
            if let Node::Op(op) = node {
                for input in op.inputs() {
                    self.last[graph.storage(input).index()] = index;
                }
            }
        }
        for output in graph.outputs() {
            let value = graph.storage(output.value);
            let id = self.buffer(&output.name, graph.ty(value), false, bound, buffers)?;
            let computed = matches!(graph.node(value), Node::Op(_));
            if computed && !taken.contains(&id) && !self.direct.contains_key(&value) {
                self.direct.insert(value, id);
            } else {
                // A leaf, a value with two names, or a buffer that a later step may still read.
                self.copied.push((value, id));
                self.last[value.index()] = END;
            }
            taken.push(id);
        }
        Ok(())
    }

    /// The buffer bound to a name, checked.
    fn buffer(
        &mut self,
        name: &str,
        ty: &TensorType,
        may_be_packed: bool,
        bound: &Buffers,
        buffers: &BTreeMap<BufferId, Buffer>,
    ) -> Result<BufferId, BackendError> {
        let id = bound.get(name).copied();
        match id.and_then(|id| Some((id, buffers.get(&id)?))) {
            Some((id, buffer)) if buffer.ty == *ty => {
                // Bound twice, it must suit both.
                *self.blueprint.buffers.entry(id).or_insert(true) &= may_be_packed;
                if let Some(layout) = buffer.packed {
                    self.layouts.insert(id, layout);
                }
                Ok(id)
            }
            found => Err(BackendError::Unbound {
                name: name.into(),
                expected: ty.clone(),
                found: found.map_or_else(|| "nothing".into(), |(_, buffer)| buffer.ty.to_string()),
            }),
        }
    }

    fn operand(&self, value: Value) -> Operand {
        let storage = self.graph.storage(value);
        // Values come before their readers.
        let place = self.places[storage.index()].unwrap_or(Place::Slot(usize::MAX));
        Operand::new(place, self.graph.ty(storage))
    }

    fn op(&mut self, value: Value, op: &Op, ty: &TensorType) -> Result<(), BackendError> {
        let index = value.index();
        let angles = self.angles(op);
        let place = self.result(value, op, ty);
        self.check_operands(op, place)?;
        self.places[index] = Some(place);
        let resolver = Resolver {
            graph: self.graph,
            place: &|value| self.operand(value),
            layouts: &self.layouts,
            out: Operand::new(place, ty),
            angles,
        };
        let step = resolver.step(op)?;
        self.push(place, words(ty), step);

        let mut operands: Vec<Value> = op.inputs().into_iter().map(|input| self.graph.storage(input)).collect();
        operands.sort_unstable();
        operands.dedup();
        for operand in operands {
            if self.last[operand.index()] == index {
                self.release(operand, place);
            }
        }
        if self.last[index] == 0 {
            // Nobody reads it.
            self.release(value, Place::Slot(usize::MAX));
        }
        Ok(())
    }

    /// A buffer bound to two names may make an op read what it writes.
    fn check_operands(&self, op: &Op, result: Place) -> Result<(), BackendError> {
        let cache = matches!(op, Op::Append { .. });
        let mut operands = op.inputs().into_iter().skip(usize::from(cache));
        match operands.find(|&operand| self.operand(operand).place == result && matches!(result, Place::Buffer(_))) {
            None => Ok(()),
            Some(operand) => Err(BackendError::Unsupported {
                op: op.name().into(),
                reason: format!("{} is in the buffer of the result", self.graph.name(operand)),
            }),
        }
    }

    /// Gives back the slot of a computed value, unless a result has taken it over.
    fn release(&mut self, value: Value, heir: Place) {
        let computed = matches!(self.graph.node(value), Node::Op(op) if !matches!(op, Op::Append { .. }));
        if let (true, Some(Place::Slot(slot))) = (computed, self.places[value.index()])
            && heir != Place::Slot(slot)
        {
            self.slots.give(slot);
        }
    }

    /// Where the result of an op goes.
    fn result(&mut self, value: Value, op: &Op, ty: &TensorType) -> Place {
        if let Op::Append { cache, .. } = op {
            return self.operand(*cache).place;
        }
        if let Some(&buffer) = self.direct.get(&value) {
            return Place::Buffer(buffer);
        }
        if let Some(slot) = self.inherited(value, op) {
            return Place::Slot(slot);
        }
        Place::Slot(self.slots.take(words(ty)))
    }

    /// The slot of the first operand, if the op can work in place and nobody reads the operand afterwards.
    fn inherited(&self, value: Value, op: &Op) -> Option<usize> {
        let (input, others) = match *op {
            Op::Add { left, right } | Op::Mul { left, right } => {
                // Of one value with itself the elements still meet themselves.
                let same = self.graph.storage(left) == self.graph.storage(right);
                (left, if same { vec![] } else { vec![right] })
            }
            Op::Scale { input, .. } | Op::Activate { input, .. } | Op::Normalize { input } => (input, vec![]),
            Op::RmsNorm { input, weight, .. } => (input, vec![weight]),
            Op::LayerNorm { input, weight, bias, .. } => (input, vec![weight, bias]),
            Op::Rope { input, .. } => (input, vec![]),
            _ => return None,
        };
        let dies = self.last[input.index()] == value.index() && matches!(self.graph.node(input), Node::Op(_));
        match self.places[self.graph.storage(input).index()] {
            Some(Place::Slot(slot)) if dies && !others.contains(&input) => Some(slot),
            _ => None,
        }
    }

    /// The table of angles of a rope, filled by a step of its own where the first rope needs it.
    fn angles(&mut self, op: &Op) -> Option<Operand> {
        let angles = Angles::of(op)?;
        if let Some((_, operand)) = self.angles.iter().find(|(known, _)| *known == angles) {
            return Some(*operand);
        }
        let words = angles.words(self.graph);
        let operand = Operand { place: Place::Slot(self.slots.keep(words)), rows: 1, columns: words, words };
        let step = angles.step(|value| self.operand(value));
        self.push(operand.place, words, step);
        self.angles.push((angles, operand));
        Some(operand)
    }

    fn push(&mut self, to: Place, words: usize, step: Box<dyn crate::step::Step>) {
        self.blueprint.steps.push(Planned { to, words, step });
    }
}
