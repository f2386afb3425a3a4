//! `attention`: for each query row and each kv head, the scores of the rows in sight, their softmax, and the weighted
//! sum of the values. The query heads that share a kv head go together, so that keys and values are read once for them.
//! Rows outside of the mask are never touched.

use std::ops::Range;

use graph::{BackendError, Mask, Op, PADDING};

use crate::{
    math,
    ops::{Resolver, mismatched},
    step::{Operand, Step, Store},
    tile::{accumulate, tile},
};

/// [`Mask`] over operands.
enum Sight {
    Causal { positions: Operand, window: u32 },
    Spans { spans: Operand },
}

pub(crate) struct Attention {
    query: Operand,
    key: Operand,
    value: Operand,
    sight: Sight,
    kv_heads: usize,
    /// Query heads of one kv head.
    group: usize,
    head_dim: usize,
    scale: f32,
}

impl Attention {
    pub(super) fn new(resolver: &Resolver<'_>, op: &Op) -> Result<Self, BackendError> {
        let &Op::Attention { query, key, value, mask, heads, kv_heads, scale } = op else {
            return Err(mismatched(op));
        };
        let sight = match mask {
            Mask::Causal { positions, window } => {
                Sight::Causal { positions: resolver.at(positions), window: window.unwrap_or(u32::MAX) }
            }
            Mask::Spans { spans } => Sight::Spans { spans: resolver.at(spans) },
        };
        let query = resolver.at(query);
        Ok(Attention {
            query,
            key: resolver.at(key),
            value: resolver.at(value),
            sight,
            kv_heads,
            group: heads / kv_heads,
            head_dim: query.columns / heads,
            scale,
        })
    }

    /// The rows of keys that query row `t` sees.
    fn rows(&self, store: &Store<'_>, t: usize) -> Range<usize> {
        let (first, end) = match self.sight {
            Sight::Causal { positions, window } => match store.words(positions)[t] {
                PADDING => (0, 0),
                position => {
                    let end = position as usize + 1;
                    (end.saturating_sub(window as usize), end)
                }
            },
            Sight::Spans { spans } => {
                let spans = store.words(spans);
                (spans[2 * t] as usize, spans[2 * t + 1] as usize)
            }
        };
        let end = end.min(self.key.rows);
        first.min(end)..end
    }

    /// One kv head of one query row: `query` and `out` hold its group of heads.
    fn head(&self, query: &[f32], keys: Rows<'_>, values: Rows<'_>, scores: &mut [f32], out: &mut [f32]) {
        let seen = keys.range.len();
        let scores = &mut scores[..self.group * seen];
        let queries = |head: usize| &query[head * self.head_dim..][..self.head_dim];
        // [group, seen]
        let mut head = 0;
        while head + 2 <= self.group {
            keys.dot([queries(head), queries(head + 1)], &mut scores[head * seen..], self.scale);
            head += 2;
        }
        if head < self.group {
            keys.dot([queries(head)], &mut scores[head * seen..], self.scale);
        }
        for (scores, out) in scores.chunks_exact_mut(seen).zip(out.chunks_exact_mut(self.head_dim)) {
            math::softmax(scores);
            values.mix(scores, out);
        }
    }
}

impl Step for Attention {
    fn scratch(&self) -> usize {
        self.group * self.key.rows
    }

    fn run(&self, store: &Store<'_>, scratch: &mut [u32], out: &mut [u32]) {
        let scratch = bytemuck::cast_slice_mut(scratch);
        let out: &mut [f32] = bytemuck::cast_slice_mut(out);
        let heads = self.group * self.head_dim;
        let query = store.reals(self.query).chunks_exact(self.query.columns);
        for (t, (query, out)) in query.zip(out.chunks_exact_mut(self.query.columns)).enumerate() {
            out.fill(0.0);
            let range = self.rows(store, t);
            if range.is_empty() {
                continue;
            }
            let per_head = query.chunks_exact(heads).zip(out.chunks_exact_mut(heads));
            for (head, (query, out)) in per_head.enumerate().take(self.kv_heads) {
                let rows = |operand: Operand| Rows {
                    data: &store.reals(operand)[head * self.head_dim..],
                    stride: operand.columns,
                    width: self.head_dim,
                    range: range.clone(),
                };
                self.head(query, rows(self.key), rows(self.value), scratch, out);
            }
        }
    }
}

/// One head of some rows of keys or values.
struct Rows<'a> {
    data: &'a [f32],
    stride: usize,
    width: usize,
    range: Range<usize>,
}

impl Rows<'_> {
    fn row(&self, i: usize) -> &[f32] {
        &self.data[(self.range.start + i) * self.stride..][..self.width]
    }

    /// `out[t][i] = scale · row(i) · query[t]`.
    #[inline(always)]
    fn dot<const T: usize>(&self, query: [&[f32]; T], out: &mut [f32], scale: f32) {
        let seen = self.range.len();
        let mut store = |i: usize, products: [f32; T]| {
            for (t, product) in products.into_iter().enumerate() {
                out[t * seen + i] = scale * product;
            }
        };
        let mut i = 0;
        while i + 4 <= seen {
            let products = tile::<4, T>(std::array::from_fn(|r| self.row(i + r)), query);
            products.into_iter().enumerate().for_each(|(r, products)| store(i + r, products));
            i += 4;
        }
        for i in i..seen {
            let [products] = tile::<1, T>([self.row(i)], query);
            store(i, products);
        }
    }

    /// `out += Σ weights[i] · row(i)`.
    fn mix(&self, weights: &[f32], out: &mut [f32]) {
        let (fours, rest) = weights.as_chunks::<4>();
        for (i, weights) in fours.iter().enumerate() {
            accumulate::<4>(out, *weights, std::array::from_fn(|r| self.row(4 * i + r)));
        }
        for (i, weight) in rest.iter().enumerate() {
            accumulate::<1>(out, [*weight], [self.row(4 * fours.len() + i)]);
        }
    }
}
