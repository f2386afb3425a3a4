//! The small constants of a program in one buffer: a kernel may bind eight, and a layer has more norms and biases than that.

use std::collections::BTreeMap;

use graph::{Graph, Op, Value};

use super::{Heads, Input, Linear, Stage, op};
use crate::params::turns;

/// Which vectors lie where, in words. Each starts at a multiple of four.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    /// Weights and constants, f32.
    pub leaves: BTreeMap<Value, u32>,
    /// Turns of ropes.
    pub tables: BTreeMap<Vec<u32>, u32>,
    /// Words of all.
    pub words: u32,
}

impl Vectors {
    /// Those that the fused stages of a program read.
    pub(super) fn of(graph: &Graph, stages: &[Stage]) -> Vectors {
        let mut vectors = Vectors::default();
        for stage in stages {
            match stage {
                Stage::Op(_) | Stage::Gather { .. } => {}
                Stage::Linear(linear) => vectors.linear(graph, linear),
                Stage::Attention(heads) | Stage::Heads(heads) => vectors.heads(graph, heads),
            }
        }
        vectors
    }

    /// First word of a leaf.
    pub(crate) fn leaf(&self, value: Value) -> u32 {
        self.leaves.get(&value).copied().unwrap_or(0)
    }

    /// First word of the turns of a rope.
    pub(crate) fn turns(&self, rope: &Op) -> u32 {
        self.tables.get(&turns(rope)).copied().unwrap_or(0)
    }

    fn linear(&mut self, graph: &Graph, linear: &Linear) {
        for bias in linear.parts.iter().filter_map(|part| part.bias) {
            self.add(graph, bias);
        }
        match linear.input {
            Input::Plain(_) | Input::Splits { .. } => {}
            Input::RmsNorm(norm) | Input::LayerNorm(norm) => self.norm(graph, norm),
            Input::RmsSum { norm, inner, .. } => {
                self.norm(graph, norm);
                self.norm(graph, inner);
            }
        }
    }

    fn heads(&mut self, graph: &Graph, heads: &Heads) {
        for norm in heads.norms.into_iter().flatten() {
            self.norm(graph, norm);
        }
        let Some(rope) = op(graph, heads.rope) else { return };
        if let Op::Rope { factors: Some(factors), .. } = rope {
            self.add(graph, *factors);
        }
        let table = turns(rope);
        let words = table.len() as u32;
        let at = self.words;
        if *self.tables.entry(table).or_insert(at) == at {
            self.words += words.next_multiple_of(4);
        }
    }

    /// Everything but the first operand of a norm.
    fn norm(&mut self, graph: &Graph, norm: Value) {
        for value in op(graph, norm).map(Op::inputs).unwrap_or_default().into_iter().skip(1) {
            self.add(graph, value);
        }
    }

    fn add(&mut self, graph: &Graph, leaf: Value) {
        let at = self.words;
        if *self.leaves.entry(leaf).or_insert(at) == at {
            self.words += (graph.ty(leaf).shape.columns() as u32).next_multiple_of(4);
        }
    }
}
