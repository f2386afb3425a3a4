//! `normalize`.

use graph::Value;

use crate::{
    ops::{Resolver, arithmetic::start},
    simd,
    step::{Operand, Step, Store},
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
    fn run(&self, store: &Store<'_>, _scratch: &mut [u32], out: &mut [u32]) {
        for row in start(store, self.input, self.to, out).chunks_exact_mut(self.input.columns) {
            let scale = 1.0 / simd::dot(row, row).sqrt().max(1e-12);
            row.iter_mut().for_each(|x| *x *= scale);
        }
    }
}
