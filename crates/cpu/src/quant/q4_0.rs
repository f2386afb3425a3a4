//! 18 bytes: f16 scale, 32 nibbles. Element `i` is in the low half of byte `i`, element `i + 16` in the high half.

use crate::{
    quant::{dot_32, half, lanes, pair, store_scaled},
    simd::F32x4,
};

#[inline(always)]
fn quants(block: &[u8; 18]) -> ([F32x4; 4], [F32x4; 4]) {
    let q = lanes(block, 2);
    (q.low_nibbles().sub(8).signed_to_f32(), q.high_nibbles().sub(8).signed_to_f32())
}

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (block, out) in blocks.as_chunks::<18>().0.iter().zip(out.as_chunks_mut::<32>().0) {
        let scale = F32x4::splat(half(pair(block, 0)));
        let (low, high) = quants(block);
        let (out, _) = out.as_chunks_mut::<16>();
        store_scaled(low, scale, &mut out[0]);
        store_scaled(high, scale, &mut out[1]);
    }
}

pub(super) fn dot(blocks: &[u8], x: &[f32], sums: &[f32]) -> f32 {
    let mut lanes_sum = F32x4::splat(0.0);
    let mut shift = 0.0;
    for ((block, x), sum) in blocks.as_chunks::<18>().0.iter().zip(x.as_chunks::<32>().0).zip(sums) {
        let scale = half(pair(block, 0));
        let q = lanes(block, 2);
        let product = dot_32(q.low_nibbles().to_f32(), q.high_nibbles().to_f32(), x);
        lanes_sum = product.mul_add(F32x4::splat(scale), lanes_sum);
        shift += scale * sum;
    }
    lanes_sum.sum() - 8.0 * shift
}
