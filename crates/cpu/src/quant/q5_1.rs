//! 24 bytes: f16 scale, f16 minimum, 32 fifth bits, 32 nibbles as in `q4_0`.

use crate::{
    quant::{Group, fifth_bits, five_bits, half, lanes, pair, store_shifted},
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

pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (block, group) in blocks.as_chunks::<24>().0.iter().zip(out) {
        let (scale, minimum) = (half(pair(block, 0)), half(pair(block, 2)));
        *group = Group { quants: five_bits(&block[4..]), scales: [scale; 2], minima: [minimum; 2] };
    }
}
