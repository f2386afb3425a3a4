//! `linear`, in integers where the weight is packed. Up to four tokens: straight from the packed blocks, which are read once,
//! of several parts of the rows by turns. More: the blocks of a few rows are unpacked once, stay in the first-level cache, and
//! meet every token there. Threads share the rows of the weight.
//!
//! Weights whose rows are no whole number of groups become f32 a panel at a time, on one thread.

use std::ops::Range;

use graph::{BackendError, DType, Value};

use crate::{
    integers::{Form, ROWS, STREAMS, TILE as TOKENS, quantize},
    ops::{Resolver, gather::weight},
    packed::{Bits, By, Layout},
    pool::{Cost, Parts},
    precision::{Precision, call},
    quant::{Dequantize, GROUP},
    simd::F32x4,
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
/// Shares of a thread that multiplies few tokens: a share begins its streams of weights anew.
const FEW_TURNS: usize = 2;
/// Multiplications below which one thread is faster: some 5 µs.
const WORTH_SHARING: usize = 100_000;

/// What a thread multiplies.
struct Work<'a> {
    /// Runs of blocks, which nobody else computes meanwhile.
    runs: Range<usize>,
    weights: &'a [u8],
    layout: Layout,
    form: Form,
    x: &'a [u32],
    out: &'a Parts<'a, f32>,
}

/// How blocks are unpacked, and what for.
struct Unpack<'a> {
    blocks: fn(&[u8], &mut [u8]),
    /// Bytes of a block then.
    bytes: usize,
    panel: &'a mut [u8],
}

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

    /// Whether blocks are unpacked for many tokens.
    fn unpacks(&self, layout: Layout) -> bool {
        self.input.rows > FEW_TOKENS && layout.quants != Bits::Sixteen
    }

    /// Words of the unpacked blocks of a thread.
    fn panel_words(&self, layout: Layout) -> usize {
        match self.unpacks(layout) {
            true => BLOCKS.min(self.input.columns / GROUP) * layout.unpacked_bytes().div_ceil(4),
            false => 0,
        }
    }

    /// Adds products of packed weights.
    fn integers(&self, layout: Layout, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [f32]) {
        let Operand { rows: tokens, columns, .. } = self.input;
        let Resources { scratch, pool, precision } = resources;
        let is_few = tokens <= FEW_TOKENS;
        let form = layout.form(*precision, is_few);
        let (x, scratch) = scratch.split_at_mut(form.words(tokens, columns));
        quantize(store.reals(self.input), columns, form, pool, x);
        let (x, precision, panel_words) = (&*x, *precision, self.panel_words(layout));
        let runs = self.weight.rows.div_ceil(ROWS);
        let all = (tokens * columns).saturating_mul(self.weight.rows);
        let cost = match tokens {
            ..=FEW_TOKENS => Cost { all, worth_sharing: WORTH_SHARING, turns: FEW_TURNS },
            _ => Cost::of(all, WORTH_SHARING),
        };
        let (out, scratch) = (Parts::new(out), Parts::new(scratch));
        pool.split(cost, |share| {
            // SAFETY: each thread has its own.
            let panel = unsafe { scratch.part(share.own(panel_words)) };
            let Some((_, weights)) = store.packed(self.weight) else { return };
            let work = Work { runs: share.of(runs), weights, layout, form, x, out: &out };
            let (kernels, bytes, words) = (layout.kernels(), layout.block_bytes(), form.group_words());
            let zero = layout.zero();
            match layout.relaxed(precision, is_few) {
                Some(By { unpacks: true, kernels: [one, tile], .. }) => {
                    let bytes = layout.byte_block();
                    let panel = bytemuck::cast_slice_mut(panel);
                    self.meet::<1>(
                        work,
                        Some(Unpack { blocks: kernels.unpack_bytes, bytes, panel }),
                        |runs, x| call(tile, runs, bytes, x, words, zero),
                        |runs, x| call(one, runs, bytes, x, words, zero),
                    );
                }
                Some(By { kernels: [one, tile], .. }) => self.meet::<STREAMS>(
                    work,
                    None,
                    |runs, x| call(tile, runs, bytes, x, words, zero),
                    |runs, x| call(one, runs, bytes, x, words, zero),
                ),
                None if is_few => self.meet::<STREAMS>(work, None, kernels.few, kernels.vector),
                None => {
                    let (blocks, bytes) = (kernels.unpack, layout.unpacked_bytes());
                    let panel = bytemuck::cast_slice_mut(panel);
                    let unpack = self.unpacks(layout).then_some(Unpack { blocks, bytes, panel });
                    self.meet::<1>(work, unpack, kernels.tile, kernels.rest);
                }
            }
        });
    }

    /// Has tokens meet runs of blocks, `R` at a time, a tile of tokens and the rest one by one, and adds the products. What
    /// is unpacked is one run.
    #[inline(always)]
    fn meet<const R: usize>(
        &self,
        work: Work<'_>,
        mut unpack: Option<Unpack<'_>>,
        tile: impl Fn([&[u8]; R], &[u32]) -> [[[f32; ROWS]; TOKENS]; R],
        one: impl Fn([&[u8]; R], &[u32]) -> [[[f32; ROWS]; 1]; R],
    ) {
        let Operand { rows: tokens, columns, .. } = self.input;
        let Work { runs, weights, layout, form, x, out } = work;
        let bytes = layout.block_bytes();
        let (groups, run_bytes) = (columns / GROUP, columns / GROUP * bytes);
        let part = runs.len().div_ceil(R);
        for (index, x) in x.chunks(form.words(NEAR_TOKENS, columns)).enumerate() {
            let first = index * NEAR_TOKENS;
            let tiled = (tokens - first).min(NEAR_TOKENS) / TOKENS * TOKENS;
            let (tiles, rest) = x.split_at(form.words(tiled, columns));
            for step in 0..part {
                // Each stream goes through a part of the runs; the last ones end sooner.
                let run = |stream: usize| runs.start + stream * part + step;
                let streams = (0..R).take_while(|stream| run(*stream) < runs.end);
                for start in (0..groups).step_by(BLOCKS) {
                    let length = BLOCKS.min(groups - start) * bytes;
                    let mut blocks: [&[u8]; R] = [&[]; R];
                    for stream in streams.clone() {
                        blocks[stream] = &weights[run(stream) * run_bytes + start * bytes..][..length];
                    }
                    let blocks = match &mut unpack {
                        Some(unpack) => {
                            let unpacked = &mut unpack.panel[..length / bytes * unpack.bytes];
                            (unpack.blocks)(blocks[0], unpacked);
                            [&*unpacked; R]
                        }
                        None => blocks,
                    };
                    let start = start * form.group_words();
                    for (index, x) in tiles.chunks_exact(form.words(TOKENS, columns)).enumerate() {
                        let products = tile(blocks, &x[TOKENS * start..]);
                        for stream in streams.clone() {
                            for (t, products) in products[stream].iter().enumerate() {
                                self.add(run(stream), first + index * TOKENS + t, products, out);
                            }
                        }
                    }
                    for (t, x) in rest.chunks_exact(form.words(1, columns)).enumerate() {
                        let products = one(blocks, &x[start..]);
                        for stream in streams.clone() {
                            self.add(run(stream), first + tiled + t, &products[stream][0], out);
                        }
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
        match out.first_chunk_mut::<ROWS>() {
            Some(out) => {
                let [low, high] = F32x4::load8(out);
                let [first, second] = F32x4::load8(products);
                *out = F32x4::to_array8([low.add(first), high.add(second)]);
            }
            None => out.iter_mut().zip(products).for_each(|(out, product)| *out += product),
        }
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
            Some(layout) => {
                layout.form(Precision::default(), true).words(tokens, columns) + threads * self.panel_words(layout)
            }
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
