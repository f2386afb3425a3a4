//! The formats that few files use, by candle-core: Q2_K, Q3_K, Q5_K. Each call allocates a short list in there.

use candle_core::quantized::{
    GgmlType,
    k_quants::{BlockQ2K, BlockQ3K, BlockQ5K},
};

pub(super) fn dequantize_q2_k(blocks: &[u8], out: &mut [f32]) {
    dequantize::<BlockQ2K>(blocks, out);
}

pub(super) fn dequantize_q3_k(blocks: &[u8], out: &mut [f32]) {
    dequantize::<BlockQ3K>(blocks, out);
}

pub(super) fn dequantize_q5_k(blocks: &[u8], out: &mut [f32]) {
    dequantize::<BlockQ5K>(blocks, out);
}

fn dequantize<B: GgmlType>(blocks: &[u8], out: &mut [f32]) {
    // SAFETY: the three block types are `repr(C)` structs of bytes and f16: every bit pattern is valid, there is no
    // padding (candle-core asserts their sizes), and they need two bytes of alignment, which `align_to` sees to.
    let (before, blocks, after) = unsafe { blocks.align_to::<B>() };
    debug_assert!(before.is_empty() && after.is_empty(), "rows of blocks start at even addresses");
    B::to_float(blocks, out);
}
