//! Where the values of a step live: pure planning, no GPU.

use std::collections::BTreeMap;

use graph::{BufferId, Buffers, Graph, LeafKind, Node, Op, Value};

use crate::{fuse::Program, tensor::padded};

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the buffer bound to its leaf, or to the output that it is.
    Bound(BufferId),
    /// In a scratch buffer, by number.
    Slot(usize),
    /// A constant, by number.
    Constant(usize),
}

/// The plan of a step's memory.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Place of every value, by index.
    pub places: Vec<Option<Place>>,
    /// Bytes of the scratch buffers.
    pub slots: Vec<u64>,
    /// Outputs that no kernel writes in place: the value and the output's buffer.
    pub copies: Vec<(Value, BufferId)>,
}

impl Layout {
    /// Reuses a scratch buffer as soon as the last reader of its value has run; an output is written where it is read.
    /// Every name of a leaf or output must be in `buffers`.
    pub fn of(graph: &Graph, program: &Program, buffers: &Buffers) -> Layout {
        let count = graph.nodes().len();
        let mut layout = Layout { places: vec![None; count], ..Layout::default() };
        layout.leaves(graph, buffers);
        let mut taken: Vec<BufferId> = layout.places.iter().flatten().filter_map(bound).collect();
        for output in graph.outputs() {
            let buffer = buffers[&output.name];
            let at = output.value.index();
            let computed = matches!(graph.node(output.value), Node::Op(op) if !matches!(op, Op::Append { .. }));
            if computed && layout.places[at].is_none() && !taken.contains(&buffer) {
                layout.places[at] = Some(Place::Bound(buffer));
                taken.push(buffer);
            } else {
                layout.copies.push((output.value, buffer));
            }
        }
        layout.scratch(graph, program);
        layout
    }

    /// Place of a value; an appended cache is where its state is, a view where its root is.
    pub fn place(&self, graph: &Graph, program: &Program, value: Value) -> Option<Place> {
        self.places[program.root(graph, value).index()]
    }

    fn leaves(&mut self, graph: &Graph, buffers: &Buffers) {
        let mut constants = 0;
        for (value, leaf, _) in graph.leaves() {
            self.places[value.index()] = Some(match leaf.kind {
                LeafKind::Constant(_) => {
                    constants += 1;
                    Place::Constant(constants - 1)
                }
                _ => Place::Bound(buffers[&leaf.name]),
            });
        }
    }

    fn scratch(&mut self, graph: &Graph, program: &Program) {
        // Number of the last stage that reads each value; copies of outputs read after all.
        let mut last: BTreeMap<usize, usize> = BTreeMap::new();
        for (now, stage) in program.stages.iter().enumerate() {
            for input in stage.reads(graph) {
                last.insert(program.root(graph, input).index(), now);
            }
        }
        for (value, _) in &self.copies {
            last.insert(program.root(graph, *value).index(), usize::MAX);
        }
        let mut free: Vec<usize> = Vec::new();
        let mut live: Vec<(usize, usize)> = Vec::new(); // (last reader, slot)
        for (now, stage) in program.stages.iter().enumerate() {
            live.retain(|&(end, slot)| {
                if end < now {
                    free.push(slot);
                }
                end >= now
            });
            for (value, bytes) in stage.writes(graph) {
                let at = value.index();
                if self.places[at].is_some() {
                    continue;
                }
                let slot = self.take(&mut free, padded(bytes));
                self.places[at] = Some(Place::Slot(slot));
                live.push((last.get(&at).copied().unwrap_or(now), slot));
            }
        }
    }

    /// The smallest free slot that is large enough, else the largest free one, grown, else a new one.
    fn take(&mut self, free: &mut Vec<usize>, bytes: u64) -> usize {
        let fits = |&&slot: &&usize| self.slots[slot] >= bytes;
        let best = free.iter().filter(fits).min_by_key(|&&slot| self.slots[slot]);
        let best = best.or_else(|| free.iter().max_by_key(|&&slot| self.slots[slot])).copied();
        match best {
            Some(slot) => {
                free.retain(|&other| other != slot);
                self.slots[slot] = self.slots[slot].max(bytes);
                slot
            }
            None => {
                self.slots.push(bytes);
                self.slots.len() - 1
            }
        }
    }
}

fn bound(place: &Place) -> Option<BufferId> {
    match place {
        Place::Bound(buffer) => Some(*buffer),
        _ => None,
    }
}
