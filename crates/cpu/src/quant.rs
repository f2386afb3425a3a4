//! Weights as they are stored: dequantization, and the dot product with activations.
//!
//! `dequantize` rounds like ggml and candle-core, to the bit. `dot` keeps a block's scale and minimum out of the inner
//! loop: `Σ (d·q + m)·x = d · Σ q·x + m · Σ x`, with `Σ x` of each [`GROUP`] computed once for all rows.

mod candle;
mod f16;
mod f32;
mod q4_0;
mod q4_1;
mod q4_k;
mod q5_0;
mod q5_1;
mod q6_k;
mod q8_0;

use graph::DType;

use crate::simd::{F32x4, U8x16};

/// Activations that share a sum.
pub(crate) const GROUP: usize = 32;

/// Whole blocks to as many elements.
pub(crate) type Dequantize = fn(blocks: &[u8], out: &mut [f32]);

/// A row of blocks times activations `x`, with the sum of each [`GROUP`] of `x`.
pub(crate) type Dot = fn(blocks: &[u8], x: &[f32], sums: &[f32]) -> f32;

/// How a dtype is read. `None` for u32, which holds no weights.
pub(crate) fn dequantize(dtype: DType) -> Option<Dequantize> {
    Some(match dtype {
        DType::F32 => f32::dequantize,
        DType::F16 => f16::dequantize::<f16::F16>,
        DType::BF16 => f16::dequantize::<f16::BF16>,
        DType::U32 => return None,
        DType::Q4_0 => q4_0::dequantize,
        DType::Q4_1 => q4_1::dequantize,
        DType::Q5_0 => q5_0::dequantize,
        DType::Q5_1 => q5_1::dequantize,
        DType::Q8_0 => q8_0::dequantize,
        DType::Q2K => candle::dequantize_q2_k,
        DType::Q3K => candle::dequantize_q3_k,
        DType::Q4K => q4_k::dequantize,
        DType::Q5K => candle::dequantize_q5_k,
        DType::Q6K => q6_k::dequantize,
    })
}

/// The dot product that never writes the weights down, for the dtypes that have one.
pub(crate) fn dot(dtype: DType) -> Option<Dot> {
    Some(match dtype {
        DType::F32 => f32::dot,
        DType::F16 => f16::dot::<f16::F16>,
        DType::BF16 => f16::dot::<f16::BF16>,
        DType::Q4_0 => q4_0::dot,
        DType::Q4_1 => q4_1::dot,
        DType::Q5_0 => q5_0::dot,
        DType::Q5_1 => q5_1::dot,
        DType::Q8_0 => q8_0::dot,
        DType::Q4K => q4_k::dot,
        DType::Q6K => q6_k::dot,
        DType::Q2K | DType::Q3K | DType::Q5K | DType::U32 => return None,
    })
}

/// An IEEE half, exactly, and without the run-time check for hardware support that `half` makes.
#[inline(always)]
pub(crate) fn half([low, high]: [u8; 2]) -> f32 {
    let bits = u32::from(u16::from_le_bytes([low, high]));
    let (sign, rest) = ((bits & 0x8000) << 16, (bits & 0x7fff) << 13);
    // Moving the exponent by a multiplication also normalizes subnormal numbers.
    let finite = f32::from_bits(rest) * f32::from_bits(0x7780_0000);
    let magnitude = if bits & 0x7c00 == 0x7c00 { rest | 0x7f80_0000 } else { finite.to_bits() };
    f32::from_bits(magnitude | sign)
}

/// `sums + q·x`, lane by lane, over 8 elements.
#[inline(always)]
fn dot_8(q: [F32x4; 2], x: &[f32; 8], sums: [F32x4; 2]) -> [F32x4; 2] {
    let x = F32x4::load8(x);
    [q[0].mul_add(x[0], sums[0]), q[1].mul_add(x[1], sums[1])]
}

/// Lanes of `Σ q·x` over 16 elements.
#[inline(always)]
fn dot_16(q: [F32x4; 4], x: &[f32; 16]) -> F32x4 {
    let (x, _) = x.as_chunks::<4>();
    let x = |i: usize| F32x4::load(&x[i]);
    let low = q[1].mul_add(x(1), q[0].mul(x(0)));
    let high = q[3].mul_add(x(3), q[2].mul(x(2)));
    low.add(high)
}

/// Lanes of `Σ q·x` over 32 elements.
#[inline(always)]
fn dot_32(low: [F32x4; 4], high: [F32x4; 4], x: &[f32; 32]) -> F32x4 {
    let (x, _) = x.as_chunks::<16>();
    dot_16(low, &x[0]).add(dot_16(high, &x[1]))
}

/// `out = q · scale`.
#[inline(always)]
fn store_scaled(q: [F32x4; 4], scale: F32x4, out: &mut [f32; 16]) {
    for (q, out) in q.into_iter().zip(out.as_chunks_mut::<4>().0) {
        q.mul(scale).store(out);
    }
}

/// `out = q · scale + shift`, rounded twice.
#[inline(always)]
fn store_shifted(q: [F32x4; 4], scale: F32x4, shift: F32x4, out: &mut [f32; 16]) {
    for (q, out) in q.into_iter().zip(out.as_chunks_mut::<4>().0) {
        q.mul(scale).add(shift).store(out);
    }
}

/// Two bytes of a block.
#[inline(always)]
fn pair<const N: usize>(block: &[u8; N], at: usize) -> [u8; 2] {
    [block[at], block[at + 1]]
}

/// Sixteen bytes of a block.
#[inline(always)]
fn lanes<const N: usize>(block: &[u8; N], at: usize) -> U8x16 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&block[at..at + 16]);
    U8x16::load(&bytes)
}

/// Bit `i` of sixteen as bit 4 of byte `i`.
#[inline(always)]
fn fifth_bits(bits: [u8; 2]) -> U8x16 {
    let mut bytes = [0; 16];
    for (bits, bytes) in bits.into_iter().zip(bytes.as_chunks_mut::<8>().0) {
        // The byte eight times, of each copy one bit; adding 127 carries that bit, wherever it is, to the top.
        let one_each = (u64::from(bits) * 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
        let top = (one_each + 0x7f7f_7f7f_7f7f_7f7f) & 0x8080_8080_8080_8080;
        *bytes = (top >> 3).to_le_bytes();
    }
    U8x16::load(&bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_half_is_converted_exactly() {
        for bits in 0..=u16::MAX {
            let want = ::half::f16::from_bits(bits).to_f32();
            let got = super::half(bits.to_le_bytes());
            assert!(got.to_bits() == want.to_bits() || want.is_nan() && got.is_nan(), "{bits:#x}");
        }
    }
}
