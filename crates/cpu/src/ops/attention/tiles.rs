//! Many query rows: four of them meet eight rows of keys, lane by lane.

use std::ops::Range;

use super::{Attention, LANES, Rows, TILE, union};
use crate::{
    math,
    pool::{Parts, Share},
    simd::F32x4,
    step::Store,
};

impl Attention {
    /// Whether query rows go in tiles.
    pub(super) fn is_tiled(&self) -> bool {
        self.query.rows >= TILE && self.head_dim.is_multiple_of(LANES)
    }

    /// Scratch words of a share.
    pub(super) fn share_words(&self) -> usize {
        if self.is_few() {
            return self.few_words();
        }
        let own = if self.is_tiled() { self.tile_words().iter().sum() } else { self.group * self.key.rows };
        2 * self.wide_words() + own
    }

    /// Scratch words of [`Attention::tiles`]: transposed keys, a tile of queries, its scores.
    fn tile_words(&self) -> [usize; 3] {
        let rows = self.key.rows.next_multiple_of(LANES);
        [rows * self.head_dim, TILE * self.head_dim, TILE * rows]
    }

    /// The rows of keys that a tile of query rows sees, row by row.
    fn tile_rows(&self, sight: &[u32], tile: usize) -> [Range<usize>; TILE] {
        let first = tile * TILE;
        std::array::from_fn(|i| if first + i < self.query.rows { self.rows(sight, first + i) } else { 0..0 })
    }

    /// The tiles of a kv head that belong to a share: tiles that see much count for more than those that see little.
    fn own_tiles(&self, share: Share, kv_head: usize, sight: &[u32]) -> Range<usize> {
        let tiles = self.query.rows.div_ceil(TILE);
        if share.is_all() {
            return 0..tiles;
        }
        let cost = |tile: usize| union(self.tile_rows(sight, tile).into_iter()).map_or(0, |seen| seen.len());
        let total: usize = (0..tiles).map(cost).sum();
        let own = share.of(self.kv_heads * total);
        let mut before = kv_head * total;
        let mut find = |limit: usize, from: usize| {
            let mut tile = from;
            while tile < tiles && before < limit {
                before += cost(tile);
                tile += 1;
            }
            tile
        };
        let start = find(own.start, 0);
        start..find(own.end, start)
    }

    /// Query rows in tiles, of which `all` are seen: the tiles of a share.
    pub(super) fn tiles(
        &self,
        share: Share,
        all: Range<usize>,
        store: &Store<'_>,
        scratch: &mut [f32],
        out: &Parts<'_, f32>,
    ) {
        let [keys_words, query_words, score_words] = self.tile_words();
        let (keys_wide, scratch) = scratch.split_at_mut(self.wide_words());
        let (values_wide, scratch) = scratch.split_at_mut(self.wide_words());
        let (transposed, scratch) = scratch.split_at_mut(keys_words);
        let (query, scratch) = scratch.split_at_mut(query_words);
        let scores = &mut scratch[..score_words];
        let (rows, sight) = (self.query.rows, self.sight(store));
        for kv_head in 0..self.kv_heads {
            let tiles = self.own_tiles(share, kv_head, sight);
            let mine = match share.is_all() {
                true => Some(all.clone()),
                false => union(tiles.clone().flat_map(|tile| self.tile_rows(sight, tile))),
            };
            let Some(mine) = mine else { continue };
            // The same blocks of lanes for any number of threads.
            let all = all.start + (mine.start - all.start) / LANES * LANES..mine.end;
            self.transpose(self.of_head(kv_head, all.clone(), self.key, store, keys_wide), all.clone(), transposed);
            let values = self.of_head(kv_head, all.clone(), self.value, store, values_wide);
            for tile in tiles {
                let (first, tile) = (tile * TILE, self.tile_rows(sight, tile));
                let Some(seen) = union(tile.iter().cloned()) else { continue };
                // The blocks of transposed keys that hold what the tile sees; scores begin with the first of them.
                let blocks = (seen.start - all.start) / LANES..(seen.end - all.start).div_ceil(LANES);
                let start = all.start + blocks.start * LANES;
                let keys = &transposed[blocks.start * LANES * self.head_dim..blocks.end * LANES * self.head_dim];
                for head in kv_head * self.group..(kv_head + 1) * self.group {
                    self.pack(store.reals(self.query), first, head, query);
                    let stride = blocks.len() * LANES;
                    let scores = &mut scores[..TILE * stride];
                    multiply(keys, query, self.head_dim, self.scale, scores);
                    let own = tile.clone().map(|range| {
                        let own = range.start.max(start) - start..range.end.max(start) - start;
                        own.start.min(own.end)..own.end
                    });
                    for (own, scores) in own.iter().zip(scores.chunks_exact_mut(stride)) {
                        scores[..own.start].fill(0.0);
                        scores[own.end..].fill(0.0);
                        math::softmax(&mut scores[own.clone()]);
                    }
                    self.mix(values, start..seen.end, &own, scores, |i, at, sums| {
                        if first + i < rows {
                            let to = (first + i) * self.query.columns + head * self.head_dim + at;
                            // SAFETY: this row and head belong to this share.
                            unsafe { out.part(to..to + LANES) }.copy_from_slice(&sums);
                        }
                    });
                }
            }
        }
    }

    /// Rows `rows` of the keys of a head, eight side by side: `[rows / 8, head_dim, 8]`, zeros past the last one.
    fn transpose(&self, keys: Rows<'_>, rows: Range<usize>, out: &mut [f32]) {
        let blocks = out.chunks_exact_mut(LANES * self.head_dim);
        for (first, block) in rows.clone().step_by(LANES).zip(blocks) {
            block.fill(0.0);
            for (lane, row) in (first..rows.end.min(first + LANES)).enumerate() {
                let key = keys.row(row);
                block.as_chunks_mut::<LANES>().0.iter_mut().zip(key).for_each(|(out, x)| out[lane] = *x);
            }
        }
    }

    /// Four query rows from `first` on, element by element; zeros past the last one.
    fn pack(&self, queries: &[f32], first: usize, head: usize, out: &mut [f32]) {
        for (d, out) in out.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
            *out = std::array::from_fn(|i| {
                let row = first + i;
                if row < self.query.rows { queries[row * self.query.columns + head * self.head_dim + d] } else { 0.0 }
            });
        }
    }

    /// Gives each row of the tile, and each run of eight elements, the sum of the values in `range` by their weights, which
    /// are zeros outside of the row's `own`.
    fn mix(
        &self,
        values: Rows<'_>,
        range: Range<usize>,
        own: &[Range<usize>; TILE],
        weights: &[f32],
        mut give: impl FnMut(usize, usize, [f32; LANES]),
    ) {
        let stride = weights.len() / TILE;
        let weights: [&[f32]; TILE] = std::array::from_fn(|i| &weights[i * stride..][..range.len()]);
        let data = values.from(range.start);
        for at in (0..self.head_dim).step_by(LANES) {
            let mut sums = [[F32x4::splat(0.0); 2]; TILE];
            for (k, row) in data[at..].chunks(values.stride).take(range.len()).enumerate() {
                let Some(value) = row.first_chunk() else { break };
                let value = F32x4::load8(value);
                for (sums, weights) in sums.iter_mut().zip(weights) {
                    let weight = F32x4::splat(weights[k]);
                    *sums = [0, 1].map(|h| value[h].mul_add(weight, sums[h]));
                }
            }
            for (i, sums) in sums.into_iter().enumerate() {
                let mut sums = F32x4::to_array8(sums);
                if sums.iter().any(|sum| !sum.is_finite()) {
                    // Zero times what is not finite is no number: that of a row's neighbours is none of its business.
                    let own = own[i].clone();
                    sums = self.mix_one(values, range.start + own.start, at, &weights[i][own]);
                }
                give(i, at, sums);
            }
        }
    }

    /// Eight elements, from `at` on, of the sum of the values from row `first` on.
    fn mix_one(&self, values: Rows<'_>, first: usize, at: usize, weights: &[f32]) -> [f32; LANES] {
        let mut sums = [0.0; LANES];
        for (row, weight) in (first..).zip(weights) {
            let value = &values.row(row)[at..at + LANES];
            sums.iter_mut().zip(value).for_each(|(sum, x)| *sum += weight * x);
        }
        sums
    }
}

/// `out[i][k] = scale · Σ keys[k / 8][d][k % 8] · query[d][i]` for the four rows of a tile. Elements are summed in the order
/// of [`F32x4::sum`] over products of four at a time, so a row says the same alone.
fn multiply(keys: &[f32], query: &[f32], head_dim: usize, scale: f32, out: &mut [f32]) {
    let (stride, scale) = (out.len() / TILE, F32x4::splat(scale));
    for (block, keys) in keys.chunks_exact(LANES * head_dim).enumerate() {
        let lane = |lane: usize| {
            let mut sums = [[F32x4::splat(0.0); 2]; TILE];
            let keys = keys.as_chunks::<LANES>().0[lane..].iter().step_by(4);
            for (key, query) in keys.zip(query.as_chunks::<TILE>().0[lane..].iter().step_by(4)) {
                let key = F32x4::load8(key);
                for (sums, x) in sums.iter_mut().zip(query) {
                    let x = F32x4::splat(*x);
                    *sums = [0, 1].map(|h| key[h].mul_add(x, sums[h]));
                }
            }
            sums
        };
        let add = |a: Sums, b: Sums| std::array::from_fn(|i| [0, 1].map(|h| a[i][h].add(b[i][h])));
        let sums: Sums = add(add(lane(0), lane(2)), add(lane(1), lane(3)));
        for (i, sums) in sums.into_iter().enumerate() {
            let scores = F32x4::to_array8(sums.map(|sum| sum.mul(scale)));
            out[i * stride + block * LANES..][..LANES].copy_from_slice(&scores);
        }
    }
}

/// Eight sums of each row of a tile.
type Sums = [[F32x4; 2]; TILE];
