//! `sample`, by the rules of [`graph::SampleParams`].

use std::cmp::Ordering;

use graph::Value;

use crate::{
    math,
    ops::Resolver,
    simd::F32x4,
    step::{Operand, Resources, Step, Store},
};

pub(crate) struct Sample {
    logits: Operand,
    params: Operand,
}

impl Sample {
    pub(super) fn new(resolver: &Resolver<'_>, logits: Value, params: Value) -> Self {
        Sample { logits: resolver.at(logits), params: resolver.at(params) }
    }
}

impl Step for Sample {
    /// A weight and an index for every token of the vocabulary.
    fn scratch(&self, _threads: usize) -> usize {
        2 * self.logits.columns
    }

    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        let columns = self.logits.columns;
        let params = store.words(self.params);
        let (weights, kept) = resources.scratch[..2 * columns].split_at_mut(columns);
        let weights = bytemuck::cast_slice_mut(weights);
        for (logits, out) in store.reals(self.logits).chunks_exact(columns).zip(out) {
            *out = draw(logits, params, weights, kept);
        }
    }
}

/// One token. `weights` and `kept` are as long as `logits`; what they held does not matter.
fn draw(logits: &[f32], params: &[u32], weights: &mut [f32], kept: &mut [u32]) -> u32 {
    let real = |i: usize| f32::from_bits(params[i]);
    let (temperature, top_p, min_p, top_k, uniform) = (real(0), real(1), real(2), params[3] as usize, real(6));

    let (max, temperature) = (F32x4::splat(math::largest(logits)), F32x4::splat(temperature));
    weights.copy_from_slice(logits);
    math::map(weights, |logit| math::exp(logit.sub(max).div(temperature)));
    let weights = &*weights;
    let mass = |kept: &[u32]| kept.iter().map(|&i| f64::from(weights[i as usize])).sum::<f64>();
    // The largest first, of equals the first.
    let rank = |a: &u32, b: &u32| -> Ordering {
        let (x, y) = (logits[*a as usize], logits[*b as usize]);
        y.total_cmp(&x).then(a.cmp(b))
    };

    kept.iter_mut().zip(0..).for_each(|(slot, i)| *slot = i);
    let mut kept = kept;
    if top_k > 0 && top_k < kept.len() {
        kept.select_nth_unstable_by(top_k - 1, rank);
        kept = &mut kept[..top_k];
    }
    if top_p < 1.0 {
        let enough = f64::from(top_p) * mass(kept);
        let count = nucleus(kept, enough, weights, rank);
        kept = &mut kept[..count];
    }
    if min_p > 0.0 {
        // The largest has weight 1.
        let least = min_p.min(1.0);
        let mut count = 0;
        for i in 0..kept.len() {
            if weights[kept[i] as usize] >= least {
                kept.swap(count, i);
                count += 1;
            }
        }
        kept = &mut kept[..count.max(1)];
    }

    kept.sort_unstable();
    let target = f64::from(uniform) * mass(kept);
    let mut sum = 0.0;
    for &i in &*kept {
        sum += f64::from(weights[i as usize]);
        if sum > target {
            return i;
        }
    }
    kept.last().copied().unwrap_or(0)
}

/// Sorts as much of the front of `kept` as it takes to hold weights that sum to `enough`, and returns how many these are.
fn nucleus(kept: &mut [u32], enough: f64, weights: &[f32], rank: impl Fn(&u32, &u32) -> Ordering + Copy) -> usize {
    let (mut sorted, mut sum) = (0, 0.0);
    while sorted < kept.len() {
        let end = kept.len().min((4 * sorted).max(64));
        if end < kept.len() {
            kept[sorted..].select_nth_unstable_by(end - sorted - 1, rank);
        }
        kept[sorted..end].sort_unstable_by(rank);
        for (i, &token) in kept[sorted..end].iter().enumerate() {
            sum += f64::from(weights[token as usize]);
            if sum >= enough {
                return sorted + i + 1;
            }
        }
        sorted = end;
    }
    kept.len()
}
