//! 84 bytes for 256 elements: 16 bytes with a scale (low nibble) and a minimum (high nibble) of 16 elements each, 64 bytes of
//! pairs of bits, f16 scale of scales, f16 scale of minima. Each 32 bytes of pairs hold four groups of 32 elements, the
//! first in the lowest bits.

use crate::quant::{Group, half, pair};

pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (block, out) in blocks.as_chunks::<84>().0.iter().zip(out.as_chunks_mut::<8>().0) {
        let (d, dmin) = (half(pair(block, 80)), half(pair(block, 82)));
        for (j, group) in out.iter_mut().enumerate() {
            let (bytes, shift) = (&block[16 + j / 4 * 32..], 2 * (j % 4));
            let packed = [block[2 * j], block[2 * j + 1]];
            *group = Group {
                quants: std::array::from_fn(|i| i16::from((bytes[i] >> shift) & 3)),
                scales: packed.map(|packed| d * f32::from(packed & 15)),
                minima: packed.map(|packed| -(dmin * f32::from(packed >> 4))),
            };
        }
    }
}
