//! 20 bytes: f16 scale, f16 minimum, 32 nibbles as in `q4_0`.

use crate::{
    quant::{Group, half, lanes, nibbles, pair, store_shifted},
    simd::F32x4,
};

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (block, out) in blocks.as_chunks::<20>().0.iter().zip(out.as_chunks_mut::<32>().0) {
        let (scale, minimum) = (F32x4::splat(half(pair(block, 0))), F32x4::splat(half(pair(block, 2))));
        let q = lanes(block, 4);
        let (out, _) = out.as_chunks_mut::<16>();
        store_shifted(q.low_nibbles().to_f32(), scale, minimum, &mut out[0]);
        store_shifted(q.high_nibbles().to_f32(), scale, minimum, &mut out[1]);
    }
}

pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (block, group) in blocks.as_chunks::<20>().0.iter().zip(out) {
        let (scale, minimum) = (half(pair(block, 0)), half(pair(block, 2)));
        *group = Group { quants: nibbles(&block[4..]), scales: [scale; 2], minima: [minimum; 2] };
    }
}
