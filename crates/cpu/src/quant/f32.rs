//! Plain f32.

use crate::simd;

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (bytes, out) in blocks.as_chunks::<4>().0.iter().zip(out) {
        *out = f32::from_le_bytes(*bytes);
    }
}

pub(super) fn dot(blocks: &[u8], x: &[f32], _sums: &[f32]) -> f32 {
    simd::dot(bytemuck::cast_slice(blocks), x)
}
