//! 110 bytes for 256 elements: 32 bytes of high bits, 64 bytes of low pairs of bits, 16 scales of 6 bits in 12 bytes, f16
//! scale of scales. Each 32 bytes of pairs hold four groups of 32 elements, the first in the lowest bits; bit `j` of the
//! high bits is group `j`'s, and where it is not set 4 is taken off.

use crate::quant::{Group, half, pair};

/// Scale `k` of 16: a nibble in 8 bytes, two more bits in 4.
fn scale(packed: &[u8], k: usize) -> i16 {
    let low = (packed[k % 8] >> (k / 8 * 4)) & 15;
    let high = (packed[8 + k % 4] >> (k / 4 * 2)) & 3;
    i16::from(low | (high << 4)) - 32
}

pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (block, out) in blocks.as_chunks::<110>().0.iter().zip(out.as_chunks_mut::<8>().0) {
        let d = half(pair(block, 108));
        for (j, group) in out.iter_mut().enumerate() {
            let (bytes, shift) = (&block[32 + j / 4 * 32..], 2 * (j % 4));
            let quant = |i: usize| i16::from((bytes[i] >> shift) & 3) - 4 * i16::from((!block[i] >> j) & 1);
            *group = Group {
                quants: std::array::from_fn(quant),
                scales: [0, 1].map(|part| d * f32::from(scale(&block[96..108], 2 * j + part))),
                minima: [0.0; 2],
            };
        }
    }
}
