//! A few query rows over caches of f16: rows of keys, and then of values, are read once, in the order in which they lie, each
//! for all heads, and widened in registers.

use std::ops::Range;

use super::{Attention, LANES, TILE};
use crate::{
    math,
    pool::{Parts, Share},
    simd::{F32x4, U8x16},
    step::Store,
};

/// Halves to f32. A cache never has an infinity, and hardly ever something that is no number: what is quick is tried first.
trait Widen {
    fn widen(halves: U8x16, strange: &mut U8x16) -> [F32x4; 2];
}

/// Notes what it gets wrong.
struct Quick;

impl Widen for Quick {
    #[inline(always)]
    fn widen(halves: U8x16, strange: &mut U8x16) -> [F32x4; 2] {
        *strange = strange.or(halves.strange_halves());
        halves.finite_halves_to_f32()
    }
}

struct Exact;

impl Widen for Exact {
    #[inline(always)]
    fn widen(halves: U8x16, _strange: &mut U8x16) -> [F32x4; 2] {
        halves.halves_to_f32()
    }
}

impl Attention {
    /// Whether this path takes it.
    pub(super) fn is_few(&self) -> bool {
        self.widen.is_some() && self.query.rows <= TILE && self.head_dim.is_multiple_of(LANES)
    }

    /// Scratch words of a share.
    pub(super) fn few_words(&self) -> usize {
        self.kv_heads * self.group * self.key.rows
    }

    /// The heads of a share, for every query row.
    pub(super) fn few(&self, share: Share, store: &Store<'_>, scores: &mut [f32], out: &Parts<'_, f32>) {
        let (sight, heads) = (self.sight(store), share.of(self.kv_heads * self.group));
        for t in 0..self.query.rows {
            let range = self.rows(sight, t);
            if range.is_empty() || heads.is_empty() {
                continue;
            }
            let at = t * self.query.columns;
            let columns = at + heads.start * self.head_dim..at + heads.end * self.head_dim;
            // SAFETY: these heads belong to this share.
            let out = unsafe { out.part(columns.clone()) };
            let query = &store.reals(self.query)[columns];
            if !self.few_heads::<Quick>(heads.clone(), range.clone(), query, store, scores, out) {
                out.fill(0.0);
                self.few_heads::<Exact>(heads.clone(), range, query, store, scores, out);
            }
        }
    }

    /// Some heads of one query row, which sees `range`, added to `out`; whether every number was widened right.
    fn few_heads<W: Widen>(
        &self,
        heads: Range<usize>,
        range: Range<usize>,
        query: &[f32],
        store: &Store<'_>,
        scores: &mut [f32],
        out: &mut [f32],
    ) -> bool {
        let (width, seen) = (self.head_dim, range.len());
        let mut strange = U8x16::load(&[0; 16]);
        // The heads of each kv head: where they begin among `heads`, and how many.
        let groups = (heads.start / self.group..heads.end.div_ceil(self.group)).map(|kv_head| {
            let own = heads.start.max(kv_head * self.group)..heads.end.min((kv_head + 1) * self.group);
            (kv_head, own.start - heads.start, own.len())
        });
        let columns = self.key.columns;
        let row = |halves, row: usize, kv_head: usize| head(halves, (row * columns + kv_head * width) * 2, 2 * width);
        let scores = &mut scores[..heads.len() * seen]; // [heads, seen]
        let keys = store.bytes(self.key);
        for i in (0..seen).step_by(2) {
            // The last one twice, if it is alone.
            let pair = [i, (i + 1).min(seen - 1)];
            for (kv_head, first, count) in groups.clone() {
                let keys = pair.map(|i| row(keys, range.start + i, kv_head));
                let mut put = |head: usize, products: [f32; 2]| {
                    for (i, product) in pair.into_iter().zip(products) {
                        scores[head * seen + i] = self.scale * product;
                    }
                };
                let queries = |head: usize| &query[head * width..][..width];
                let mut head = first;
                while head + 3 <= first + count {
                    let queries = [queries(head), queries(head + 1), queries(head + 2)];
                    let products = dots::<W, 3>(keys, queries, &mut strange);
                    products.into_iter().enumerate().for_each(|(h, products)| put(head + h, products));
                    head += 3;
                }
                for head in head..first + count {
                    let [products] = dots::<W, 1>(keys, [queries(head)], &mut strange);
                    put(head, products);
                }
            }
        }
        scores.chunks_exact_mut(seen).for_each(math::softmax);
        let values = store.bytes(self.value);
        for i in (0..seen).step_by(4) {
            for (kv_head, first, count) in groups.clone() {
                let out = &mut out[first * width..][..count * width];
                let weights = &scores[first * seen..][..count * seen];
                if i + 4 <= seen {
                    let values = [0, 1, 2, 3].map(|k| row(values, range.start + i + k, kv_head));
                    mix::<W, 4>(values, weights, seen, i, out, &mut strange);
                } else {
                    for i in i..seen {
                        mix::<W, 1>([row(values, range.start + i, kv_head)], weights, seen, i, out, &mut strange);
                    }
                }
            }
        }
        !strange.any()
    }
}

/// The bytes of a head.
#[inline(always)]
fn head(halves: &[u8], at: usize, bytes: usize) -> &[[u8; 16]] {
    halves[at..at + bytes].as_chunks().0
}

/// `out[h][k] = keys[k] · queries[h]`.
#[inline(always)]
fn dots<W: Widen, const H: usize>(keys: [&[[u8; 16]]; 2], queries: [&[f32]; H], strange: &mut U8x16) -> [[f32; 2]; H] {
    let chunks = keys[0].len();
    let (keys, queries) =
        (keys.map(|keys| &keys[..chunks]), queries.map(|query| &query.as_chunks::<LANES>().0[..chunks]));
    let mut sums = [[F32x4::splat(0.0); 2]; H];
    for d in 0..chunks {
        let keys = keys.map(|keys| W::widen(U8x16::load(&keys[d]), strange));
        for (query, sums) in queries.iter().zip(&mut sums) {
            let query = F32x4::load8(&query[d]);
            for (key, sum) in keys.iter().zip(sums) {
                *sum = key[1].mul_add(query[1], key[0].mul_add(query[0], *sum));
            }
        }
    }
    sums.map(|sums| sums.map(F32x4::sum))
}

/// `out[h] += Σ weights[h][first + k] · values[k]`, with `stride` weights a head.
#[inline(always)]
fn mix<W: Widen, const K: usize>(
    values: [&[[u8; 16]]; K],
    weights: &[f32],
    stride: usize,
    first: usize,
    out: &mut [f32],
    strange: &mut U8x16,
) {
    let chunks = values[0].len();
    let values = values.map(|values| &values[..chunks]);
    for d in 0..chunks {
        let values = values.map(|values| W::widen(U8x16::load(&values[d]), strange));
        for (weights, out) in weights.chunks_exact(stride).zip(out.chunks_exact_mut(chunks * LANES)) {
            let (weights, out) = (&weights[first..first + K], &mut out.as_chunks_mut::<LANES>().0[d]);
            let mut sums = F32x4::load8(out);
            for (value, weight) in values.iter().zip(weights) {
                let weight = F32x4::splat(*weight);
                sums = [0, 1].map(|h| value[h].mul_add(weight, sums[h]));
            }
            *out = F32x4::to_array8(sums);
        }
    }
}
