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

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        F32x4(std::array::from_fn(|i| self.0[i] - other.0[i]))
    }

    #[inline(always)]
    pub(crate) fn div(self, other: Self) -> Self {
        F32x4(std::array::from_fn(|i| self.0[i] / other.0[i]))
    }

    /// The larger; if either is no number, `self`.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        self.if_less(other, other, self)
    }

    /// The smaller; if either is no number, `self`.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        other.if_less(self, other, self)
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        F32x4(self.0.map(f32::abs))
    }

    /// `yes` in the lanes where `self < bound`, `no` in the others.
    #[inline(always)]
    pub(crate) fn if_less(self, bound: Self, yes: Self, no: Self) -> Self {
        F32x4(std::array::from_fn(|i| if self.0[i] < bound.0[i] { yes.0[i] } else { no.0[i] }))
    }

    /// The bits of the lanes.
    #[inline(always)]
    pub(crate) fn bits(self) -> I32x4 {
        I32x4(self.0.map(|x| x.to_bits() as i32))
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

    /// The same of halves that are finite; others become large numbers.
    #[inline(always)]
    pub(crate) fn finite_halves_to_f32(self) -> [F32x4; 2] {
        self.halves_to_f32()
    }

    /// A bit in each of eight halves that is not finite, none in the others.
    #[inline(always)]
    pub(crate) fn strange_halves(self) -> Self {
        let strange = |byte: usize| if self.0[byte | 1] & 0x7c == 0x7c { 0xff } else { 0 };
        U8x16(std::array::from_fn(strange))
    }

    #[inline(always)]
    pub(crate) fn any(self) -> bool {
        self.0 != [0; 16]
    }

    /// As eight bfloat16: the upper halves of f32.
    #[inline(always)]
    pub(crate) fn bf16_to_f32(self) -> [F32x4; 2] {
        let pairs = self.0.as_chunks::<2>().0;
        let widen = |[low, high]: [u8; 2]| f32::from_bits(u32::from_le_bytes([0, 0, low, high]));
        std::array::from_fn(|v| F32x4(std::array::from_fn(|i| widen(pairs[4 * v + i]))))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct I16x8([i16; 8]);

impl I16x8 {
    #[inline(always)]
    pub(crate) fn splat(x: i16) -> Self {
        I16x8([x; 8])
    }

    /// Two neighbours, low half first, four times.
    #[inline(always)]
    pub(crate) fn splat_pair(pair: u32) -> Self {
        I16x8(std::array::from_fn(|i| (pair >> (16 * (i % 2))) as i16))
    }

    #[inline(always)]
    pub(crate) fn load(from: &[u8; 16]) -> Self {
        let pairs = from.as_chunks::<2>().0;
        I16x8(std::array::from_fn(|i| i16::from_le_bytes(pairs[i])))
    }

    #[inline(always)]
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let lanes = self.0.map(i16::to_le_bytes);
        std::array::from_fn(|i| lanes[i / 2][i % 2])
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        I16x8(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        I16x8(std::array::from_fn(|i| self.0[i].wrapping_sub(other.0[i])))
    }

    /// Eight i8, each in a lane of its own.
    #[inline(always)]
    pub(crate) fn load_signed(from: &[u8; 8]) -> Self {
        I16x8(from.map(|byte| i16::from(byte as i8)))
    }

    #[inline(always)]
    pub(crate) fn shr(self, bits: usize) -> Self {
        I16x8(self.0.map(|x| (x as u16 >> bits) as i16))
    }

    #[inline(always)]
    pub(crate) fn and(self, mask: u16) -> Self {
        I16x8(self.0.map(|x| x & mask as i16))
    }

    /// 8 bits to the left.
    #[inline(always)]
    pub(crate) fn shl8(self) -> Self {
        I16x8(self.0.map(|x| x << 8))
    }

    /// Products of lanes, the two of each pair summed.
    #[inline(always)]
    pub(crate) fn dot(self, other: Self) -> I32x4 {
        let product = |i: usize| i32::from(self.0[i]) * i32::from(other.0[i]);
        I32x4(std::array::from_fn(|i| product(2 * i).wrapping_add(product(2 * i + 1))))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct I32x4([i32; 4]);

impl I32x4 {
    #[inline(always)]
    pub(crate) fn splat(x: i32) -> Self {
        I32x4([x; 4])
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        I32x4(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> F32x4 {
        F32x4(self.0.map(|x| x as f32))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        I32x4(std::array::from_fn(|i| self.0[i].wrapping_sub(other.0[i])))
    }

    /// Half, rounded down.
    #[inline(always)]
    pub(crate) fn half(self) -> Self {
        I32x4(self.0.map(|x| x >> 1))
    }

    /// `2^self`, of exponents from -126 to 127.
    #[inline(always)]
    pub(crate) fn exp2(self) -> F32x4 {
        F32x4(self.0.map(|n| f32::from_bits((n.wrapping_add(127) as u32) << 23)))
    }

    /// Eight lanes of two vectors, which must fit 16 bits.
    #[inline(always)]
    pub(crate) fn narrow(self, high: Self) -> I16x8 {
        let lane = |x: i32| x.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        I16x8(std::array::from_fn(|i| lane(if i < 4 { self.0[i] } else { high.0[i - 4] })))
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [i32; 4] {
        self.0
    }
}
