//! 176 bytes for 256 elements: scales and minima as in `q4_k`, 32 bytes of fifth bits, and 128 bytes of nibbles as in `q4_k`;
//! bit `j` of the fifth bits is group `j`'s.

use crate::quant::{Group, q4_k};

pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (block, out) in blocks.as_chunks::<176>().0.iter().zip(out.as_chunks_mut::<8>().0) {
        let (scales, minima) = q4_k::scales(block);
        for (j, group) in out.iter_mut().enumerate() {
            let (bytes, shift) = (&block[48 + j / 2 * 32..], 4 * (j % 2));
            let quant = |i: usize| ((bytes[i] >> shift) & 15) | (((block[16 + i] >> j) & 1) << 4);
            *group = Group {
                quants: std::array::from_fn(|i| i16::from(quant(i))),
                scales: [scales[j]; 2],
                minima: [-minima[j]; 2],
            };
        }
    }
}
