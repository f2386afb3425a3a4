//! Deterministic data: numbers, and random but valid blocks of every dtype.

use graph::DType;
use half::{bf16, f16};

/// SplitMix64 ([Steele et al., 2014](https://doi.org/10.1145/2714064.2660195)).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Seeded by a name (FNV-1a).
    pub fn named(name: &str) -> Rng {
        let hash = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        Rng(name.bytes().fold(0xcbf2_9ce4_8422_2325, hash))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// Uniform in `[0, 1)`.
    pub fn uniform(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / 16_777_216.0
    }

    /// About standard normal: the sum of twelve uniform numbers, less six.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.uniform()).sum::<f32>() - 6.0
    }
}

/// Little-endian bytes of f32.
pub fn reals(data: &[f32]) -> Vec<u8> {
    data.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Little-endian bytes of f16, rounded.
pub fn halves(data: &[f32]) -> Vec<u8> {
    data.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect()
}

/// Little-endian bytes of u32.
pub fn words(data: &[u32]) -> Vec<u8> {
    data.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Bytes of `elements` random weights: every bit of the quants and of the inner scales is random, the outer scales are
/// of a size that gives weights of about 0.1 to 1, of both signs.
///
/// # Panics
/// If `elements` are no whole number of blocks.
pub fn quantized(rng: &mut Rng, dtype: DType, elements: usize) -> Vec<u8> {
    assert!(elements.is_multiple_of(dtype.block_len()), "{elements} elements of {dtype}");
    (0..elements / dtype.block_len()).flat_map(|_| block(rng, dtype)).collect()
}

fn block(rng: &mut Rng, dtype: DType) -> Vec<u8> {
    match dtype {
        DType::F32 => return (0.3 * rng.normal()).to_le_bytes().into(),
        DType::F16 => return f16::from_f32(0.3 * rng.normal()).to_le_bytes().into(),
        DType::BF16 => return bf16::from_f32(0.3 * rng.normal()).to_le_bytes().into(),
        DType::U32 => return (rng.bits() as u32).to_le_bytes().into(),
        _ => {}
    }
    let mut bytes: Vec<u8> = (0..dtype.block_bytes()).map(|_| rng.bits() as u8).collect();
    // Byte offsets of the scale and, if there is one, of the minimum; their sizes, so that weights centre on 0.
    let (scale, minimum): ((usize, f32), Option<(usize, f32)>) = match dtype {
        DType::Q4_0 => ((0, 0.06), None),
        DType::Q4_1 => ((0, 0.06), Some((2, -0.45))),
        DType::Q5_0 => ((0, 0.03), None),
        DType::Q5_1 => ((0, 0.03), Some((2, -0.46))),
        DType::Q8_0 => ((0, 0.004), None),
        DType::Q2K => ((80, 0.02), Some((82, 0.03))),
        DType::Q3K => ((108, 0.007), None),
        DType::Q4K => ((0, 0.002), Some((2, 0.015))),
        DType::Q5K => ((0, 0.001), Some((2, 0.0155))),
        DType::Q6K => ((208, 0.0002), None),
        DType::F32 | DType::F16 | DType::BF16 | DType::U32 => unreachable!("returned above"),
    };
    let (size, negative) = (0.5 + rng.uniform(), rng.below(4) == 0);
    let sign = if negative { -size } else { size };
    for (at, typical) in [Some(scale), minimum].into_iter().flatten() {
        bytes[at..at + 2].copy_from_slice(&f16::from_f32(sign * typical).to_le_bytes());
    }
    bytes
}
