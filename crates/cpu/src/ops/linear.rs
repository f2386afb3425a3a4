//! `linear`. One token: dot products straight from the stored blocks, which are read once. More: a panel of a few rows
//! is dequantized once, stays in the first-level cache, and meets every token there.

use graph::{BackendError, DType, Value};

use crate::{
    ops::{Resolver, gather::weight},
    quant::{self, Dequantize, Dot, GROUP},
    simd,
    step::{Operand, Step, Store},
    tile::tile,
};

/// Rows of a panel, and of a tile.
const PANEL: usize = 8;
const TILE: usize = 4;
/// Columns of a panel at most: 8 rows of 768 f32 are 24 KiB. Divides into blocks of every format.
const PANEL_COLUMNS: usize = 768;

pub(crate) struct Linear {
    input: Operand,
    weight: Operand,
    bias: Option<Operand>,
    row_bytes: usize,
    block: (usize, usize),
    plain: bool,
    dequantize: Dequantize,
    dot: Option<Dot>,
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
            dot: quant::dot(dtype),
        })
    }

    /// One token.
    fn vector(&self, dot: Dot, store: &Store<'_>, sums: &mut [f32], out: &mut [f32]) {
        let x = store.reals(self.input);
        for (sum, x) in sums.iter_mut().zip(x.chunks(GROUP)) {
            *sum = simd::sum(x);
        }
        let rows = store.bytes(self.weight).chunks_exact(self.row_bytes);
        for (out, row) in out.iter_mut().zip(rows) {
            *out += dot(row, x, sums);
        }
    }

    /// Any number of tokens.
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
        (PANEL * PANEL_COLUMNS.min(self.input.columns)).max(self.input.columns.div_ceil(GROUP))
    }

    fn run(&self, store: &Store<'_>, scratch: &mut [u32], out: &mut [u32]) {
        let (scratch, out) = (bytemuck::cast_slice_mut(scratch), bytemuck::cast_slice_mut::<_, f32>(out));
        match self.bias {
            Some(bias) => out.chunks_exact_mut(self.weight.rows).for_each(|row| row.copy_from_slice(store.reals(bias))),
            None => out.fill(0.0),
        }
        match self.dot {
            Some(dot) if self.input.rows == 1 => {
                let groups = self.input.columns.div_ceil(GROUP);
                self.vector(dot, store, &mut scratch[..groups], out);
            }
            _ => self.panels(store, scratch, out),
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
