//! The plain meaning of the lanes.

/// For [`graph::Facts`].
#[cfg_attr(test, allow(dead_code, reason = "tests compare lanes only"))]
pub(crate) const NAME: &str = "scalar";

#[derive(Clone, Copy)]
pub(crate) struct F32x4([f32; 4]);

impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(x: f32) -> Self {
        F32x4([x; 4])
    }

    #[inline(always)]
    pub(crate) fn load(from: &[f32; 4]) -> Self {
        F32x4(*from)
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [f32; 4]) {
        *to = self.0;
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        F32x4(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }

    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        F32x4(std::array::from_fn(|i| self.0[i] * other.0[i]))
    }

    /// `self · factor + term`.
    #[inline(always)]
    pub(crate) fn mul_add(self, factor: Self, term: Self) -> Self {
        self.mul(factor).add(term)
    }

    /// `(a + c) + (b + d)`.
    #[inline(always)]
    pub(crate) fn sum(self) -> f32 {
        let [a, b, c, d] = self.0;
        (a + c) + (b + d)
    }
}

#[cfg_attr(test, allow(dead_code, reason = "tests compare bytes with casts"))]
#[derive(Clone, Copy)]
pub(crate) struct U8x16([u8; 16]);

#[cfg_attr(test, allow(dead_code, reason = "tests compare bytes with casts"))]
impl U8x16 {
    #[inline(always)]
    pub(crate) fn load(from: &[u8; 16]) -> Self {
        U8x16(*from)
    }

    #[inline(always)]
    pub(crate) fn and(self, mask: u8) -> Self {
        U8x16(self.0.map(|b| b & mask))
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        U8x16(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    #[inline(always)]
    pub(crate) fn sub(self, less: u8) -> Self {
        U8x16(self.0.map(|b| b.wrapping_sub(less)))
    }

    #[inline(always)]
    pub(crate) fn low_nibbles(self) -> Self {
        self.and(15)
    }

    #[inline(always)]
    pub(crate) fn high_nibbles(self) -> Self {
        U8x16(self.0.map(|b| b >> 4))
    }

    /// No bit may leave its byte.
    #[inline(always)]
    pub(crate) fn shl2(self) -> Self {
        U8x16(self.0.map(|b| b << 2))
    }

    /// No bit may leave its byte.
    #[inline(always)]
    pub(crate) fn shl4(self) -> Self {
        U8x16(self.0.map(|b| b << 4))
    }

    /// No bit may leave its byte.
    #[inline(always)]
    pub(crate) fn shr2(self) -> Self {
        U8x16(self.0.map(|b| b >> 2))
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> [F32x4; 4] {
        std::array::from_fn(|v| F32x4(std::array::from_fn(|i| f32::from(self.0[4 * v + i]))))
    }

    /// As i8.
    #[inline(always)]
    pub(crate) fn signed_to_f32(self) -> [F32x4; 4] {
        std::array::from_fn(|v| F32x4(std::array::from_fn(|i| f32::from(self.0[4 * v + i] as i8))))
    }

    /// As eight IEEE halves, by [`crate::quant::half`].
    #[inline(always)]
    pub(crate) fn halves_to_f32(self) -> [F32x4; 2] {
        let pairs = self.0.as_chunks::<2>().0;
        std::array::from_fn(|v| F32x4(std::array::from_fn(|i| crate::quant::half(pairs[4 * v + i]))))
    }

    /// As eight bfloat16: the upper halves of f32.
    #[inline(always)]
    pub(crate) fn bf16_to_f32(self) -> [F32x4; 2] {
        let pairs = self.0.as_chunks::<2>().0;
        let widen = |[low, high]: [u8; 2]| f32::from_bits(u32::from_le_bytes([0, 0, low, high]));
        std::array::from_fn(|v| F32x4(std::array::from_fn(|i| widen(pairs[4 * v + i]))))
    }
}
