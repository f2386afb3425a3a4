//! 34 bytes: f16 scale, 32 signed bytes.

use crate::{
    quant::{Group, half, lanes, pair, store_scaled},
    simd::F32x4,
};

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (block, out) in blocks.as_chunks::<34>().0.iter().zip(out.as_chunks_mut::<32>().0) {
        let scale = F32x4::splat(half(pair(block, 0)));
        let (out, _) = out.as_chunks_mut::<16>();
        store_scaled(lanes(block, 2).signed_to_f32(), scale, &mut out[0]);
        store_scaled(lanes(block, 18).signed_to_f32(), scale, &mut out[1]);
    }
}

pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (block, group) in blocks.as_chunks::<34>().0.iter().zip(out) {
        let quants = std::array::from_fn(|i| i16::from(block[2 + i] as i8));
        *group = Group { quants, scales: [half(pair(block, 0)); 2], minima: [0.0; 2] };
    }
}
