//! Writes GGUF files with random weights.

use graph::DType;

/// A GGUF version 3 file in the making.
#[derive(Default)]
pub(super) struct Gguf {
    metadata: Vec<u8>,
    keys: u64,
    index: Vec<u8>,
    tensors: u64,
    data: Vec<u8>,
    random: u64,
}

impl Gguf {
    pub(super) fn count(&mut self, key: &str, value: usize) {
        self.key(key, 4, (value as u32).to_le_bytes());
    }

    /// A key with the number of its type and the bytes of its value.
    pub(super) fn key(&mut self, key: &str, kind: u32, value: impl AsRef<[u8]>) {
        text(&mut self.metadata, key);
        self.metadata.extend(kind.to_le_bytes());
        self.metadata.extend(value.as_ref());
        self.keys += 1;
    }

    /// f32 numbers around `middle`.
    pub(super) fn vector(&mut self, name: &str, len: usize, middle: f32) {
        self.enter(name, DType::F32, &[len]);
        for _ in 0..len {
            let value = middle + 0.2 * self.uniform();
            self.data.extend(value.to_le_bytes());
        }
    }

    pub(super) fn matrix(&mut self, module: &str, dtype: DType, shape: [usize; 2]) {
        self.enter(&format!("{module}.weight"), dtype, &shape);
        for _ in 0..shape[0] * shape[1] / dtype.block_len() {
            self.block(dtype);
        }
    }

    fn enter(&mut self, name: &str, dtype: DType, shape: &[usize]) {
        self.data.resize(self.data.len().next_multiple_of(32), 0);
        text(&mut self.index, name);
        self.index.extend((shape.len() as u32).to_le_bytes());
        shape.iter().rev().for_each(|&size| self.index.extend((size as u64).to_le_bytes()));
        self.index.extend(number(dtype).to_le_bytes());
        self.index.extend((self.data.len() as u64).to_le_bytes());
        self.tensors += 1;
    }

    /// Random weights of about 0.1: quants and inner scales are any bits, outer scales and minima are set.
    fn block(&mut self, dtype: DType) {
        let value = 0.2 * self.uniform();
        match dtype {
            DType::F32 => return self.data.extend(value.to_le_bytes()),
            DType::F16 => return self.data.extend(half::f16::from_f32(value).to_le_bytes()),
            DType::BF16 => return self.data.extend(half::bf16::from_f32(value).to_le_bytes()),
            _ => {}
        }
        let start = self.data.len();
        for _ in 0..dtype.block_bytes() {
            let byte = (self.bits() >> 24) as u8;
            self.data.push(byte);
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
            self.data[start + at..start + at + 2].copy_from_slice(&scale.to_le_bytes());
        }
    }

    /// In -1..1.
    fn uniform(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// The upper half of a linear congruential generator
    /// ([Knuth's MMIX](https://en.wikipedia.org/wiki/Linear_congruential_generator)): the same on every machine.
    fn bits(&mut self) -> u32 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 32) as u32
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3u32.to_le_bytes());
        file.extend(self.tensors.to_le_bytes());
        file.extend(self.keys.to_le_bytes());
        file.extend(self.metadata);
        file.extend(self.index);
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(self.data);
        file
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// GGUF's number of a dtype.
fn number(dtype: DType) -> u32 {
    match dtype {
        DType::F32 => 0,
        DType::F16 => 1,
        DType::Q4_0 => 2,
        DType::Q4_1 => 3,
        DType::Q5_0 => 6,
        DType::Q5_1 => 7,
        DType::Q8_0 => 8,
        DType::Q2K => 10,
        DType::Q3K => 11,
        DType::Q4K => 12,
        DType::Q5K => 13,
        DType::Q6K => 14,
        DType::U32 => 26, // i32: no weight is one
        DType::BF16 => 30,
    }
}
