//! `add`, `mul` and `scale`: on the left operand in place, where nobody reads it afterwards.

use graph::Value;

use crate::{
    ops::Resolver,
    step::{Operand, Resources, Step, Store},
};

/// `work` on the left operand in `out`, a run of rows of `columns` elements a call, with the number of the first of them.
/// Copies the operand there, unless it is there already.
pub(super) fn each(
    (left, to): (Operand, Operand),
    columns: usize,
    store: &Store<'_>,
    resources: &mut Resources<'_>,
    out: &mut [u32],
    work: impl Fn(usize, &mut [f32]) + Sync,
) {
    let left = (left.place != to.place).then(|| store.reals(left));
    resources.pool.rows(bytemuck::cast_slice_mut(out), columns, |first, out| {
        if let Some(left) = left {
            out.copy_from_slice(&left[first * columns..][..out.len()]);
        }
        work(first, out);
    });
}

/// `out = f(out, right)`, with `right` of the same shape or one row. `right` may be in the place of `out`.
fn zip(
    step: &Binary,
    store: &Store<'_>,
    resources: &mut Resources<'_>,
    out: &mut [u32],
    f: impl Fn(f32, f32) -> f32 + Sync,
) {
    let Binary { left, right, to } = *step;
    let columns = left.columns;
    let itself = right.place == to.place;
    let right = if itself { &[] } else { store.reals(right) };
    each((left, to), columns, store, resources, out, |first, out| {
        if itself {
            return out.iter_mut().for_each(|x| *x = f(*x, *x));
        }
        let right = if right.len() == columns { right } else { &right[first * columns..][..out.len()] };
        for out in out.chunks_exact_mut(right.len()) {
            for (x, r) in out.iter_mut().zip(right) {
                *x = f(*x, *r);
            }
        }
    });
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
    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        zip(&self.0, store, resources, out, |l, r| l + r);
    }
}

pub(crate) struct Mul(Binary);

impl Mul {
    pub(super) fn new(resolver: &Resolver<'_>, left: Value, right: Value) -> Self {
        Mul(Binary { left: resolver.at(left), right: resolver.at(right), to: resolver.out })
    }
}

impl Step for Mul {
    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        zip(&self.0, store, resources, out, |l, r| l * r);
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
    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        each((self.input, self.to), self.input.columns, store, resources, out, |_, out| {
            out.iter_mut().for_each(|x| *x *= self.factor);
        });
    }
}
