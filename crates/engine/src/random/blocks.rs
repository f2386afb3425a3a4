//! Random numbers in every dtype.

use graph::DType;

/// A linear congruential generator ([Knuth's MMIX](https://en.wikipedia.org/wiki/Linear_congruential_generator)): the same on
/// every machine.
#[derive(Default)]
pub(crate) struct Random(u64);

impl Random {
    /// Appends a block of random weights of about 0.1: quants and inner scales are any bits, outer scales and minima are set.
    pub(crate) fn block(&mut self, dtype: DType, out: &mut Vec<u8>) {
        let value = 0.2 * self.uniform();
        match dtype {
            DType::F32 => return out.extend(value.to_le_bytes()),
            DType::F16 => return out.extend(half::f16::from_f32(value).to_le_bytes()),
            DType::BF16 => return out.extend(half::bf16::from_f32(value).to_le_bytes()),
            _ => {}
        }
        let start = out.len();
        for _ in 0..dtype.block_bytes() {
            out.push((self.bits() >> 24) as u8);
        }
        // Byte offset and size of the scale, then of the minimum.
        let halves: &[(usize, f32)] = match dtype {
            DType::Q4_0 => &[(0, 0.02)],
            DType::Q4_1 => &[(0, 0.02), (2, -0.15)],
            DType::Q5_0 => &[(0, 0.01)],
            DType::Q5_1 => &[(0, 0.01), (2, -0.15)],
            DType::Q8_0 => &[(0, 0.0015)],
            DType::Q2K => &[(80, 0.007), (82, 0.01)],
            DType::Q3K => &[(108, 0.0025)],
            DType::Q4K => &[(0, 0.0007), (2, 0.005)],
            DType::Q5K => &[(0, 0.00035), (2, 0.0055)],
            DType::Q6K => &[(208, 0.00007)],
            DType::F32 | DType::F16 | DType::BF16 | DType::U32 => &[],
        };
        for &(at, size) in halves {
            let scale = half::f16::from_f32(size * (1.0 + 0.5 * self.uniform()));
            out[start + at..start + at + 2].copy_from_slice(&scale.to_le_bytes());
        }
    }

    /// In -1..1.
    pub(crate) fn uniform(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// The upper half of the state.
    fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }
}
