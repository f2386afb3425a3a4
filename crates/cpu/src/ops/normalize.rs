//! `normalize`.

use graph::Value;

use crate::{
    ops::{Resolver, arithmetic::each},
    simd,
    step::{Operand, Resources, Step, Store},
};

pub(crate) struct Normalize {
    input: Operand,
    to: Operand,
}

impl Normalize {
    pub(super) fn new(resolver: &Resolver<'_>, input: Value) -> Self {
        Normalize { input: resolver.at(input), to: resolver.out }
    }
}

impl Step for Normalize {
    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        let columns = self.input.columns;
        each((self.input, self.to), columns, store, resources, out, |_, out| {
            for row in out.chunks_exact_mut(columns) {
                let scale = 1.0 / simd::dot(row, row).sqrt().max(1e-12);
                row.iter_mut().for_each(|x| *x *= scale);
            }
        });
    }
}
