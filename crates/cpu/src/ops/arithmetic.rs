//! `add`, `mul` and `scale`: on the left operand in place, where nobody reads it afterwards.

use graph::Value;

use crate::{
    ops::Resolver,
    step::{Operand, Step, Store},
};

/// The left operand into `out`, unless it is there already.
pub(super) fn start<'a>(store: &Store<'_>, left: Operand, to: Operand, out: &'a mut [u32]) -> &'a mut [f32] {
    if left.place != to.place {
        out.copy_from_slice(store.words(left));
    }
    bytemuck::cast_slice_mut(out)
}

/// `out = f(out, right)`, with `right` of the same shape or one row. `right` may be in the place of `out`.
fn zip(step: &Binary, store: &Store<'_>, out: &mut [u32], f: impl Fn(f32, f32) -> f32) {
    let Binary { left, right, to } = *step;
    let out = start(store, left, to, out);
    if right.place == to.place {
        out.iter_mut().for_each(|x| *x = f(*x, *x));
        return;
    }
    let right = store.reals(right);
    for out in out.chunks_exact_mut(right.len()) {
        for (x, r) in out.iter_mut().zip(right) {
            *x = f(*x, *r);
        }
    }
}

struct Binary {
    left: Operand,
    right: Operand,
    to: Operand,
}

pub(crate) struct Add(Binary);

impl Add {
    pub(super) fn new(resolver: &Resolver<'_>, left: Value, right: Value) -> Self {
        Add(Binary { left: resolver.at(left), right: resolver.at(right), to: resolver.out })
    }
}

impl Step for Add {
    fn run(&self, store: &Store<'_>, _scratch: &mut [u32], out: &mut [u32]) {
        zip(&self.0, store, out, |l, r| l + r);
    }
}

pub(crate) struct Mul(Binary);

impl Mul {
    pub(super) fn new(resolver: &Resolver<'_>, left: Value, right: Value) -> Self {
        Mul(Binary { left: resolver.at(left), right: resolver.at(right), to: resolver.out })
    }
}

impl Step for Mul {
    fn run(&self, store: &Store<'_>, _scratch: &mut [u32], out: &mut [u32]) {
        zip(&self.0, store, out, |l, r| l * r);
    }
}

pub(crate) struct Scale {
    input: Operand,
    factor: f32,
    to: Operand,
}

impl Scale {
    pub(super) fn new(resolver: &Resolver<'_>, input: Value, factor: f32) -> Self {
        Scale { input: resolver.at(input), factor, to: resolver.out }
    }
}

impl Step for Scale {
    fn run(&self, store: &Store<'_>, _scratch: &mut [u32], out: &mut [u32]) {
        let out = start(store, self.input, self.to, out);
        out.iter_mut().for_each(|x| *x *= self.factor);
    }
}
