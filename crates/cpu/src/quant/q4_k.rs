//! 144 bytes for 256 elements: f16 scale of scales, f16 scale of minima, 8 scales and 8 minima of 6 bits in 12 bytes,
//! and 128 bytes of nibbles: each 32 bytes hold 32 elements in their low halves, then 32 in their high halves.

use crate::{
    quant::{Group, half, lanes, pair, store_shifted},
    simd::F32x4,
};

/// Scales and minima of the eight groups of 32, multiplied out, as `q5_k` has them too.
#[inline(always)]
pub(super) fn scales<const N: usize>(block: &[u8; N]) -> ([f32; 8], [f32; 8]) {
    let (d, dmin) = (half(pair(block, 0)), half(pair(block, 2)));
    let packed = &block[4..16];
    let mut scales = [0.0; 8];
    let mut minima = [0.0; 8];
    for j in 0..4 {
        scales[j] = d * f32::from(packed[j] & 63);
        minima[j] = dmin * f32::from(packed[j + 4] & 63);
        scales[j + 4] = d * f32::from((packed[j + 8] & 15) | ((packed[j] >> 6) << 4));
        minima[j + 4] = dmin * f32::from((packed[j + 8] >> 4) | ((packed[j + 4] >> 6) << 4));
    }
    (scales, minima)
}

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (block, out) in blocks.as_chunks::<144>().0.iter().zip(out.as_chunks_mut::<256>().0) {
        let (scales, minima) = scales(block);
        for (j, out) in out.as_chunks_mut::<64>().0.iter_mut().enumerate() {
            let q = [lanes(block, 16 + 32 * j), lanes(block, 32 + 32 * j)];
            let (out, _) = out.as_chunks_mut::<16>();
            for i in 0..2 {
                let [low, high] = [2 * j, 2 * j + 1].map(|k| (F32x4::splat(scales[k]), F32x4::splat(-minima[k])));
                store_shifted(q[i].low_nibbles().to_f32(), low.0, low.1, &mut out[i]);
                store_shifted(q[i].high_nibbles().to_f32(), high.0, high.1, &mut out[2 + i]);
            }
        }
    }
}

pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (block, out) in blocks.as_chunks::<144>().0.iter().zip(out.as_chunks_mut::<8>().0) {
        let (scales, minima) = scales(block);
        for (j, group) in out.iter_mut().enumerate() {
            let (bytes, shift) = (&block[16 + j / 2 * 32..], 4 * (j % 2));
            let quants = std::array::from_fn(|i| i16::from((bytes[i] >> shift) & 15));
            *group = Group { quants, scales: [scales[j]; 2], minima: [-minima[j]; 2] };
        }
    }
}
