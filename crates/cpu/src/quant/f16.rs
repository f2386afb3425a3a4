//! IEEE half precision.

use crate::{
    quant::half,
    simd::{self, F32x4},
};

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (bytes, out) in blocks.as_chunks::<2>().0.iter().zip(out) {
        *out = half(*bytes);
    }
}

pub(super) fn dot(blocks: &[u8], x: &[f32], _sums: &[f32]) -> f32 {
    let (w16, w_rest) = blocks.as_chunks::<32>();
    let (x16, x_rest) = x.as_chunks::<16>();
    let mut sum = F32x4::splat(0.0);
    let mut row = [0.0; 16];
    for (w, x) in w16.iter().zip(x16) {
        dequantize(w, &mut row);
        let (row, _) = row.as_chunks::<4>();
        sum = sum.add(super::dot_16([0, 1, 2, 3].map(|i| F32x4::load(&row[i])), x));
    }
    let mut tail = [0.0; 16];
    dequantize(w_rest, &mut tail);
    sum.sum() + simd::dot(&tail[..x_rest.len()], x_rest)
}
