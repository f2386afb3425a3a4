//! `argmax`.

use graph::Value;

use crate::{
    math,
    ops::Resolver,
    step::{Operand, Resources, Step, Store},
};

pub(crate) struct Argmax {
    input: Operand,
}

impl Argmax {
    pub(super) fn new(resolver: &Resolver<'_>, input: Value) -> Self {
        Argmax { input: resolver.at(input) }
    }
}

impl Step for Argmax {
    fn run(&self, store: &Store<'_>, _resources: &mut Resources<'_>, out: &mut [u32]) {
        let rows = store.reals(self.input).chunks_exact(self.input.columns);
        for (row, out) in rows.zip(out) {
            *out = largest(row);
        }
    }
}

/// The first of the largest; 0 if there are no numbers.
fn largest(row: &[f32]) -> u32 {
    let max = math::largest(row);
    row.iter().position(|&x| x == max).unwrap_or(0) as u32
}
