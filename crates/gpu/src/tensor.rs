//! A tensor on the device: one buffer, or several where it is larger than a binding may be.

use graph::{BackendError, TensorType};

use crate::{Limits, pack};

/// Rows `first_row .. first_row + rows` of a tensor.
pub(crate) struct Part {
    pub(crate) buffer: wgpu::Buffer,
    pub(crate) rows: Rows,
}

/// A range of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// The first row.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// A tensor in the layout of its dtype, split by rows.
pub(crate) struct Tensor {
    pub(crate) ty: TensorType,
    pub(crate) bytes: u64,
    row_bytes: u64,
    pub(crate) parts: Vec<Part>,
    /// Whether its parts hold planes, and no more what was written.
    pub(crate) is_packed: bool,
    /// Bytes of a word that a write ended in: part, byte offset of the word, the bytes so far.
    carry: Option<(usize, u64, Vec<u8>)>,
}

/// How a tensor is split: as many whole rows in a part as one binding holds.
pub fn split(ty: &TensorType, limits: &Limits) -> Result<Vec<Rows>, BackendError> {
    let unsupported = |reason: String| BackendError::Unsupported { op: "alloc".into(), reason };
    let too_large = || unsupported(format!("{ty} is no whole number of blocks, or too large"));
    ty.bytes().ok_or_else(too_large)?;
    let row_bytes = ty.row_bytes().ok_or_else(too_large)?;
    let rows = ty.shape.rows() as u64;
    // In blocks, groups of rows stay together.
    let each = match pack::group_vectors(ty) {
        Some(vectors) => limits.max_binding / (vectors * 16).max(1) * pack::ROWS,
        None => limits.max_binding / row_bytes.max(1),
    };
    if rows <= each {
        return Ok(vec![Rows { first: 0, count: rows }]);
    }
    if each == 0 {
        let limit = limits.max_binding;
        return Err(unsupported(format!("a row of {ty} is {row_bytes} bytes, more than a binding may have ({limit})")));
    }
    Ok((0..rows.div_ceil(each)).map(|i| Rows { first: i * each, count: each.min(rows - i * each) }).collect())
}

impl Tensor {
    /// Zeroed buffers for a tensor.
    pub(crate) fn new(device: &wgpu::Device, ty: &TensorType, limits: &Limits) -> Result<Tensor, BackendError> {
        let row_bytes = ty.row_bytes().unwrap_or(0);
        let mut bytes = 0;
        let parts = split(ty, limits)?
            .into_iter()
            .map(|rows| {
                let size = padded(rows.count * row_bytes);
                bytes += size;
                Part { buffer: storage(device, &format!("{ty}"), size), rows }
            })
            .collect();
        Ok(Tensor { ty: ty.clone(), bytes, row_bytes, parts, is_packed: false, carry: None })
    }

    /// The buffer of a tensor that is in one piece.
    pub(crate) fn whole(&self) -> Option<&wgpu::Buffer> {
        match self.parts.as_slice() {
            [part] => Some(&part.buffer),
            _ => None,
        }
    }

    /// Writes bytes at an offset. Pieces may have any length; one that starts inside a word must follow the piece before
    /// it, and up to three bytes after one that ends inside a word become zero.
    pub(crate) fn write(&mut self, queue: &wgpu::Queue, mut offset: u64, mut bytes: &[u8]) -> Option<()> {
        let end = offset.checked_add(bytes.len() as u64)?;
        if end > self.ty.bytes()? {
            return None;
        }
        while !bytes.is_empty() {
            let each = (self.parts[0].rows.count * self.row_bytes).max(1);
            let part = (offset / each) as usize;
            let inside = offset - part as u64 * each;
            let room = self.parts.get(part)?.rows.count * self.row_bytes - inside;
            let (now, later) = bytes.split_at(bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            self.write_part(queue, part, inside, now)?;
            offset += now.len() as u64;
            bytes = later;
        }
        Some(())
    }

    fn write_part(&mut self, queue: &wgpu::Queue, part: usize, offset: u64, bytes: &[u8]) -> Option<()> {
        let buffer = &self.parts[part].buffer;
        let start = offset & !3;
        let mut bytes = bytes;
        let mut body = offset;
        let carried = self.carry.take();
        if start != offset {
            let (_, _, mut word) = carried.filter(|(p, at, held)| *p == part && at + held.len() as u64 == offset)?;
            let (head, rest) = bytes.split_at(bytes.len().min(4 - word.len()));
            word.extend_from_slice(head);
            queue.write_buffer(buffer, start, &whole_word(&word));
            if word.len() < 4 {
                self.carry = Some((part, start, word));
                return Some(());
            }
            (bytes, body) = (rest, start + 4);
        }
        let (middle, tail) = bytes.split_at(bytes.len() & !3);
        if !middle.is_empty() {
            queue.write_buffer(buffer, body, middle);
        }
        if !tail.is_empty() {
            let at = body + middle.len() as u64;
            queue.write_buffer(buffer, at, &whole_word(tail));
            self.carry = Some((part, at, tail.to_vec()));
        }
        Some(())
    }
}

/// What was packed for a plan can be neither read nor changed any more.
pub(crate) fn packed_already(ty: &TensorType) -> BackendError {
    BackendError::Unsupported { op: "access".into(), reason: format!("a weight {ty} is packed since a plan reads it") }
}

fn whole_word(bytes: &[u8]) -> [u8; 4] {
    let mut word = [0; 4];
    word[..bytes.len()].copy_from_slice(bytes);
    word
}

/// Storage bindings are whole words, and not empty.
pub(crate) fn padded(bytes: u64) -> u64 {
    bytes.next_multiple_of(4).max(4)
}

/// A buffer that kernels read and write and that can be copied both ways.
pub(crate) fn storage(device: &wgpu::Device, label: &str, size: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    })
}
