//! One module an op. Each resolves an [`Op`] over the places of its operands into a [`Step`].

mod activate;
mod append;
mod argmax;
mod arithmetic;
mod attention;
pub(crate) mod copy;
mod gather;
mod layer_norm;
mod linear;
mod mask_logits;
mod mean_pool;
mod normalize;
mod penalize;
mod rms_norm;
pub(crate) mod rope;
mod sample;

use std::collections::BTreeMap;

use graph::{BackendError, BufferId, Graph, Op, Value};

use crate::{
    packed::Layout,
    step::{Operand, Place, Step},
};

/// Looks up the operands of the op being resolved.
pub(crate) struct Resolver<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) place: &'a dyn Fn(Value) -> Operand,
    /// Of the weights that are packed.
    pub(crate) layouts: &'a BTreeMap<BufferId, Layout>,
    /// Where the result goes.
    pub(crate) out: Operand,
    /// Cosines and sines of a rope, which the plan computes once for all ropes alike.
    pub(crate) angles: Option<Operand>,
}

impl Resolver<'_> {
    fn at(&self, value: Value) -> Operand {
        (self.place)(value)
    }

    fn dtype(&self, value: Value) -> graph::DType {
        self.graph.ty(value).dtype
    }

    fn layout(&self, value: Value) -> Option<Layout> {
        match self.at(value).place {
            Place::Buffer(id) => self.layouts.get(&id).copied(),
            Place::Slot(_) => None,
        }
    }

    /// The step that computes an op.
    pub(crate) fn step(&self, op: &Op) -> Result<Box<dyn Step>, BackendError> {
        Ok(match op {
            Op::Gather { table, index } => Box::new(gather::Gather::new(self, *table, *index)?),
            Op::Linear { input, weight, bias } => Box::new(linear::Linear::new(self, *input, *weight, *bias)?),
            Op::Add { left, right } => Box::new(arithmetic::Add::new(self, *left, *right)),
            Op::Mul { left, right } => Box::new(arithmetic::Mul::new(self, *left, *right)),
            Op::Scale { input, factor } => Box::new(arithmetic::Scale::new(self, *input, *factor)),
            Op::Activate { input, function } => Box::new(activate::Activate::new(self, *input, *function)),
            Op::RmsNorm { .. } => Box::new(rms_norm::RmsNorm::new(self, op)?),
            Op::LayerNorm { .. } => Box::new(layer_norm::LayerNorm::new(self, op)?),
            Op::Rope { .. } => Box::new(rope::Rope::new(self, op)?),
            Op::Append { input, positions, .. } if self.dtype(*input) == graph::DType::U32 => {
                Box::new(append::AppendIds::new(self, *input, *positions))
            }
            Op::Append { input, positions, .. } => Box::new(append::Append::new(self, *input, *positions)),
            Op::Attention { .. } => Box::new(attention::Attention::new(self, op)?),
            Op::MeanPool { input, offsets } => Box::new(mean_pool::MeanPool::new(self, *input, *offsets)),
            Op::Normalize { input } => Box::new(normalize::Normalize::new(self, *input)),
            Op::Argmax { input } => Box::new(argmax::Argmax::new(self, *input)),
            Op::Penalize { logits, history, params } => {
                Box::new(penalize::Penalize::new(self, *logits, *history, *params))
            }
            Op::MaskLogits { logits, mask } => Box::new(mask_logits::MaskLogits::new(self, *logits, *mask)),
            Op::Sample { logits, params } => Box::new(sample::Sample::new(self, *logits, *params)),
        })
    }
}

/// An op reached the constructor of another; cannot happen through [`Resolver::step`].
fn mismatched(op: &Op) -> BackendError {
    BackendError::Unsupported { op: op.name().into(), reason: "resolved as another op".into() }
}
