//! `attention`: for each query row and each kv head, the scores of the rows in sight, their softmax, and the weighted
//! sum of the values. Rows that no query sees are never touched.
//!
//! A few query rows: the query heads that share a kv head go together, so that keys and values are read once for them.
//! Many: the keys of a head are transposed once, eight rows side by side, and four query rows meet them lane by lane.
//! Caches of f16 are widened before that, a head at a time and only the rows in sight; for a few query rows as they are read.
//!
//! Threads share the query heads of a few rows, and of many the tiles of all kv heads.

mod few;
mod tiles;

use std::ops::Range;

use graph::{BackendError, DType, Mask, Op, PADDING};

use crate::{
    math,
    ops::{Resolver, mismatched},
    pool::{Cost, Parts, Share},
    quant::{self, Dequantize},
    step::{Operand, Resources, Step, Store},
    tile::{accumulate, tile},
};

/// Query rows of a tile.
const TILE: usize = 4;
/// Key rows side by side, and elements of values.
const LANES: usize = 8;
/// Multiplications of scores below which one thread is faster.
const WORTH_SHARING: usize = 32_768;

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
    /// How elements of keys and values become f32; `None` if they are.
    widen: Option<Dequantize>,
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
        let stored = resolver.graph.ty(key).dtype;
        Ok(Attention {
            query,
            key: resolver.at(key),
            value: resolver.at(value),
            sight,
            kv_heads,
            group: heads / kv_heads,
            head_dim: query.columns / heads,
            scale,
            widen: (stored != DType::F32).then(|| quant::dequantize(stored)).flatten(),
        })
    }

    /// What [`Attention::rows`] reads: a position or a span a query row.
    fn sight<'a>(&self, store: &'a Store<'_>) -> &'a [u32] {
        match self.sight {
            Sight::Causal { positions, .. } => store.words(positions),
            Sight::Spans { spans } => store.words(spans),
        }
    }

    /// The rows of keys that query row `t` sees.
    fn rows(&self, sight: &[u32], t: usize) -> Range<usize> {
        let (first, end) = match self.sight {
            Sight::Causal { window, .. } => match sight[t] {
                PADDING => (0, 0),
                position => {
                    let end = position as usize + 1;
                    (end.saturating_sub(window as usize), end)
                }
            },
            Sight::Spans { .. } => (sight[2 * t] as usize, sight[2 * t + 1] as usize),
        };
        let end = end.min(self.key.rows);
        first.min(end)..end
    }

    /// The `rows` of one kv head of keys or values: where they lie, or widened into `wide`.
    fn of_head<'a>(
        &self,
        kv_head: usize,
        rows: Range<usize>,
        from: Operand,
        store: &'a Store<'_>,
        wide: &'a mut [f32],
    ) -> Rows<'a> {
        let (width, at) = (self.head_dim, kv_head * self.head_dim);
        let Some(widen) = self.widen else {
            return Rows { data: &store.reals(from)[at..], first: 0, stride: from.columns, width };
        };
        let halves = store.bytes(from);
        for (row, wide) in rows.clone().zip(wide.chunks_exact_mut(width)) {
            widen(&halves[2 * (row * from.columns + at)..][..2 * width], wide);
        }
        Rows { data: wide, first: rows.start, stride: width, width }
    }

    /// Scratch words of the widened keys of a head, and of its values.
    fn wide_words(&self) -> usize {
        self.widen.map_or(0, |_| self.key.rows * self.head_dim)
    }

    /// One query row, which sees `range`: `query` and `out` hold heads of the group of one kv head.
    fn head(
        &self,
        query: &[f32],
        range: Range<usize>,
        [keys, values]: [Rows<'_>; 2],
        scores: &mut [f32],
        out: &mut [f32],
    ) {
        let (seen, heads) = (range.len(), query.len() / self.head_dim);
        let scores = &mut scores[..heads * seen];
        let queries = |head: usize| &query[head * self.head_dim..][..self.head_dim];
        // [heads, seen]
        let mut head = 0;
        while head + 2 <= heads {
            keys.dot(range.clone(), [queries(head), queries(head + 1)], &mut scores[head * seen..], self.scale);
            head += 2;
        }
        if head < heads {
            keys.dot(range.clone(), [queries(head)], &mut scores[head * seen..], self.scale);
        }
        for (scores, out) in scores.chunks_exact_mut(seen).zip(out.chunks_exact_mut(self.head_dim)) {
            math::softmax(scores);
            values.mix(range.start, scores, out);
        }
    }

    /// Query rows one after the other, of which `all` are seen: the heads of a share.
    fn one_by_one(
        &self,
        share: Share,
        all: Range<usize>,
        store: &Store<'_>,
        scratch: &mut [f32],
        out: &Parts<'_, f32>,
    ) {
        let (keys_wide, scratch) = scratch.split_at_mut(self.wide_words());
        let (values_wide, scores) = scratch.split_at_mut(self.wide_words());
        let (sight, queries) = (self.sight(store), store.reals(self.query));
        let heads = share.of(self.kv_heads * self.group);
        for kv_head in heads.start / self.group..heads.end.div_ceil(self.group) {
            let keys = self.of_head(kv_head, all.clone(), self.key, store, keys_wide);
            let values = self.of_head(kv_head, all.clone(), self.value, store, values_wide);
            let first = heads.start.max(kv_head * self.group) * self.head_dim;
            let end = heads.end.min((kv_head + 1) * self.group) * self.head_dim;
            for t in 0..self.query.rows {
                let range = self.rows(sight, t);
                if range.is_empty() {
                    continue;
                }
                let at = t * self.query.columns + first..t * self.query.columns + end;
                // SAFETY: these heads belong to this share.
                let out = unsafe { out.part(at.clone()) };
                self.head(&queries[at], range, [keys, values], scores, out);
            }
        }
    }
}

/// The range from the first start to the last end of those that are not empty.
fn union(ranges: impl Iterator<Item = Range<usize>>) -> Option<Range<usize>> {
    ranges.filter(|range| !range.is_empty()).reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
}

impl Step for Attention {
    fn scratch(&self, threads: usize) -> usize {
        threads * self.share_words()
    }

    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        out.fill(0);
        let sight = self.sight(store);
        let Some(all) = union((0..self.query.rows).map(|t| self.rows(sight, t))) else { return };
        let cost = Cost {
            all: self.query.words.saturating_mul(all.len()),
            worth_sharing: WORTH_SHARING,
            // Each share of tiles widens and transposes what it sees; one of heads does not read rows in order.
            turns: if self.is_few() { 1 } else { 2 },
        };
        let scratch = Parts::new(bytemuck::cast_slice_mut(resources.scratch));
        let out: Parts<'_, f32> = Parts::new(bytemuck::cast_slice_mut(out));
        resources.pool.split(cost, |share| {
            // SAFETY: each thread has its own.
            let scratch = unsafe { scratch.part(share.own(self.share_words())) };
            if self.is_few() {
                self.few(share, store, scratch, &out);
            } else if self.is_tiled() {
                self.tiles(share, all.clone(), store, scratch, &out);
            } else {
                self.one_by_one(share, all.clone(), store, scratch, &out);
            }
        });
    }
}

/// One head of some rows of keys or values.
#[derive(Clone, Copy)]
struct Rows<'a> {
    data: &'a [f32],
    /// The row that the data begin with.
    first: usize,
    stride: usize,
    width: usize,
}

impl<'a> Rows<'a> {
    /// The data from a row on.
    fn from(&self, row: usize) -> &'a [f32] {
        &self.data[(row - self.first) * self.stride..]
    }

    fn row(&self, row: usize) -> &'a [f32] {
        &self.from(row)[..self.width]
    }

    /// `out[t][i] = scale · row(range.start + i) · query[t]`.
    #[inline(always)]
    fn dot<const T: usize>(&self, range: Range<usize>, query: [&[f32]; T], out: &mut [f32], scale: f32) {
        let (seen, first) = (range.len(), range.start);
        let mut store = |i: usize, products: [f32; T]| {
            for (t, product) in products.into_iter().enumerate() {
                out[t * seen + i] = scale * product;
            }
        };
        let mut i = 0;
        while i + 4 <= seen {
            let products = tile::<4, T>(std::array::from_fn(|r| self.row(first + i + r)), query);
            products.into_iter().enumerate().for_each(|(r, products)| store(i + r, products));
            i += 4;
        }
        for i in i..seen {
            let [products] = tile::<1, T>([self.row(first + i)], query);
            store(i, products);
        }
    }

    /// `out += Σ weights[i] · row(first + i)`.
    fn mix(&self, first: usize, weights: &[f32], out: &mut [f32]) {
        let (fours, rest) = weights.as_chunks::<4>();
        for (i, weights) in fours.iter().enumerate() {
            accumulate::<4>(out, *weights, std::array::from_fn(|r| self.row(first + 4 * i + r)));
        }
        for (i, weight) in rest.iter().enumerate() {
            accumulate::<1>(out, [*weight], [self.row(first + 4 * fours.len() + i)]);
        }
    }
}
