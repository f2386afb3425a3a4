//! Plain f32.

use crate::quant::{GROUP, Group, rounded};

pub(super) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    for (bytes, out) in blocks.as_chunks::<4>().0.iter().zip(out) {
        *out = f32::from_le_bytes(*bytes);
    }
}

pub(super) fn groups(blocks: &[u8], out: &mut [Group]) {
    for (bytes, group) in blocks.as_chunks::<{ 4 * GROUP }>().0.iter().zip(out) {
        let mut numbers = [0.0; GROUP];
        dequantize(bytes, &mut numbers);
        *group = rounded(&numbers);
    }
}
