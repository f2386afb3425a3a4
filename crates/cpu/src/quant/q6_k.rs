//! 210 bytes for 256 elements: 128 bytes of low nibbles, 64 bytes of high pairs of bits, 16 signed scales of 16 elements
//! each, f16 scale of scales. Each half of 128 elements has 64 bytes of nibbles and 32 bytes of pairs.

use crate::{
    quant::{Group, half, lanes, pair, store_scaled},
    simd::{F32x4, U8x16},
};

/// Six-bit quants less 32, as i8: of the eight runs of 16 elements in a half of the block, every other one, from `part` on.
#[inline(always)]
fn quants(block: &[u8; 210], side: usize, part: usize) -> [U8x16; 4] {
    let a = lanes(block, 64 * side + 16 * part);
    let b = lanes(block, 64 * side + 32 + 16 * part);
    let high = lanes(block, 128 + 32 * side + 16 * part);
    [
        a.low_nibbles().or(high.and(0x03).shl4()),
        b.low_nibbles().or(high.and(0x0c).shl2()),
        a.high_nibbles().or(high.and(0x30)),
        b.high_nibbles().or(high.and(0xc0).shr2()),
    ]
    .map(|q| q.sub(32))
}

#[inline(always)]
fn scale(block: &[u8; 210], d: f32, index: usize) -> F32x4 {
    F32x4::splat(d * f32::from(block[192 + index] as i8))
}

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (block, out) in blocks.as_chunks::<210>().0.iter().zip(out.as_chunks_mut::<256>().0) {
        let d = half(pair(block, 208));
        let (out, _) = out.as_chunks_mut::<16>();
        for side in 0..2 {
            for part in 0..2 {
                for (i, q) in quants(block, side, part).into_iter().enumerate() {
                    let index = 8 * side + 2 * i + part;
                    store_scaled(q.signed_to_f32(), scale(block, d, index), &mut out[index]);
                }
            }
        }
    }
}

pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (block, out) in blocks.as_chunks::<210>().0.iter().zip(out.as_chunks_mut::<8>().0) {
        let d = half(pair(block, 208));
        for (j, group) in out.iter_mut().enumerate() {
            // Group j of a half has its nibbles in one half of bytes, and its pairs of bits at one place of others.
            let (side, j4) = (j / 4, j % 4);
            let (low, high) = (&block[64 * side + 32 * (j4 % 2)..], &block[128 + 32 * side..]);
            let quant = |i: usize| ((low[i] >> (4 * (j4 / 2))) & 15) | (((high[i] >> (2 * j4)) & 3) << 4);
            let scale = |part: usize| d * f32::from(block[192 + 2 * j + part] as i8);
            let quants = std::array::from_fn(|i| i16::from(quant(i)) - 32);
            *group = Group { quants, scales: [scale(0), scale(1)], minima: [0.0; 2] };
        }
    }
}
