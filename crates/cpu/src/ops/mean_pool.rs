//! `mean_pool`.

use graph::Value;

use crate::{
    ops::Resolver,
    step::{Operand, Resources, Step, Store},
};

pub(crate) struct MeanPool {
    input: Operand,
    offsets: Operand,
}

impl MeanPool {
    pub(super) fn new(resolver: &Resolver<'_>, input: Value, offsets: Value) -> Self {
        MeanPool { input: resolver.at(input), offsets: resolver.at(offsets) }
    }
}

impl Step for MeanPool {
    fn run(&self, store: &Store<'_>, _resources: &mut Resources<'_>, out: &mut [u32]) {
        let Operand { rows, columns, .. } = self.input;
        let input = store.reals(self.input);
        let out: &mut [f32] = bytemuck::cast_slice_mut(out);
        out.fill(0.0);
        let sequences = store.words(self.offsets).windows(2);
        for (sequence, out) in sequences.zip(out.chunks_exact_mut(columns)) {
            let (first, end) = (sequence[0] as usize, (sequence[1] as usize).min(rows));
            if first >= end {
                continue;
            }
            for row in input[first * columns..end * columns].chunks_exact(columns) {
                for (sum, x) in out.iter_mut().zip(row) {
                    *sum += x;
                }
            }
            let scale = 1.0 / (end - first) as f32;
            out.iter_mut().for_each(|x| *x *= scale);
        }
    }
}
