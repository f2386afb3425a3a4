//! Formats of sixteen bits an element, given how eight of them become f32.

use crate::{
    quant::{GROUP, Group, rounded},
    simd::{F32x4, U8x16},
};

/// Eight elements.
pub(super) trait Widen {
    fn widen(bytes: U8x16) -> [F32x4; 2];

    /// The same in fewer instructions, for eight of which none is [`Widen::strange`].
    #[inline(always)]
    fn quick(bytes: U8x16) -> [F32x4; 2] {
        Self::widen(bytes)
    }

    /// Bits in elements that only `widen` gets right.
    #[inline(always)]
    fn strange(_bytes: U8x16) -> U8x16 {
        U8x16::load(&[0; 16])
    }
}

/// Fewer than eight elements, and zeros.
fn rest<W: Widen>(bytes: &[u8]) -> [f32; 8] {
    let mut all = [0; 16];
    all[..bytes.len()].copy_from_slice(bytes);
    let mut out = [0.0; 8];
    store(W::widen(U8x16::load(&all)), &mut out);
    out
}

#[inline(always)]
fn store(lanes: [F32x4; 2], out: &mut [f32; 8]) {
    for (lanes, out) in lanes.into_iter().zip(out.as_chunks_mut::<4>().0) {
        lanes.store(out);
    }
}

pub(super) fn dequantize<W: Widen>(blocks: &[u8], out: &mut [f32]) {
    let ((bytes, tail), (out, out_tail)) = (blocks.as_chunks::<16>(), out.as_chunks_mut::<8>());
    let mut strange = U8x16::load(&[0; 16]);
    for (bytes, out) in bytes.iter().zip(&mut *out) {
        let bytes = U8x16::load(bytes);
        strange = strange.or(W::strange(bytes));
        store(W::quick(bytes), out);
    }
    if strange.any() {
        bytes.iter().zip(out).for_each(|(bytes, out)| store(W::widen(U8x16::load(bytes)), out));
    }
    if !tail.is_empty() {
        out_tail.copy_from_slice(&rest::<W>(tail)[..out_tail.len()]);
    }
}

pub(super) fn groups<W: Widen>(blocks: &[u8], out: &mut [Group]) {
    for (bytes, group) in blocks.as_chunks::<{ 2 * GROUP }>().0.iter().zip(out) {
        let mut numbers = [0.0; GROUP];
        dequantize::<W>(bytes, &mut numbers);
        *group = rounded(&numbers);
    }
}

/// IEEE half precision.
pub(super) struct F16;

impl Widen for F16 {
    #[inline(always)]
    fn widen(bytes: U8x16) -> [F32x4; 2] {
        bytes.halves_to_f32()
    }

    #[inline(always)]
    fn quick(bytes: U8x16) -> [F32x4; 2] {
        bytes.finite_halves_to_f32()
    }

    #[inline(always)]
    fn strange(bytes: U8x16) -> U8x16 {
        bytes.strange_halves()
    }
}

/// bfloat16: the upper half of an f32.
pub(super) struct BF16;

impl Widen for BF16 {
    #[inline(always)]
    fn widen(bytes: U8x16) -> [F32x4; 2] {
        bytes.bf16_to_f32()
    }
}
