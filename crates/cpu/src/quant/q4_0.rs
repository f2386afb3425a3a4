//! 18 bytes: f16 scale, 32 nibbles. Element `i` is in the low half of byte `i`, element `i + 16` in the high half.

use crate::{
    quant::{Group, half, lanes, nibbles, pair, store_scaled},
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

/// With 8 for zero.
pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (block, group) in blocks.as_chunks::<18>().0.iter().zip(out) {
        *group =
            Group { quants: nibbles(&block[2..]).map(|q| q - 8), scales: [half(pair(block, 0)); 2], minima: [0.0; 2] };
    }
}
