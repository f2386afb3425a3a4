//! `linear`, in integers where the weight is packed. Up to four tokens: straight from the packed blocks, which are read once.
//! More: the blocks of a few rows are unpacked once, stay in the first-level cache, and meet every token there. Threads share
//! the rows of the weight.
//!
//! Weights whose rows are no whole number of groups become f32 a panel at a time, on one thread.

use std::ops::Range;

use graph::{BackendError, DType, Value};

use crate::{
    integers::{GROUP_WORDS, ROWS, TILE as TOKENS, quantize, words},
    ops::{Resolver, gather::weight},
    packed::{Bits, Layout},
    pool::{Cost, Parts},
    quant::{Dequantize, GROUP},
    step::{Operand, Resources, Step, Store},
    tile::tile,
};

/// Rows of a panel, and of a tile.
const PANEL: usize = 8;
const TILE: usize = 4;
/// Columns of a panel at most: 8 rows of 768 f32 are 24 KiB. Divides into blocks of every format.
const PANEL_COLUMNS: usize = 768;
/// Groups whose products are summed before they are added, for any number of tokens, so that a token's sums do not depend on
/// how many there are; and groups of unpacked blocks at most: 16 KiB of quants.
const BLOCKS: usize = 32;
/// Tokens that all rows meet before the next ones do, a multiple of the tile's: what of them is read and written stays in
/// the second-level cache.
const NEAR_TOKENS: usize = 64;
/// Tokens at most that blocks are not unpacked for: one tile.
const FEW_TOKENS: usize = TOKENS;
/// Multiplications below which one thread is faster: some 5 µs.
const WORTH_SHARING: usize = 100_000;

pub(crate) struct Linear {
    input: Operand,
    weight: Operand,
    bias: Option<Operand>,
    row_bytes: usize,
    block: (usize, usize),
    plain: bool,
    dequantize: Dequantize,
    packed: Option<Layout>,
}

impl Linear {
    pub(super) fn new(
        resolver: &Resolver<'_>,
        input: Value,
        matrix: Value,
        bias: Option<Value>,
    ) -> Result<Self, BackendError> {
        let (row_bytes, dequantize) = weight(resolver, matrix, "linear")?;
        let dtype = resolver.dtype(matrix);
        Ok(Linear {
            input: resolver.at(input),
            weight: resolver.at(matrix),
            bias: bias.map(|bias| resolver.at(bias)),
            row_bytes,
            block: (dtype.block_len(), dtype.block_bytes()),
            plain: dtype == DType::F32,
            dequantize,
            packed: resolver.layout(matrix),
        })
    }

    /// Words of the unpacked blocks of a thread.
    fn panel_words(&self, layout: Layout) -> usize {
        let Operand { rows: tokens, columns, .. } = self.input;
        if tokens <= FEW_TOKENS || layout.quants == Bits::Sixteen {
            return 0;
        }
        BLOCKS.min(columns / GROUP) * layout.unpacked_bytes().div_ceil(4)
    }

    /// Adds products of packed weights.
    fn integers(&self, layout: Layout, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [f32]) {
        let Operand { rows: tokens, columns, .. } = self.input;
        let Resources { scratch, pool } = resources;
        let (x, scratch) = scratch.split_at_mut(words(tokens, columns));
        quantize(store.reals(self.input), columns, layout.limit(), pool, x);
        let (x, panel_words) = (&*x, self.panel_words(layout));
        let runs = self.weight.rows.div_ceil(ROWS);
        let cost = Cost::of((tokens * columns).saturating_mul(self.weight.rows), WORTH_SHARING);
        let (out, scratch) = (Parts::new(out), Parts::new(scratch));
        pool.split(cost, |share| {
            // SAFETY: each thread has its own.
            let panel = unsafe { scratch.part(share.own(panel_words)) };
            self.runs(share.of(runs), layout, store, x, panel, &out);
        });
    }

    /// Adds the products of some runs of blocks, which nobody else computes meanwhile.
    fn runs(
        &self,
        runs: Range<usize>,
        layout: Layout,
        store: &Store<'_>,
        x: &[u32],
        panel: &mut [u32],
        out: &Parts<'_, f32>,
    ) {
        let Operand { rows: tokens, columns, .. } = self.input;
        let Some((_, weights)) = store.packed(self.weight) else { return };
        let (kernels, bytes) = (layout.kernels(), layout.block_bytes());
        let run_bytes = columns / GROUP * bytes;
        let blocks = weights[runs.start * run_bytes..runs.end * run_bytes].chunks_exact(run_bytes);
        if tokens <= FEW_TOKENS {
            let tiled = tokens / TOKENS * TOKENS;
            let (tiles, rest) = x.split_at(words(tiled, columns));
            for (run, blocks) in runs.zip(blocks) {
                for (piece, blocks) in blocks.chunks(BLOCKS * bytes).enumerate() {
                    let start = piece * BLOCKS * GROUP_WORDS;
                    for (tile, x) in tiles.chunks_exact(words(TOKENS, columns)).enumerate() {
                        for (t, products) in (kernels.few)(blocks, &x[TOKENS * start..]).iter().enumerate() {
                            self.add(run, tile * TOKENS + t, products, out);
                        }
                    }
                    for (t, x) in rest.chunks_exact(words(1, columns)).enumerate() {
                        let [products] = (kernels.vector)(blocks, &x[start..]);
                        self.add(run, tiled + t, &products, out);
                    }
                }
            }
            return;
        }
        let panel: &mut [u8] = bytemuck::cast_slice_mut(panel);
        for (index, x) in x.chunks(words(NEAR_TOKENS, columns)).enumerate() {
            let first = index * NEAR_TOKENS;
            let tiled = (tokens - first).min(NEAR_TOKENS) / TOKENS * TOKENS;
            let (tiles, rest) = x.split_at(words(tiled, columns));
            for (run, blocks) in runs.clone().zip(blocks.clone()) {
                for (piece, blocks) in blocks.chunks(BLOCKS * bytes).enumerate() {
                    let blocks = if layout.quants == Bits::Sixteen {
                        blocks
                    } else {
                        let unpacked = &mut panel[..blocks.len() / bytes * layout.unpacked_bytes()];
                        (kernels.unpack)(blocks, unpacked);
                        unpacked
                    };
                    let start = piece * BLOCKS * GROUP_WORDS;
                    for (tile, x) in tiles.chunks_exact(words(TOKENS, columns)).enumerate() {
                        let products = (kernels.tile)(blocks, &x[TOKENS * start..]);
                        for (t, products) in products.iter().enumerate() {
                            self.add(run, first + tile * TOKENS + t, products, out);
                        }
                    }
                    for (t, x) in rest.chunks_exact(words(1, columns)).enumerate() {
                        let [products] = (kernels.rest)(blocks, &x[start..]);
                        self.add(run, first + tiled + t, &products, out);
                    }
                }
            }
        }
    }

    /// Adds the products of a run with a token.
    fn add(&self, run: usize, token: usize, products: &[f32; ROWS], out: &Parts<'_, f32>) {
        let (rows, first) = (self.weight.rows, run * ROWS);
        let count = ROWS.min(rows - first);
        // SAFETY: these columns belong to this run, which one thread computes.
        let out = unsafe { out.part(token * rows + first..token * rows + first + count) };
        out.iter_mut().zip(products).for_each(|(out, product)| *out += product);
    }

    /// Adds products of other weights.
    fn panels(&self, store: &Store<'_>, scratch: &mut [f32], out: &mut [f32]) {
        let x = store.reals(self.input);
        let (columns, rows) = (self.input.columns, self.weight.rows);
        for first in (0..rows).step_by(PANEL) {
            let count = PANEL.min(rows - first);
            for start in (0..columns).step_by(PANEL_COLUMNS) {
                let width = PANEL_COLUMNS.min(columns - start);
                let panel = if self.plain {
                    let all = store.reals(self.weight);
                    Panel { data: &all[first * columns + start..], stride: columns, width, count }
                } else {
                    self.fill(store, scratch, first, count, start, width);
                    Panel { data: scratch, stride: width, width, count }
                };
                panel.multiply(&x[start..], columns, &mut out[first..], rows);
            }
        }
    }

    /// Dequantizes columns `start..start + width` of `count` rows from `first` on.
    fn fill(&self, store: &Store<'_>, scratch: &mut [f32], first: usize, count: usize, start: usize, width: usize) {
        let (length, bytes) = self.block;
        let matrix = store.bytes(self.weight);
        for (row, out) in (first..first + count).zip(scratch.chunks_exact_mut(width)) {
            let from = row * self.row_bytes + start / length * bytes;
            (self.dequantize)(&matrix[from..][..width / length * bytes], out);
        }
    }
}

impl Step for Linear {
    fn scratch(&self, threads: usize) -> usize {
        let Operand { rows: tokens, columns, .. } = self.input;
        match self.packed {
            None => PANEL * PANEL_COLUMNS.min(columns),
            Some(layout) => words(tokens, columns) + threads * self.panel_words(layout),
        }
    }

    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        let out = bytemuck::cast_slice_mut::<_, f32>(out);
        match self.bias {
            Some(bias) => out.chunks_exact_mut(self.weight.rows).for_each(|row| row.copy_from_slice(store.reals(bias))),
            None => out.fill(0.0),
        }
        match self.packed {
            Some(layout) => self.integers(layout, store, resources, out),
            None => self.panels(store, bytemuck::cast_slice_mut(resources.scratch), out),
        }
    }
}

/// Some columns of a few rows, as f32.
struct Panel<'a> {
    data: &'a [f32],
    stride: usize,
    width: usize,
    count: usize,
}

impl Panel<'_> {
    fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.stride..][..self.width]
    }

    /// Adds the products with every token to the columns of `out` that belong to this panel.
    fn multiply(&self, x: &[f32], x_stride: usize, out: &mut [f32], out_stride: usize) {
        let tokens = x.len().div_ceil(x_stride);
        let token = |t: usize| &x[t * x_stride..][..self.width];
        let mut t = 0;
        while t + 2 <= tokens {
            self.tiles([token(t), token(t + 1)], &mut out[t * out_stride..], out_stride);
            t += 2;
        }
        if t < tokens {
            self.tiles([token(t)], &mut out[t * out_stride..], out_stride);
        }
    }

    #[inline(always)]
    fn tiles<const T: usize>(&self, x: [&[f32]; T], out: &mut [f32], out_stride: usize) {
        let mut row = 0;
        while row + TILE <= self.count {
            let products = tile::<TILE, T>(std::array::from_fn(|r| self.row(row + r)), x);
            for (r, products) in products.into_iter().enumerate() {
                for (t, product) in products.into_iter().enumerate() {
                    out[t * out_stride + row + r] += product;
                }
            }
            row += TILE;
        }
        for row in row..self.count {
            let [products] = tile::<1, T>([self.row(row)], x);
            for (t, product) in products.into_iter().enumerate() {
                out[t * out_stride + row] += product;
            }
        }
    }
}
