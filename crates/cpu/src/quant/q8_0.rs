//! 34 bytes: f16 scale, 32 signed bytes.

use crate::{
    quant::{dot_32, half, lanes, pair, store_scaled},
    simd::F32x4,
};

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (block, out) in blocks.as_chunks::<34>().0.iter().zip(out.as_chunks_mut::<32>().0) {
        let scale = F32x4::splat(half(pair(block, 0)));
        let (out, _) = out.as_chunks_mut::<16>();
        store_scaled(lanes(block, 2).signed_to_f32(), scale, &mut out[0]);
        store_scaled(lanes(block, 18).signed_to_f32(), scale, &mut out[1]);
    }
}

pub(super) fn dot(blocks: &[u8], x: &[f32], _sums: &[f32]) -> f32 {
    let mut sum = F32x4::splat(0.0);
    for (block, x) in blocks.as_chunks::<34>().0.iter().zip(x.as_chunks::<32>().0) {
        let (low, high) = (lanes(block, 2).signed_to_f32(), lanes(block, 18).signed_to_f32());
        sum = dot_32(low, high, x).mul_add(F32x4::splat(half(pair(block, 0))), sum);
    }
    sum.sum()
}
