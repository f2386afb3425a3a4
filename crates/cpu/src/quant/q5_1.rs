//! 24 bytes: f16 scale, f16 minimum, 32 fifth bits, 32 nibbles as in `q4_0`.

use crate::{
    quant::{dot_32, fifth_bits, half, lanes, pair, store_shifted},
    simd::{F32x4, U8x16},
};

#[inline(always)]
fn quants(block: &[u8; 24]) -> [U8x16; 2] {
    let q = lanes(block, 8);
    [q.low_nibbles().or(fifth_bits(pair(block, 4))), q.high_nibbles().or(fifth_bits(pair(block, 6)))]
}

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (block, out) in blocks.as_chunks::<24>().0.iter().zip(out.as_chunks_mut::<32>().0) {
        let (scale, minimum) = (F32x4::splat(half(pair(block, 0))), F32x4::splat(half(pair(block, 2))));
        for (q, out) in quants(block).into_iter().zip(out.as_chunks_mut::<16>().0) {
            store_shifted(q.to_f32(), scale, minimum, out);
        }
    }
}

pub(super) fn dot(blocks: &[u8], x: &[f32], sums: &[f32]) -> f32 {
    let mut lanes_sum = F32x4::splat(0.0);
    let mut shift = 0.0;
    for ((block, x), sum) in blocks.as_chunks::<24>().0.iter().zip(x.as_chunks::<32>().0).zip(sums) {
        let [low, high] = quants(block);
        let product = dot_32(low.to_f32(), high.to_f32(), x);
        lanes_sum = product.mul_add(F32x4::splat(half(pair(block, 0))), lanes_sum);
        shift += half(pair(block, 2)) * sum;
    }
    lanes_sum.sum() + shift
}
