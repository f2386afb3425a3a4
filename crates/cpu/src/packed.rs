//! Weights as the integer kernels read them, in the memory they were written to: groups of 8 rows, each a run of blocks of
//! 32 columns, each block the quants of all 8 rows and then their scales. Whatever is multiplied is read once, front to back.
//!
//! Quants and scales of block formats are those of the file, so nothing is lost: scales of scales are multiplied out to f32,
//! and 2 and 3 bits take 4, 6 take 8. Plain numbers keep about 14 bits of each group of 32.

use std::collections::{BTreeMap, BTreeSet};

use graph::{BackendError, BufferId, Buffers, DType, Graph, Leaf, LeafKind, Node, Op, TensorType, Value};
use half::f16;

use crate::{
    Buffer, claim,
    integers::{
        BYTE_BLOCK, Bytes, Fives, Form, Halves, LIMIT, Lay, Minima, Minimum, Narrow, Nibbles, One, PLAIN_LIMIT,
        QUICK_LIMIT, Quants, ROWS, STREAMS, Scales, Shorts, TILE, product, unpack, unpack_bytes,
    },
    precision::{Precision, Product},
    quant::{GROUP, Group, groups, half},
};

/// How the blocks of a weight look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) quants: Bits,
    scales: Kind,
    /// Scales are f16.
    is_narrow: bool,
}

/// The bits of a quant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bits {
    /// 4, of which `zero` is zero.
    Four { zero: u8 },
    /// 5, of which 16 is zero where there is no minimum.
    Five,
    /// 8.
    Eight,
    /// 16, of plain numbers.
    Sixteen,
}

/// What a block has besides quants: [`Scales`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    One,
    Halves,
    Minimum,
    Minima,
}

/// The products of `R` runs of blocks with `T` tokens.
pub(crate) type Multiply<const R: usize, const T: usize> = fn([&[u8]; R], &[u32]) -> [[[f32; ROWS]; T]; R];

/// The kernels of a layout, and its measures in bytes.
pub(crate) struct Kernels {
    /// One token.
    pub(crate) vector: Multiply<STREAMS, 1>,
    /// A tile of tokens.
    pub(crate) few: Multiply<STREAMS, TILE>,
    /// Blocks to [`Shorts`], for what follows.
    pub(crate) unpack: fn(&[u8], &mut [u8]),
    /// The same to bytes, for kernels in relaxed SIMD: of 4 and 5 bits.
    pub(crate) unpack_bytes: fn(&[u8], &mut [u8]),
    /// A tile of tokens over unpacked blocks.
    pub(crate) tile: Multiply<1, TILE>,
    /// One token over unpacked blocks.
    pub(crate) rest: Multiply<1, 1>,
    put: fn(&mut [u8], usize, &[i16; GROUP]),
    get: fn(&[u8], usize) -> [i16; GROUP],
    quant_bytes: usize,
    scale_bytes: usize,
    /// Of scales that are unpacked.
    wide_bytes: usize,
}

impl Kernels {
    fn of<Q: Quants, S: Scales>() -> Kernels {
        Kernels {
            vector: product::<Q, S, STREAMS, 1>,
            few: product::<Q, S, STREAMS, TILE>,
            unpack: unpack::<Q, S>,
            unpack_bytes: unpack_bytes::<Q, S>,
            tile: product::<Shorts, S::Wide, 1, TILE>,
            rest: product::<Shorts, S::Wide, 1, 1>,
            put: Q::put,
            get: Q::get,
            quant_bytes: Q::BYTES,
            scale_bytes: S::BYTES,
            wide_bytes: S::Wide::BYTES,
        }
    }
}

/// How kernels in relaxed SIMD multiply.
pub(crate) struct By {
    /// Bytes of an activation.
    pub(crate) digits: usize,
    /// Blocks are unpacked to bytes first.
    pub(crate) unpacks: bool,
    /// For one token and for a tile.
    pub(crate) kernels: [Product; 2],
}

impl Layout {
    /// Of a dtype, if it holds weights.
    fn of(dtype: DType) -> Option<Layout> {
        let (quants, scales) = match dtype {
            DType::F32 | DType::F16 | DType::BF16 => (Bits::Sixteen, Kind::One),
            DType::Q4_0 => (Bits::Four { zero: 8 }, Kind::One),
            DType::Q4_1 | DType::Q4K => (Bits::Four { zero: 0 }, Kind::Minimum),
            DType::Q5_0 => (Bits::Five, Kind::One),
            DType::Q5_1 | DType::Q5K => (Bits::Five, Kind::Minimum),
            DType::Q8_0 => (Bits::Eight, Kind::One),
            DType::Q2K => (Bits::Four { zero: 0 }, Kind::Minima),
            DType::Q3K => (Bits::Four { zero: 4 }, Kind::Halves),
            DType::Q6K => (Bits::Eight, Kind::Halves),
            DType::U32 => return None,
        };
        // A scale of a scale is no f16, and kernels of 4 bits do fewer instructions with f32.
        let is_narrow = matches!(dtype, DType::Q5_0 | DType::Q5_1 | DType::Q8_0);
        Some(Layout { quants, scales, is_narrow })
    }

    /// The kernels.
    pub(crate) fn kernels(self) -> Kernels {
        match (self.quants, self.scales) {
            (Bits::Five, Kind::One) => Kernels::of::<Fives<16>, Narrow<One>>(),
            (Bits::Five, _) if self.is_narrow => Kernels::of::<Fives<0>, Narrow<Minimum>>(),
            (Bits::Five, _) => Kernels::of::<Fives<0>, Minimum>(),
            (Bits::Four { zero: 8 }, _) => Kernels::of::<Nibbles<8>, One>(),
            (Bits::Four { zero: 4 }, _) => Kernels::of::<Nibbles<4>, Halves>(),
            (Bits::Four { .. }, Kind::Minima) => Kernels::of::<Nibbles<0>, Minima>(),
            (Bits::Four { .. }, _) => Kernels::of::<Nibbles<0>, Minimum>(),
            (Bits::Eight, Kind::Halves) => Kernels::of::<Bytes, Halves>(),
            (Bits::Eight, _) => Kernels::of::<Bytes, Narrow<One>>(),
            (Bits::Sixteen, _) => Kernels::of::<Shorts, One>(),
        }
    }

    /// The quant that stands for zero in its blocks.
    pub(crate) fn zero(self) -> u8 {
        match self.quants {
            Bits::Four { zero } => zero,
            Bits::Five if self.scales == Kind::One => 16,
            _ => 0,
        }
    }

    /// Bytes of a block.
    pub(crate) fn block_bytes(self) -> usize {
        let kernels = self.kernels();
        kernels.quant_bytes + kernels.scale_bytes
    }

    /// Bytes of a block with its quants unpacked.
    pub(crate) fn unpacked_bytes(self) -> usize {
        Shorts::BYTES + self.kernels().wide_bytes
    }

    /// Bytes of a block with its quants as bytes.
    pub(crate) fn byte_block(self) -> usize {
        BYTE_BLOCK + self.kernels().wide_bytes
    }

    /// How activations are rounded for it, for few tokens or for many.
    pub(crate) fn form(self, precision: Precision, is_few: bool) -> Form {
        let limit = match self.quants {
            _ if self.is_quick(precision) => QUICK_LIMIT,
            Bits::Sixteen => PLAIN_LIMIT,
            _ => LIMIT,
        };
        let lay = match self.relaxed(precision, is_few) {
            None => Lay::Pairs,
            Some(By { digits, .. }) => Lay::Bytes(digits),
        };
        Form { limit, lay }
    }

    /// Whether activations of 8 bits meet it.
    fn is_quick(self, precision: Precision) -> bool {
        let is_four = matches!(self.quants, Bits::Four { .. });
        is_four && self.is_simple() && matches!(precision, Precision::Quick(_))
    }

    /// Whether all columns of a block share what it has besides quants.
    fn is_simple(self) -> bool {
        matches!(self.scales, Kind::One | Kind::Minimum)
    }

    /// How kernels in relaxed SIMD multiply it with few tokens, or with many, if there are any.
    pub(crate) fn relaxed(self, precision: Precision, is_few: bool) -> Option<By> {
        let relaxed = precision.relaxed().filter(|_| self.is_simple())?;
        let digits = if self.is_quick(precision) { 1 } else { 2 };
        let (unpacks, kernels) = match (relaxed.unpacked, self.quants) {
            (Some(kernels), Bits::Four { .. } | Bits::Five) if !is_few => (true, kernels[digits - 1]),
            _ if digits == 1 => (false, relaxed.nibbles),
            _ => return None,
        };
        let kernels = if self.scales == Kind::One { kernels.scale } else { kernels.minimum };
        Some(By { digits, unpacks, kernels })
    }

    /// What a block has besides quants, in the order in which it lies there, with its index.
    fn numbers(self) -> impl Iterator<Item = (usize, fn(&Group) -> f32)> {
        let all: &[fn(&Group) -> f32] = match self.scales {
            Kind::One => &[|group| group.scales[0]],
            Kind::Halves => &[|group| group.scales[0], |group| group.scales[1]],
            Kind::Minimum => &[|group| group.scales[0], |group| group.minima[0]],
            Kind::Minima => {
                &[|group| group.scales[0], |group| group.scales[1], |group| group.minima[0], |group| group.minima[1]]
            }
        };
        all.iter().copied().enumerate()
    }

    /// Puts a group of row `row` into its block.
    fn put(self, block: &mut [u8], row: usize, group: &Group) {
        let kernels = self.kernels();
        let (quants, scales) = block.split_at_mut(kernels.quant_bytes);
        (kernels.put)(quants, row, &group.quants);
        for (index, number) in self.numbers() {
            let (at, number) = (index * ROWS + row, number(group));
            match self.is_narrow {
                true => scales[2 * at..][..2].copy_from_slice(&f16::from_f32(number).to_le_bytes()),
                false => scales[4 * at..][..4].copy_from_slice(&number.to_le_bytes()),
            }
        }
    }

    /// Dequantizes row `row` of a block.
    fn dequantize(self, block: &[u8], row: usize, out: &mut [f32; GROUP]) {
        let kernels = self.kernels();
        let (quants, scales) = block.split_at(kernels.quant_bytes);
        let real = |index: usize| {
            let at = index * ROWS + row;
            match self.is_narrow {
                true => half([scales[2 * at], scales[2 * at + 1]]),
                false => f32::from_le_bytes(std::array::from_fn(|i| scales[4 * at + i])),
            }
        };
        for (column, (quant, out)) in (kernels.get)(quants, row).into_iter().zip(out).enumerate() {
            let (quant, half) = (f32::from(quant), 2 * column / GROUP);
            *out = match self.scales {
                Kind::One => quant * real(0),
                Kind::Halves => quant * real(half),
                Kind::Minimum => quant * real(0) + real(1),
                Kind::Minima => quant * real(half) + real(2 + half),
            };
        }
    }

    /// Dequantizes a row of a matrix.
    pub(crate) fn row(self, matrix: &[u8], row: usize, out: &mut [f32]) {
        let run = out.len() / GROUP * self.block_bytes();
        let blocks = matrix[row / ROWS * run..][..run].chunks_exact(self.block_bytes());
        for (block, out) in blocks.zip(out.as_chunks_mut::<GROUP>().0) {
            self.dequantize(block, row % ROWS, out);
        }
    }
}

/// Layout and bytes of a weight once it is packed; `None` of what no integer kernel takes.
fn plan(ty: &TensorType) -> Option<(Layout, usize)> {
    let layout = Layout::of(ty.dtype)?;
    if ty.shape.dims().len() != 2 || !ty.shape.columns().is_multiple_of(GROUP) {
        return None;
    }
    let blocks = ty.shape.rows().div_ceil(ROWS).checked_mul(ty.shape.columns() / GROUP)?;
    Some((layout, blocks.checked_mul(layout.block_bytes())?))
}

/// Bytes that a tensor of `bytes` bytes should have, so that it can be packed where it is: few formats grow. Numbers may be
/// activations, and a matrix of f32 shrinks.
pub(crate) fn capacity(ty: &TensorType, bytes: usize) -> usize {
    match plan(ty) {
        Some((_, packed)) if ty.dtype != DType::F32 => bytes.max(packed),
        _ => bytes,
    }
}

/// Weights that a graph reads by `linear` and `gather` alone, and whether by `linear`.
pub(crate) fn weights(graph: &Graph) -> BTreeMap<Value, bool> {
    let mut weights = BTreeMap::new();
    let mut others: BTreeSet<Value> = graph.outputs().iter().map(|output| graph.storage(output.value)).collect();
    for (_, op, _) in graph.ops() {
        let mut inputs = op.inputs();
        let (index, linear) = match op {
            Op::Linear { .. } => (1, true),
            Op::Gather { .. } => (0, false),
            _ => (inputs.len(), false),
        };
        if index < inputs.len() {
            *weights.entry(graph.storage(inputs.remove(index))).or_default() |= linear;
        }
        others.extend(inputs.into_iter().map(|input| graph.storage(input)));
    }
    let is_weight = |value: &Value| matches!(graph.node(*value), Node::Leaf(Leaf { kind: LeafKind::Weight, .. }));
    weights.retain(|value, _| is_weight(value) && !others.contains(value));
    weights
}

/// Packs every weight of a graph that integer kernels read and that is not packed yet.
pub(crate) fn pack(
    graph: &Graph,
    bound: &Buffers,
    buffers: &mut BTreeMap<BufferId, Buffer>,
) -> Result<(), BackendError> {
    for (value, linear) in weights(graph) {
        let id = bound.get(&graph.name(value));
        if let (true, Some(buffer)) = (linear, id.and_then(|id| buffers.get_mut(id)))
            && buffer.ty == *graph.ty(value)
            && buffer.packed.is_none()
        {
            pack_buffer(buffer)?;
        }
    }
    Ok(())
}

/// Whether every scale of blocks that begin with them, as f16, is a number: kernels of such scales know no others.
fn are_finite(dtype: DType, scales: usize, blocks: &[u8]) -> bool {
    let mut blocks = blocks.chunks_exact(dtype.block_bytes());
    blocks.all(|block| block[..2 * scales].as_chunks().0.iter().all(|scale| f16::from_le_bytes(*scale).is_finite()))
}

fn pack_buffer(buffer: &mut Buffer) -> Result<(), BackendError> {
    let (Some((layout, bytes)), Some(read)) = (plan(&buffer.ty), groups(buffer.ty.dtype)) else { return Ok(()) };
    if bytes > 4 * buffer.words.len() {
        return Ok(());
    }
    let raw = &bytemuck::cast_slice(&buffer.words)[..buffer.bytes];
    if layout.is_narrow && !are_finite(buffer.ty.dtype, layout.numbers().count(), raw) {
        return Ok(());
    }
    let (rows, columns) = (buffer.ty.shape.rows(), buffer.ty.shape.columns());
    let raw_row = buffer.bytes / rows;
    let (raw_run, run) = (ROWS * raw_row, columns / GROUP * layout.block_bytes());
    let mut raw = claim(raw_run.div_ceil(4), "packing weights")?;
    let raw: &mut [u8] = bytemuck::cast_slice_mut(&mut raw);
    let mut groups = vec![Group::ZERO; columns / GROUP];
    let memory: &mut [u8] = bytemuck::cast_slice_mut(&mut buffer.words);
    let runs = rows.div_ceil(ROWS);
    for index in 0..runs {
        // Runs that grow go last first, those that shrink first first: none is overwritten before it was read.
        let index = if run > raw_run { runs - 1 - index } else { index };
        let count = ROWS.min(rows - ROWS * index);
        raw[..count * raw_row].copy_from_slice(&memory[index * raw_run..][..count * raw_row]);
        let out = &mut memory[index * run..][..run];
        out.fill(0);
        for (row, raw) in raw.chunks_exact(raw_row).take(count).enumerate() {
            read(raw, &mut groups);
            for (group, block) in groups.iter().zip(out.chunks_exact_mut(layout.block_bytes())) {
                layout.put(block, row, group);
            }
        }
    }
    buffer.words.truncate(bytes.div_ceil(4));
    buffer.words.shrink_to_fit();
    buffer.packed = Some(layout);
    Ok(())
}

#[cfg(test)]
mod tests;
