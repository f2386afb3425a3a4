//! Weights as they are stored: dequantization, which rounds like ggml and candle-core, to the bit, and the groups of 32
//! that the integer kernels are given.

mod candle;
mod f16;
mod f32;
mod q2_k;
mod q3_k;
mod q4_0;
mod q4_1;
mod q4_k;
mod q5_0;
mod q5_1;
mod q5_k;
mod q6_k;
mod q8_0;

use graph::DType;

use crate::{
    integers::Quantized,
    simd::{F32x4, U8x16},
};

/// Elements that share a scale.
pub(crate) const GROUP: usize = 32;

/// Elements of a row: `quants · scale + minimum`, with scale and minimum of the first and of the second half.
#[derive(Clone, Copy)]
pub(crate) struct Group {
    pub(crate) quants: [i16; GROUP],
    pub(crate) scales: [f32; 2],
    pub(crate) minima: [f32; 2],
}

impl Group {
    /// What rows past the last one are made of.
    pub(crate) const ZERO: Group = Group { quants: [0; GROUP], scales: [0.0; 2], minima: [0.0; 2] };
}

/// Whole blocks to as many elements.
pub(crate) type Dequantize = fn(blocks: &[u8], out: &mut [f32]);

/// Whole blocks to their groups.
pub(crate) type Groups = fn(blocks: &[u8], out: &mut [Group]);

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

/// How the groups of a dtype are read. `None` for u32, which holds no weights. Formats keep their
/// quants and scales as they are. Plain numbers are rounded to about 14 bits.
pub(crate) fn groups(dtype: DType) -> Option<Groups> {
    Some(match dtype {
        DType::F32 => f32::groups,
        DType::F16 => f16::groups::<f16::F16>,
        DType::BF16 => f16::groups::<f16::BF16>,
        DType::Q4_0 => q4_0::groups,
        DType::Q4_1 => q4_1::groups,
        DType::Q5_0 => q5_0::groups,
        DType::Q5_1 => q5_1::groups,
        DType::Q8_0 => q8_0::groups,
        DType::Q2K => q2_k::groups,
        DType::Q3K => q3_k::groups,
        DType::Q4K => q4_k::groups,
        DType::Q5K => q5_k::groups,
        DType::Q6K => q6_k::groups,
        DType::U32 => return None,
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

/// Plain numbers as a group.
fn rounded(numbers: &[f32; GROUP]) -> Group {
    let Quantized { quants, scale, .. } = Quantized::fine(numbers);
    Group { quants, scales: [scale; 2], minima: [0.0; 2] }
}

/// 32 nibbles: the low halves of 16 bytes, then the high ones.
fn nibbles(bytes: &[u8]) -> [i16; GROUP] {
    std::array::from_fn(|i| i16::from((bytes[i % 16] >> (i / 16 * 4)) & 15))
}

/// 32 fifth bits in 4 bytes, then 32 nibbles.
fn five_bits(bytes: &[u8]) -> [i16; GROUP] {
    let low = nibbles(&bytes[4..]);
    std::array::from_fn(|i| low[i] | (i16::from((bytes[i / 8] >> (i % 8)) & 1) << 4))
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
