//! 22 bytes: f16 scale, 32 fifth bits, 32 nibbles as in `q4_0`.

use crate::{
    quant::{Group, fifth_bits, five_bits, half, lanes, pair, store_scaled},
    simd::{F32x4, U8x16},
};

/// Five-bit quants, of which 16 is zero.
#[inline(always)]
fn quants(block: &[u8; 22]) -> [U8x16; 2] {
    let q = lanes(block, 6);
    [q.low_nibbles().or(fifth_bits(pair(block, 2))), q.high_nibbles().or(fifth_bits(pair(block, 4)))]
}

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (block, out) in blocks.as_chunks::<22>().0.iter().zip(out.as_chunks_mut::<32>().0) {
        let scale = F32x4::splat(half(pair(block, 0)));
        for (q, out) in quants(block).into_iter().zip(out.as_chunks_mut::<16>().0) {
            store_scaled(q.sub(16).signed_to_f32(), scale, out);
        }
    }
}

pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (block, group) in blocks.as_chunks::<22>().0.iter().zip(out) {
        let quants = five_bits(&block[2..]).map(|q| q - 16);
        *group = Group { quants, scales: [half(pair(block, 0)); 2], minima: [0.0; 2] };
    }
}
