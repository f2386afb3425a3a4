//! `linear`, in integers where the weight is packed. One token: straight from the packed blocks, which are read once. More:
//! the blocks of a few rows are unpacked once, stay in the first-level cache, and meet every token there.
//!
//! Other weights (rows that are no whole number of groups, and formats that few files use) become f32 a panel at a time.

use graph::{BackendError, DType, Value};

use crate::{
    integers::{GROUP_WORDS, ROWS, TILE as TOKENS, quantize, words},
    ops::{Resolver, gather::weight},
    packed::{Layout, Quants},
    quant::{Dequantize, GROUP},
    step::{Operand, Step, Store},
    tile::tile,
};

/// Rows of a panel, and of a tile.
const PANEL: usize = 8;
const TILE: usize = 4;
/// Columns of a panel at most: 8 rows of 768 f32 are 24 KiB. Divides into blocks of every format.
const PANEL_COLUMNS: usize = 768;
/// Groups of unpacked blocks at most: 16 KiB of quants.
const BLOCKS: usize = 32;

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

    /// Adds products of packed weights.
    fn integers(&self, layout: Layout, store: &Store<'_>, scratch: &mut [u32], out: &mut [f32]) {
        let Operand { rows: tokens, columns, .. } = self.input;
        let Some((_, weights)) = store.packed(self.weight) else { return };
        let (x, panel) = scratch.split_at_mut(words(tokens, columns));
        quantize(store.reals(self.input), columns, layout.limit(), x);
        let (x, panel): (&[u32], &mut [u8]) = (x, bytemuck::cast_slice_mut(panel));
        let tiled = tokens / TOKENS * TOKENS;
        let (tiles, rest) = x.split_at(words(tiled, columns));
        let (kernels, rows, bytes) = (layout.kernels(), self.weight.rows, layout.block_bytes());
        for (index, run) in weights.chunks_exact(columns / GROUP * bytes).enumerate() {
            let first = index * ROWS;
            let count = ROWS.min(rows - first);
            let mut add = |token: usize, products: &[f32; ROWS]| {
                let out = &mut out[token * rows + first..][..count];
                out.iter_mut().zip(products).for_each(|(out, product)| *out += product);
            };
            if tokens == 1 {
                let [products] = (kernels.vector)(run, x);
                add(0, &products);
                continue;
            }
            for (piece, blocks) in run.chunks(BLOCKS * bytes).enumerate() {
                let blocks = if layout.quants == Quants::Shorts {
                    blocks
                } else {
                    let unpacked = &mut panel[..blocks.len() / bytes * layout.unpacked_bytes()];
                    (kernels.unpack)(blocks, unpacked);
                    unpacked
                };
                let start = piece * BLOCKS * GROUP_WORDS;
                for (tile, x) in tiles.chunks_exact(words(TOKENS, columns)).enumerate() {
                    let products = (kernels.tile)(blocks, &x[TOKENS * start..]);
                    products.iter().enumerate().for_each(|(t, products)| add(tile * TOKENS + t, products));
                }
                for (t, x) in rest.chunks_exact(words(1, columns)).enumerate() {
                    let [products] = (kernels.rest)(blocks, &x[start..]);
                    add(tiled + t, &products);
                }
            }
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
    fn scratch(&self) -> usize {
        let Operand { rows: tokens, columns, .. } = self.input;
        match self.packed {
            None => PANEL * PANEL_COLUMNS.min(columns),
            Some(layout) if tokens == 1 || layout.quants == Quants::Shorts => words(tokens, columns),
            Some(layout) => words(tokens, columns) + BLOCKS.min(columns / GROUP) * layout.unpacked_bytes().div_ceil(4),
        }
    }

    fn run(&self, store: &Store<'_>, scratch: &mut [u32], out: &mut [u32]) {
        let out = bytemuck::cast_slice_mut::<_, f32>(out);
        match self.bias {
            Some(bias) => out.chunks_exact_mut(self.weight.rows).for_each(|row| row.copy_from_slice(store.reals(bias))),
            None => out.fill(0.0),
        }
        match self.packed {
            Some(layout) => self.integers(layout, store, scratch, out),
            None => self.panels(store, bytemuck::cast_slice_mut(scratch), out),
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
