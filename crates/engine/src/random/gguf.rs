//! Writes GGUF files with random weights.

use graph::DType;

use super::blocks::Random;

/// A GGUF version 3 file in the making.
#[derive(Default)]
pub(crate) struct Gguf {
    metadata: Vec<u8>,
    keys: u64,
    tensors: Vec<Tensor>,
}

struct Tensor {
    name: String,
    dtype: DType,
    shape: Vec<usize>,
    /// What the numbers of a vector are around; none for a matrix.
    middle: Option<f32>,
}

/// GGUF's numbers of the types of metadata.
const U32: u32 = 4;
const I32: u32 = 5;
const F32: u32 = 6;
const STRING: u32 = 8;
const ARRAY: u32 = 9;
/// Tensors start at multiples of this.
const ALIGNMENT: u64 = 32;
/// Bytes that are handed on at once.
const PIECE: usize = 1 << 20;

impl Gguf {
    pub(crate) fn count(&mut self, key: &str, value: usize) {
        self.key(key, U32, (value as u32).to_le_bytes());
    }

    pub(crate) fn number(&mut self, key: &str, value: f32) {
        self.key(key, F32, value.to_le_bytes());
    }

    pub(crate) fn word(&mut self, key: &str, value: &str) {
        let mut bytes = Vec::new();
        text(&mut bytes, value);
        self.key(key, STRING, bytes);
    }

    pub(crate) fn words(&mut self, key: &str, values: &[String]) {
        let mut bytes = STRING.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        values.iter().for_each(|value| text(&mut bytes, value));
        self.key(key, ARRAY, bytes);
    }

    pub(crate) fn integers(&mut self, key: &str, values: &[i32]) {
        let mut bytes = I32.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        self.key(key, ARRAY, bytes);
    }

    /// A key with the number of its type and the bytes of its value.
    fn key(&mut self, key: &str, kind: u32, value: impl AsRef<[u8]>) {
        text(&mut self.metadata, key);
        self.metadata.extend(kind.to_le_bytes());
        self.metadata.extend(value.as_ref());
        self.keys += 1;
    }

    /// f32 numbers around `middle`.
    pub(crate) fn vector(&mut self, name: &str, len: usize, middle: f32) {
        self.tensors.push(Tensor { name: name.into(), dtype: DType::F32, shape: vec![len], middle: Some(middle) });
    }

    pub(crate) fn matrix(&mut self, module: &str, dtype: DType, shape: [usize; 2]) {
        self.tensors.push(Tensor { name: format!("{module}.weight"), dtype, shape: shape.into(), middle: None });
    }

    /// The file, piece by piece: it may be larger than memory.
    pub(crate) fn write<E>(self, out: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut piece = b"GGUF".to_vec();
        piece.extend(3u32.to_le_bytes());
        piece.extend((self.tensors.len() as u64).to_le_bytes());
        piece.extend(self.keys.to_le_bytes());
        piece.extend(self.metadata);
        let mut offset = 0u64;
        for Tensor { name, dtype, shape, .. } in &self.tensors {
            text(&mut piece, name);
            piece.extend((shape.len() as u32).to_le_bytes());
            shape.iter().rev().for_each(|&size| piece.extend((size as u64).to_le_bytes()));
            piece.extend(number(*dtype).to_le_bytes());
            piece.extend(offset.to_le_bytes());
            offset += blocks(*dtype, shape) * dtype.block_bytes() as u64;
            offset = offset.next_multiple_of(ALIGNMENT);
        }
        piece.resize(piece.len().next_multiple_of(ALIGNMENT as usize), 0);
        let mut random = Random::default();
        for Tensor { dtype, shape, middle, .. } in &self.tensors {
            let mut written = 0;
            for _ in 0..blocks(*dtype, shape) {
                match middle {
                    Some(middle) => piece.extend((middle + 0.2 * random.uniform()).to_le_bytes()),
                    None => random.block(*dtype, &mut piece),
                }
                written += dtype.block_bytes() as u64;
                if piece.len() >= PIECE {
                    out(&piece)?;
                    piece.clear();
                }
            }
            piece.resize(piece.len() + (written.next_multiple_of(ALIGNMENT) - written) as usize, 0);
        }
        out(&piece)
    }

    /// The whole file.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Ok(()) = self.write(&mut |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok::<(), std::convert::Infallible>(())
        });
        bytes
    }
}

/// Blocks of a tensor.
fn blocks(dtype: DType, shape: &[usize]) -> u64 {
    (shape.iter().product::<usize>() / dtype.block_len()) as u64
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
