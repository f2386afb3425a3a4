//! SSE2, which every x86-64 has.

use core::{arch::x86_64::*, mem::transmute};

/// For [`graph::Facts`].
pub(crate) const NAME: &str = "sse2";

#[derive(Clone, Copy)]
pub(crate) struct F32x4(__m128);

// SAFETY of this module: SSE2 is part of x86-64, and every bit pattern of an array is one of a vector of the same size.
// Loads are transmutations because the intrinsic, with debug assertions, checks pointers each time.
impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(x: f32) -> Self {
        // SAFETY: above.
        F32x4(unsafe { _mm_set1_ps(x) })
    }

    #[inline(always)]
    pub(crate) fn load(from: &[f32; 4]) -> Self {
        // SAFETY: above.
        F32x4(unsafe { transmute::<[f32; 4], __m128>(*from) })
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [f32; 4]) {
        // SAFETY: above.
        *to = unsafe { transmute::<__m128, [f32; 4]>(self.0) };
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        // SAFETY: above.
        F32x4(unsafe { _mm_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        // SAFETY: above.
        F32x4(unsafe { _mm_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        // SAFETY: above.
        F32x4(unsafe { _mm_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn div(self, other: Self) -> Self {
        // SAFETY: above.
        F32x4(unsafe { _mm_div_ps(self.0, other.0) })
    }

    /// The larger; if either is no number, `self`.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        // SAFETY: above.
        F32x4(unsafe { _mm_max_ps(other.0, self.0) })
    }

    /// The smaller; if either is no number, `self`.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        // SAFETY: above.
        F32x4(unsafe { _mm_min_ps(other.0, self.0) })
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        // SAFETY: above.
        F32x4(unsafe { _mm_andnot_ps(_mm_set1_ps(-0.0), self.0) })
    }

    /// `yes` in the lanes where `self < bound`, `no` in the others.
    #[inline(always)]
    pub(crate) fn if_less(self, bound: Self, yes: Self, no: Self) -> Self {
        // SAFETY: above.
        unsafe {
            let less = _mm_cmplt_ps(self.0, bound.0);
            F32x4(_mm_or_ps(_mm_and_ps(less, yes.0), _mm_andnot_ps(less, no.0)))
        }
    }

    /// The bits of the lanes.
    #[inline(always)]
    pub(crate) fn bits(self) -> I32x4 {
        // SAFETY: above.
        I32x4(unsafe { _mm_castps_si128(self.0) })
    }

    /// `self · factor + term`.
    #[inline(always)]
    pub(crate) fn mul_add(self, factor: Self, term: Self) -> Self {
        self.mul(factor).add(term)
    }

    /// `(a + c) + (b + d)`.
    #[inline(always)]
    pub(crate) fn sum(self) -> f32 {
        // SAFETY: above.
        unsafe {
            let pairs = _mm_add_ps(self.0, _mm_movehl_ps(self.0, self.0));
            _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps::<1>(pairs, pairs)))
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct U8x16(__m128i);

impl U8x16 {
    #[inline(always)]
    pub(crate) fn load(from: &[u8; 16]) -> Self {
        // SAFETY: above.
        U8x16(unsafe { transmute::<[u8; 16], __m128i>(*from) })
    }

    #[inline(always)]
    pub(crate) fn and(self, mask: u8) -> Self {
        // SAFETY: above.
        U8x16(unsafe { _mm_and_si128(self.0, _mm_set1_epi8(mask as i8)) })
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        // SAFETY: above.
        U8x16(unsafe { _mm_or_si128(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn sub(self, less: u8) -> Self {
        // SAFETY: above.
        U8x16(unsafe { _mm_sub_epi8(self.0, _mm_set1_epi8(less as i8)) })
    }

    #[inline(always)]
    pub(crate) fn low_nibbles(self) -> Self {
        self.and(15)
    }

    #[inline(always)]
    pub(crate) fn high_nibbles(self) -> Self {
        // SAFETY: above.
        U8x16(unsafe { _mm_srli_epi16::<4>(self.0) }).and(15)
    }

    /// No bit may leave its byte.
    #[inline(always)]
    pub(crate) fn shl2(self) -> Self {
        // SAFETY: above.
        U8x16(unsafe { _mm_slli_epi16::<2>(self.0) })
    }

    /// No bit may leave its byte.
    #[inline(always)]
    pub(crate) fn shl4(self) -> Self {
        // SAFETY: above.
        U8x16(unsafe { _mm_slli_epi16::<4>(self.0) })
    }

    /// No bit may leave its byte.
    #[inline(always)]
    pub(crate) fn shr2(self) -> Self {
        // SAFETY: above.
        U8x16(unsafe { _mm_srli_epi16::<2>(self.0) })
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> [F32x4; 4] {
        // SAFETY: above.
        unsafe {
            let zero = _mm_setzero_si128();
            let (low, high) = (_mm_unpacklo_epi8(self.0, zero), _mm_unpackhi_epi8(self.0, zero));
            [
                F32x4(_mm_cvtepi32_ps(_mm_unpacklo_epi16(low, zero))),
                F32x4(_mm_cvtepi32_ps(_mm_unpackhi_epi16(low, zero))),
                F32x4(_mm_cvtepi32_ps(_mm_unpacklo_epi16(high, zero))),
                F32x4(_mm_cvtepi32_ps(_mm_unpackhi_epi16(high, zero))),
            ]
        }
    }

    /// As i8.
    #[inline(always)]
    pub(crate) fn signed_to_f32(self) -> [F32x4; 4] {
        // SAFETY: above.
        unsafe {
            // Each byte to the top of its lane, then down again with its sign.
            let zero = _mm_setzero_si128();
            let (low, high) = (_mm_unpacklo_epi8(zero, self.0), _mm_unpackhi_epi8(zero, self.0));
            let float = |lanes| F32x4(_mm_cvtepi32_ps(_mm_srai_epi32::<24>(lanes)));
            [
                float(_mm_unpacklo_epi16(zero, low)),
                float(_mm_unpackhi_epi16(zero, low)),
                float(_mm_unpacklo_epi16(zero, high)),
                float(_mm_unpackhi_epi16(zero, high)),
            ]
        }
    }

    /// As eight IEEE halves, by [`crate::quant::half`].
    #[inline(always)]
    pub(crate) fn halves_to_f32(self) -> [F32x4; 2] {
        // SAFETY: above.
        unsafe {
            let zero = _mm_setzero_si128();
            let infinite = _mm_set1_epi32(0x0f80_0000);
            let float = |lanes| {
                // The half in the upper 16 bits; moved down with its sign, exponent and mantissa are where f32 has them.
                let bits = _mm_and_si128(_mm_srai_epi32::<3>(lanes), _mm_set1_epi32(0x8fff_e000_u32 as i32));
                let finite = _mm_mul_ps(_mm_castsi128_ps(bits), _mm_castsi128_ps(_mm_set1_epi32(0x7780_0000)));
                let special = _mm_cmpeq_epi32(_mm_and_si128(bits, infinite), infinite);
                let exponent = _mm_and_si128(special, _mm_set1_epi32(0x7f80_0000));
                F32x4(_mm_or_ps(finite, _mm_castsi128_ps(exponent)))
            };
            [float(_mm_unpacklo_epi16(zero, self.0)), float(_mm_unpackhi_epi16(zero, self.0))]
        }
    }

    /// The same of halves that are finite; others become large numbers.
    #[inline(always)]
    pub(crate) fn finite_halves_to_f32(self) -> [F32x4; 2] {
        // SAFETY: above.
        unsafe {
            let zero = _mm_setzero_si128();
            let float = |lanes| {
                let bits = _mm_and_si128(_mm_srai_epi32::<3>(lanes), _mm_set1_epi32(0x8fff_e000_u32 as i32));
                F32x4(_mm_mul_ps(_mm_castsi128_ps(bits), _mm_castsi128_ps(_mm_set1_epi32(0x7780_0000))))
            };
            [float(_mm_unpacklo_epi16(zero, self.0)), float(_mm_unpackhi_epi16(zero, self.0))]
        }
    }

    /// A bit in each of eight halves that is not finite, none in the others.
    #[inline(always)]
    pub(crate) fn strange_halves(self) -> Self {
        // SAFETY: above.
        unsafe {
            let infinite = _mm_set1_epi16(0x7c00);
            U8x16(_mm_cmpeq_epi16(_mm_and_si128(self.0, infinite), infinite))
        }
    }

    #[inline(always)]
    pub(crate) fn any(self) -> bool {
        // SAFETY: above.
        unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(self.0, _mm_setzero_si128())) != 0xffff }
    }

    /// As eight bfloat16: the upper halves of f32.
    #[inline(always)]
    pub(crate) fn bf16_to_f32(self) -> [F32x4; 2] {
        // SAFETY: above.
        unsafe {
            let zero = _mm_setzero_si128();
            [_mm_unpacklo_epi16(zero, self.0), _mm_unpackhi_epi16(zero, self.0)].map(|v| F32x4(_mm_castsi128_ps(v)))
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct I16x8(__m128i);

impl I16x8 {
    #[inline(always)]
    pub(crate) fn splat(x: i16) -> Self {
        // SAFETY: above.
        I16x8(unsafe { _mm_set1_epi16(x) })
    }

    /// Two neighbours, low half first, four times.
    #[inline(always)]
    pub(crate) fn splat_pair(pair: u32) -> Self {
        // SAFETY: above.
        I16x8(unsafe { _mm_set1_epi32(pair as i32) })
    }

    #[inline(always)]
    pub(crate) fn load(from: &[u8; 16]) -> Self {
        // SAFETY: above.
        I16x8(unsafe { transmute::<[u8; 16], __m128i>(*from) })
    }

    #[inline(always)]
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        // SAFETY: above.
        unsafe { transmute::<__m128i, [u8; 16]>(self.0) }
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        // SAFETY: above.
        I16x8(unsafe { _mm_add_epi16(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        // SAFETY: above.
        I16x8(unsafe { _mm_sub_epi16(self.0, other.0) })
    }

    /// Eight i8, each in a lane of its own.
    #[inline(always)]
    pub(crate) fn load_signed(from: &[u8; 8]) -> Self {
        // SAFETY: above.
        unsafe {
            let bytes = _mm_cvtsi64_si128(i64::from_le_bytes(*from));
            // Each byte twice, then its copy in the upper half moved down.
            I16x8(_mm_srai_epi16::<8>(_mm_unpacklo_epi8(bytes, bytes)))
        }
    }

    #[inline(always)]
    pub(crate) fn shr(self, bits: usize) -> Self {
        // SAFETY: above.
        I16x8(unsafe { _mm_srl_epi16(self.0, _mm_cvtsi32_si128(bits as i32)) })
    }

    #[inline(always)]
    pub(crate) fn and(self, mask: u16) -> Self {
        // SAFETY: above.
        I16x8(unsafe { _mm_and_si128(self.0, _mm_set1_epi16(mask as i16)) })
    }

    /// 8 bits to the left.
    #[inline(always)]
    pub(crate) fn shl8(self) -> Self {
        // SAFETY: above.
        I16x8(unsafe { _mm_slli_epi16::<8>(self.0) })
    }

    /// Products of lanes, the two of each pair summed.
    #[inline(always)]
    pub(crate) fn dot(self, other: Self) -> I32x4 {
        // SAFETY: above.
        I32x4(unsafe { _mm_madd_epi16(self.0, other.0) })
    }
}

#[derive(Clone, Copy)]
pub(crate) struct I32x4(__m128i);

impl I32x4 {
    #[inline(always)]
    pub(crate) fn splat(x: i32) -> Self {
        // SAFETY: above.
        I32x4(unsafe { _mm_set1_epi32(x) })
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        // SAFETY: above.
        I32x4(unsafe { _mm_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> F32x4 {
        // SAFETY: above.
        F32x4(unsafe { _mm_cvtepi32_ps(self.0) })
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        // SAFETY: above.
        I32x4(unsafe { _mm_sub_epi32(self.0, other.0) })
    }

    /// Half, rounded down.
    #[inline(always)]
    pub(crate) fn half(self) -> Self {
        // SAFETY: above.
        I32x4(unsafe { _mm_srai_epi32::<1>(self.0) })
    }

    /// `2^self`, of exponents from -126 to 127.
    #[inline(always)]
    pub(crate) fn exp2(self) -> F32x4 {
        // SAFETY: above.
        F32x4(unsafe { _mm_castsi128_ps(_mm_slli_epi32::<23>(_mm_add_epi32(self.0, _mm_set1_epi32(127)))) })
    }

    /// Eight lanes of two vectors, which must fit 16 bits.
    #[inline(always)]
    pub(crate) fn narrow(self, high: Self) -> I16x8 {
        // SAFETY: above.
        I16x8(unsafe { _mm_packs_epi32(self.0, high.0) })
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [i32; 4] {
        // SAFETY: above.
        unsafe { transmute::<__m128i, [i32; 4]>(self.0) }
    }
}
