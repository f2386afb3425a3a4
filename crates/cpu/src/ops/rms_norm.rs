//! `rms_norm`.

use graph::{BackendError, Op};

use crate::{
    ops::{Resolver, arithmetic::each, mismatched},
    simd,
    step::{Operand, Resources, Step, Store},
};

pub(crate) struct RmsNorm {
    input: Operand,
    weight: Operand,
    epsilon: f32,
    offset: f32,
    to: Operand,
}

impl RmsNorm {
    pub(super) fn new(resolver: &Resolver<'_>, op: &Op) -> Result<Self, BackendError> {
        let &Op::RmsNorm { input, weight, epsilon, offset } = op else {
            return Err(mismatched(op));
        };
        Ok(RmsNorm { input: resolver.at(input), weight: resolver.at(weight), epsilon, offset, to: resolver.out })
    }
}

impl Step for RmsNorm {
    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        let weight = store.reals(self.weight);
        each((self.input, self.to), weight.len(), store, resources, out, |_, out| {
            for run in out.chunks_exact_mut(weight.len()) {
                let mean_square = simd::dot(run, run) / run.len() as f32;
                let scale = 1.0 / (mean_square + self.epsilon).sqrt();
                for (x, w) in run.iter_mut().zip(weight) {
                    *x *= scale * (w + self.offset);
                }
            }
        });
    }
}
