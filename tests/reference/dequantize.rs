//! Dequantization, one element at a time, from the block layouts of
//! [ggml-common.h](https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-common.h). Slow on purpose: the
//! position of every bit of an element can be read off its line. Multiplies and adds round to f32 in ggml's order.

use graph::DType;
use half::{bf16, f16};

/// All elements that `bytes` hold.
///
/// # Panics
/// If `bytes` are no whole number of blocks, or of u32.
pub fn dequantize(dtype: DType, bytes: &[u8]) -> Vec<f32> {
    assert!(bytes.len().is_multiple_of(dtype.block_bytes()), "no whole blocks of {dtype}");
    bytes
        .chunks(dtype.block_bytes())
        .flat_map(|block| (0..dtype.block_len()).map(|i| element(dtype, block, i)))
        .collect()
}

fn element(dtype: DType, block: &[u8], i: usize) -> f32 {
    match dtype {
        DType::F32 => f32::from_le_bytes([block[0], block[1], block[2], block[3]]),
        DType::F16 => half(block, 0),
        DType::BF16 => bf16::from_le_bytes([block[0], block[1]]).to_f32(),
        DType::U32 => panic!("u32 holds no reals"),
        // { d, 16 bytes of nibbles }: element i in the low half of byte i, element i + 16 in the high half.
        DType::Q4_0 => (nibble(&block[2..], i) - 8) as f32 * half(block, 0),
        // { d, m, nibbles }
        DType::Q4_1 => nibble(&block[4..], i) as f32 * half(block, 0) + half(block, 2),
        // { d, 32 fifth bits, nibbles }
        DType::Q5_0 => (nibble(&block[6..], i) + 16 * bit(&block[2..], i) - 16) as f32 * half(block, 0),
        // { d, m, 32 fifth bits, nibbles }
        DType::Q5_1 => (nibble(&block[8..], i) + 16 * bit(&block[4..], i)) as f32 * half(block, 0) + half(block, 2),
        // { d, 32 signed bytes }
        DType::Q8_0 => f32::from(block[2 + i] as i8) * half(block, 0),
        // { 16 scales (low half) and minima (high half), 64 bytes of pairs of bits, d, dmin }; 16 elements a scale
        DType::Q2K => {
            let scale = block[i / 16];
            let step = half(block, 80) * f32::from(scale & 15);
            let minimum = half(block, 82) * f32::from(scale >> 4);
            step * crumb(&block[16..], i) as f32 - minimum
        }
        // { 32 bytes of inverted third bits, 64 bytes of pairs of bits, 12 bytes of 6-bit scales, d }
        DType::Q3K => {
            let third = (block[i % 32] >> (i / 32)) & 1;
            let q = crumb(&block[32..], i) + 4 * i32::from(third) - 4;
            half(block, 108) * (scale_q3_k(&block[96..108], i / 16) - 32) as f32 * q as f32
        }
        // { d, dmin, 12 bytes of 6-bit scales and minima, 128 bytes of nibbles }; 32 elements a scale
        DType::Q4K => {
            let (scale, minimum) = scale_q4_k(&block[4..16], i / 32);
            let q = nibble_64(&block[16..], i);
            half(block, 0) * scale * q as f32 - half(block, 2) * minimum
        }
        // { d, dmin, scales and minima, 32 bytes of fifth bits, nibbles }
        DType::Q5K => {
            let (scale, minimum) = scale_q4_k(&block[4..16], i / 32);
            let fifth = (block[16 + i % 32] >> (i / 32)) & 1;
            let q = nibble_64(&block[48..], i) + 16 * i32::from(fifth);
            half(block, 0) * scale * q as f32 - half(block, 2) * minimum
        }
        // { 128 bytes of low nibbles, 64 bytes of high pairs, 16 signed scales, d }
        DType::Q6K => {
            let (part, k) = (i / 128, i % 128);
            let low = (block[64 * part + k % 64] >> (4 * (k / 64))) & 15;
            let high = crumb(&block[128..], i);
            let q = i32::from(low) + 16 * high - 32;
            half(block, 208) * f32::from(block[192 + i / 16] as i8) * q as f32
        }
    }
}

fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

fn bit(bytes: &[u8], i: usize) -> i32 {
    i32::from((bytes[i / 8] >> (i % 8)) & 1)
}

/// Of 32 elements in 16 bytes.
fn nibble(bytes: &[u8], i: usize) -> i32 {
    i32::from((bytes[i % 16] >> (4 * (i / 16))) & 15)
}

/// Of 64 elements in each 32 bytes: the low halves first, then the high halves.
fn nibble_64(bytes: &[u8], i: usize) -> i32 {
    i32::from((bytes[32 * (i / 64) + i % 32] >> (4 * (i % 64 / 32))) & 15)
}

/// Of 128 elements, two bits each, in each 32 bytes.
fn crumb(bytes: &[u8], i: usize) -> i32 {
    i32::from((bytes[32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32))) & 3)
}

/// Scale `j` of 16: four low bits in bytes 0..8, two high bits in bytes 8..12.
fn scale_q3_k(bytes: &[u8], j: usize) -> i32 {
    let low = (bytes[j % 8] >> (4 * (j / 8))) & 15;
    let high = (bytes[8 + j % 4] >> (2 * (j / 4))) & 3;
    i32::from(low) + 16 * i32::from(high)
}

/// Scale and minimum `j` of 8. The first four are whole in bytes 0..8; the others have four low bits in bytes 8..12 and
/// their two high bits above the first four.
fn scale_q4_k(bytes: &[u8], j: usize) -> (f32, f32) {
    let (scale, minimum) = if j < 4 {
        (bytes[j] & 63, bytes[j + 4] & 63)
    } else {
        let both = bytes[j + 4];
        ((both & 15) + 16 * (bytes[j - 4] >> 6), (both >> 4) + 16 * (bytes[j] >> 6))
    };
    (f32::from(scale), f32::from(minimum))
}
