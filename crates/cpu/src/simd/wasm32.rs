//! Wasm `simd128`; `mul_add` by relaxed SIMD where that is enabled.

use core::{arch::wasm32::*, mem::transmute};

/// For [`graph::Facts`].
pub(crate) const NAME: &str = if cfg!(target_feature = "relaxed-simd") { "relaxed-simd" } else { "simd128" };

#[derive(Clone, Copy)]
pub(crate) struct F32x4(v128);

impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(x: f32) -> Self {
        F32x4(f32x4_splat(x))
    }

    #[inline(always)]
    pub(crate) fn load(from: &[f32; 4]) -> Self {
        // SAFETY: every bit pattern of the array is a vector of the same size.
        F32x4(unsafe { transmute::<[f32; 4], v128>(*from) })
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [f32; 4]) {
        // SAFETY: every vector is an array of the same size.
        *to = unsafe { transmute::<v128, [f32; 4]>(self.0) };
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        F32x4(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        F32x4(f32x4_mul(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        F32x4(f32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn div(self, other: Self) -> Self {
        F32x4(f32x4_div(self.0, other.0))
    }

    /// The larger; if either is no number, `self`.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        F32x4(f32x4_pmax(self.0, other.0))
    }

    /// The smaller; if either is no number, `self`.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        F32x4(f32x4_pmin(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        F32x4(f32x4_abs(self.0))
    }

    /// `yes` in the lanes where `self < bound`, `no` in the others.
    #[inline(always)]
    pub(crate) fn if_less(self, bound: Self, yes: Self, no: Self) -> Self {
        F32x4(v128_bitselect(yes.0, no.0, f32x4_lt(self.0, bound.0)))
    }

    /// The bits of the lanes.
    #[inline(always)]
    pub(crate) fn bits(self) -> I32x4 {
        I32x4(self.0)
    }

    /// `self · factor + term`.
    #[inline(always)]
    pub(crate) fn mul_add(self, factor: Self, term: Self) -> Self {
        #[cfg(target_feature = "relaxed-simd")]
        return F32x4(f32x4_relaxed_madd(self.0, factor.0, term.0));
        #[cfg(not(target_feature = "relaxed-simd"))]
        self.mul(factor).add(term)
    }

    /// `(a + c) + (b + d)`.
    #[inline(always)]
    pub(crate) fn sum(self) -> f32 {
        let pairs = f32x4_add(self.0, i32x4_shuffle::<2, 3, 0, 1>(self.0, self.0));
        f32x4_extract_lane::<0>(pairs) + f32x4_extract_lane::<1>(pairs)
    }

    /// The largest lane; none may be no number.
    #[inline(always)]
    pub(crate) fn largest(self) -> f32 {
        let pairs = self.max(F32x4(i32x4_shuffle::<2, 3, 0, 1>(self.0, self.0)));
        f32x4_extract_lane::<0>(pairs.max(F32x4(i32x4_shuffle::<1, 0, 3, 2>(pairs.0, pairs.0))).0)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct U8x16(v128);

impl U8x16 {
    #[inline(always)]
    pub(crate) fn load(from: &[u8; 16]) -> Self {
        // SAFETY: every bit pattern of the array is a vector of the same size.
        U8x16(unsafe { transmute::<[u8; 16], v128>(*from) })
    }

    #[inline(always)]
    pub(crate) fn and(self, mask: u8) -> Self {
        U8x16(v128_and(self.0, u8x16_splat(mask)))
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        U8x16(v128_or(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn sub(self, less: u8) -> Self {
        U8x16(u8x16_sub(self.0, u8x16_splat(less)))
    }

    #[inline(always)]
    pub(crate) fn low_nibbles(self) -> Self {
        self.and(15)
    }

    // Shifts of 16-bit lanes: engines have them in one instruction, those of bytes they build from several.
    #[inline(always)]
    pub(crate) fn high_nibbles(self) -> Self {
        U8x16(u16x8_shr(self.0, 4)).and(15)
    }

    /// No bit may leave its byte.
    #[inline(always)]
    pub(crate) fn shl2(self) -> Self {
        U8x16(u16x8_shl(self.0, 2))
    }

    /// No bit may leave its byte.
    #[inline(always)]
    pub(crate) fn shl4(self) -> Self {
        U8x16(u16x8_shl(self.0, 4))
    }

    /// No bit may leave its byte.
    #[inline(always)]
    pub(crate) fn shr2(self) -> Self {
        U8x16(u16x8_shr(self.0, 2))
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> [F32x4; 4] {
        let (low, high) = (u16x8_extend_low_u8x16(self.0), u16x8_extend_high_u8x16(self.0));
        // The numbers are small: a signed conversion is one instruction, an unsigned one is not.
        [
            F32x4(f32x4_convert_i32x4(u32x4_extend_low_u16x8(low))),
            F32x4(f32x4_convert_i32x4(u32x4_extend_high_u16x8(low))),
            F32x4(f32x4_convert_i32x4(u32x4_extend_low_u16x8(high))),
            F32x4(f32x4_convert_i32x4(u32x4_extend_high_u16x8(high))),
        ]
    }

    /// As i8.
    #[inline(always)]
    pub(crate) fn signed_to_f32(self) -> [F32x4; 4] {
        let (low, high) = (i16x8_extend_low_i8x16(self.0), i16x8_extend_high_i8x16(self.0));
        [
            F32x4(f32x4_convert_i32x4(i32x4_extend_low_i16x8(low))),
            F32x4(f32x4_convert_i32x4(i32x4_extend_high_i16x8(low))),
            F32x4(f32x4_convert_i32x4(i32x4_extend_low_i16x8(high))),
            F32x4(f32x4_convert_i32x4(i32x4_extend_high_i16x8(high))),
        ]
    }

    /// As eight IEEE halves, by [`crate::quant::half`].
    #[inline(always)]
    pub(crate) fn halves_to_f32(self) -> [F32x4; 2] {
        let infinite = u32x4_splat(0x0f80_0000);
        let float = |lanes| {
            // The half with its sign in all upper bits; moved up, exponent and mantissa are where f32 has them.
            let bits = v128_and(i32x4_shl(lanes, 13), u32x4_splat(0x8fff_e000));
            let finite = f32x4_mul(bits, u32x4_splat(0x7780_0000));
            let special = i32x4_eq(v128_and(bits, infinite), infinite);
            F32x4(v128_or(finite, v128_and(special, u32x4_splat(0x7f80_0000))))
        };
        [float(i32x4_extend_low_i16x8(self.0)), float(i32x4_extend_high_i16x8(self.0))]
    }

    /// The same of halves that are finite; others become large numbers.
    #[inline(always)]
    pub(crate) fn finite_halves_to_f32(self) -> [F32x4; 2] {
        let float = |lanes| {
            let bits = v128_and(i32x4_shl(lanes, 13), u32x4_splat(0x8fff_e000));
            F32x4(f32x4_mul(bits, u32x4_splat(0x7780_0000)))
        };
        [float(i32x4_extend_low_i16x8(self.0)), float(i32x4_extend_high_i16x8(self.0))]
    }

    /// A bit in each of eight halves that is not finite, none in the others.
    #[inline(always)]
    pub(crate) fn strange_halves(self) -> Self {
        let infinite = u16x8_splat(0x7c00);
        U8x16(i16x8_eq(v128_and(self.0, infinite), infinite))
    }

    #[inline(always)]
    pub(crate) fn any(self) -> bool {
        v128_any_true(self.0)
    }

    /// As eight bfloat16: the upper halves of f32.
    #[inline(always)]
    pub(crate) fn bf16_to_f32(self) -> [F32x4; 2] {
        [u32x4_extend_low_u16x8(self.0), u32x4_extend_high_u16x8(self.0)].map(|v| F32x4(u32x4_shl(v, 16)))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct I16x8(v128);

impl I16x8 {
    #[inline(always)]
    pub(crate) fn splat(x: i16) -> Self {
        I16x8(i16x8_splat(x))
    }

    /// Two neighbours, low half first, four times.
    #[inline(always)]
    pub(crate) fn splat_pair(pair: u32) -> Self {
        I16x8(u32x4_splat(pair))
    }

    #[inline(always)]
    pub(crate) fn load(from: &[u8; 16]) -> Self {
        // SAFETY: every bit pattern of the array is a vector of the same size.
        I16x8(unsafe { transmute::<[u8; 16], v128>(*from) })
    }

    #[inline(always)]
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        // SAFETY: every vector is an array of the same size.
        unsafe { transmute::<v128, [u8; 16]>(self.0) }
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        I16x8(i16x8_add(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        I16x8(i16x8_sub(self.0, other.0))
    }

    /// Eight i8, each in a lane of its own.
    #[inline(always)]
    pub(crate) fn load_signed(from: &[u8; 8]) -> Self {
        // SAFETY: reads the eight bytes, of which no alignment is asked.
        I16x8(unsafe { i16x8_load_extend_i8x8(from.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(crate) fn shr(self, bits: usize) -> Self {
        I16x8(u16x8_shr(self.0, bits as u32))
    }

    #[inline(always)]
    pub(crate) fn and(self, mask: u16) -> Self {
        I16x8(v128_and(self.0, u16x8_splat(mask)))
    }

    /// Sixteen numbers that fit a byte, in each eight every other of four that are neighbours: 0, 4, 1, 5, 2, 6, 3, 7.
    #[inline(always)]
    pub(crate) fn quads(self, high: Self) -> [u8; 16] {
        let bytes = i8x16_narrow_i16x8(self.0, high.0);
        let quads = i8x16_shuffle::<0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15>(bytes, bytes);
        // SAFETY: every vector is an array of the same size.
        unsafe { transmute::<v128, [u8; 16]>(quads) }
    }

    /// 8 bits to the left.
    #[inline(always)]
    pub(crate) fn shl8(self) -> Self {
        I16x8(i16x8_shl(self.0, 8))
    }

    /// Products of lanes, the two of each pair summed.
    #[inline(always)]
    pub(crate) fn dot(self, other: Self) -> I32x4 {
        I32x4(i32x4_dot_i16x8(self.0, other.0))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct I32x4(v128);

impl I32x4 {
    #[inline(always)]
    pub(crate) fn splat(x: i32) -> Self {
        I32x4(i32x4_splat(x))
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        I32x4(i32x4_add(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> F32x4 {
        F32x4(f32x4_convert_i32x4(self.0))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        I32x4(i32x4_sub(self.0, other.0))
    }

    /// Half, rounded down.
    #[inline(always)]
    pub(crate) fn half(self) -> Self {
        I32x4(i32x4_shr(self.0, 1))
    }

    /// `2^self`, of exponents from -126 to 127.
    #[inline(always)]
    pub(crate) fn exp2(self) -> F32x4 {
        F32x4(i32x4_shl(i32x4_add(self.0, i32x4_splat(127)), 23))
    }

    /// Eight lanes of two vectors, which must fit 16 bits.
    #[inline(always)]
    pub(crate) fn narrow(self, high: Self) -> I16x8 {
        I16x8(i16x8_narrow_i32x4(self.0, high.0))
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [i32; 4] {
        // SAFETY: every vector is an array of the same size.
        unsafe { transmute::<v128, [i32; 4]>(self.0) }
    }
}
