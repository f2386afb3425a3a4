//! `rope`, with the angles of a step computed once for all its queries and keys.

use graph::{BackendError, Graph, Op, PADDING, RopePairs, Value};

use crate::{
    ops::{Resolver, arithmetic::each, mismatched},
    step::{Operand, Resources, Step, Store},
};

/// What the angles of a rope depend on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Angles {
    positions: Value,
    factors: Option<Value>,
    head_dim: usize,
    base: f32,
    position_scale: f32,
}

impl Angles {
    /// Of an op, if it is a rope.
    pub(crate) fn of(op: &Op) -> Option<Angles> {
        match *op {
            Op::Rope { positions, factors, head_dim, base, position_scale, .. } => {
                Some(Angles { positions, factors, head_dim, base, position_scale })
            }
            _ => None,
        }
    }

    /// Words of the table: cosine, then sine of `head_dim / 2` pairs, for every position.
    pub(crate) fn words(&self, graph: &Graph) -> usize {
        let shape = &graph.ty(self.positions).shape;
        shape.rows() * shape.columns() * self.head_dim
    }

    /// The step that fills the table.
    pub(crate) fn step(&self, place: impl Fn(Value) -> Operand) -> Box<dyn Step> {
        Box::new(AnglesStep {
            positions: place(self.positions),
            factors: self.factors.map(place),
            head_dim: self.head_dim,
            base: self.base,
            position_scale: self.position_scale,
        })
    }
}

struct AnglesStep {
    positions: Operand,
    factors: Option<Operand>,
    head_dim: usize,
    base: f32,
    position_scale: f32,
}

impl Step for AnglesStep {
    fn run(&self, store: &Store<'_>, _resources: &mut Resources<'_>, out: &mut [u32]) {
        let half = self.head_dim / 2;
        let positions = store.words(self.positions);
        let rows = bytemuck::cast_slice_mut::<_, f32>(out).chunks_exact_mut(self.head_dim);
        let factors = self.factors.map(|factors| store.reals(factors));
        for (row, &position) in rows.zip(positions) {
            let (cosines, sines) = row.split_at_mut(half);
            if position == PADDING {
                // Turned by nothing: left as it is.
                cosines.fill(1.0);
                sines.fill(0.0);
                continue;
            }
            // In f64: at position 8,000 an angle in f32 is off by up to 5e-4 radians.
            let position = f64::from(position) * f64::from(self.position_scale);
            for (i, (cosine, sine)) in cosines.iter_mut().zip(sines).enumerate() {
                let exponent = -2.0 * i as f64 / self.head_dim as f64;
                let factor = factors.map_or(1.0, |factors| f64::from(factors[i]));
                let angle = position * f64::from(self.base).powf(exponent) / factor;
                (*cosine, *sine) = (angle.cos() as f32, angle.sin() as f32);
            }
        }
    }
}

pub(crate) struct Rope {
    input: Operand,
    angles: Operand,
    head_dim: usize,
    pairs: RopePairs,
    to: Operand,
}

impl Rope {
    pub(super) fn new(resolver: &Resolver<'_>, op: &Op) -> Result<Self, BackendError> {
        let (&Op::Rope { input, head_dim, pairs, .. }, Some(angles)) = (op, resolver.angles) else {
            return Err(mismatched(op));
        };
        Ok(Rope { input: resolver.at(input), angles, head_dim, pairs, to: resolver.out })
    }
}

impl Rope {
    /// One head at one position.
    #[inline(always)]
    fn turn(&self, head: &mut [f32], angles: &[f32]) {
        let half = self.head_dim / 2;
        let (cosines, sines) = angles.split_at(half);
        match self.pairs {
            RopePairs::Halves => {
                let (left, right) = head.split_at_mut(half);
                for (((x, y), c), s) in left.iter_mut().zip(right).zip(cosines).zip(sines) {
                    (*x, *y) = (*x * c - *y * s, *x * s + *y * c);
                }
            }
            RopePairs::Adjacent => {
                for (([x, y], c), s) in head.as_chunks_mut::<2>().0.iter_mut().zip(cosines).zip(sines) {
                    (*x, *y) = (*x * c - *y * s, *x * s + *y * c);
                }
            }
        }
    }
}

impl Step for Rope {
    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        let columns = self.input.columns;
        let angles = store.reals(self.angles);
        each((self.input, self.to), columns, store, resources, out, |first, out| {
            let rows = out.chunks_exact_mut(columns);
            for (row, angles) in rows.zip(angles.chunks_exact(self.head_dim).skip(first)) {
                row.chunks_exact_mut(self.head_dim).for_each(|head| self.turn(head, angles));
            }
        });
    }
}
