//! `layer_norm`: the mean first, then the variance around it.

use graph::{BackendError, Op};

use crate::{
    ops::{Resolver, arithmetic::each, mismatched},
    simd,
    step::{Operand, Resources, Step, Store},
};

pub(crate) struct LayerNorm {
    input: Operand,
    weight: Operand,
    bias: Operand,
    epsilon: f32,
    to: Operand,
}

impl LayerNorm {
    pub(super) fn new(resolver: &Resolver<'_>, op: &Op) -> Result<Self, BackendError> {
        let &Op::LayerNorm { input, weight, bias, epsilon } = op else {
            return Err(mismatched(op));
        };
        Ok(LayerNorm {
            input: resolver.at(input),
            weight: resolver.at(weight),
            bias: resolver.at(bias),
            epsilon,
            to: resolver.out,
        })
    }
}

impl Step for LayerNorm {
    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        let (weight, bias) = (store.reals(self.weight), store.reals(self.bias));
        each((self.input, self.to), weight.len(), store, resources, out, |_, out| {
            for row in out.chunks_exact_mut(weight.len()) {
                let mean = simd::sum(row) / row.len() as f32;
                row.iter_mut().for_each(|x| *x -= mean);
                let variance = simd::dot(row, row) / row.len() as f32;
                let scale = 1.0 / (variance + self.epsilon).sqrt();
                for ((x, w), b) in row.iter_mut().zip(weight).zip(bias) {
                    *x = *x * scale * w + b;
                }
            }
        });
    }
}
