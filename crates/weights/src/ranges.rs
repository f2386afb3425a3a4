//! What both formats have to check of a tensor: its size, its place in the file, and that no two share bytes.

use graph::{DType, TensorType};

use crate::WeightsError;

/// How a file says that a tensor's elements are stored.
pub(crate) enum Stored {
    /// One of ours.
    Known(DType),
    /// Not one of ours; elements and bytes of a block where that much is known.
    Other { name: String, block: Option<(u64, u64)> },
}

/// A tensor found in a header: everything checked but its place.
pub(crate) struct Entry {
    pub(crate) name: String,
    /// `Err` holds the name of a dtype that is not supported.
    pub(crate) ty: Result<TensorType, String>,
    /// From the start of the file.
    pub(crate) offset: u64,
    /// `None` if the dtype's size is unknown.
    pub(crate) bytes: Option<u64>,
}

impl Entry {
    /// Sizes a tensor of `dims`, outermost first. It starts at `offset` from the start of the file.
    pub(crate) fn new(name: String, stored: Stored, dims: &[u64], offset: u64) -> Result<Self, WeightsError> {
        let block = match &stored {
            Stored::Known(dtype) => Some((dtype.block_len() as u64, dtype.block_bytes() as u64)),
            Stored::Other { block, .. } => *block,
        };
        // No axis and no product of axes overflows, even where another axis is 0: shapes are multiplied freely later.
        let extent = dims.iter().try_fold(1u64, |n, &d| n.checked_mul(d.max(1)));
        let sizes: Result<Vec<usize>, _> = dims.iter().map(|&d| usize::try_from(d)).collect();
        let (Some(extent), Ok(sizes)) = (extent.filter(|&n| n <= isize::MAX as u64), sizes) else {
            return Err(WeightsError::Elements { tensor: name, shape: dims.to_vec() });
        };
        let elements = if dims.contains(&0) { 0 } else { extent };
        let columns = dims.last().copied().unwrap_or(1);
        let bytes = match block {
            None => None,
            Some((len, _)) if !columns.is_multiple_of(len) => {
                let dtype = match stored {
                    Stored::Known(dtype) => dtype.name().to_owned(),
                    Stored::Other { name, .. } => name,
                };
                return Err(WeightsError::RowBlocks { tensor: name, columns, dtype, block: len });
            }
            Some((len, size)) => match (elements / len).checked_mul(size) {
                Some(bytes) => Some(bytes),
                None => return Err(WeightsError::Elements { tensor: name, shape: dims.to_vec() }),
            },
        };
        let ty = match stored {
            Stored::Known(dtype) => Ok(TensorType::new(dtype, sizes)),
            Stored::Other { name, .. } => Err(name),
        };
        Ok(Entry { name, ty, offset, bytes })
    }
}

/// Every tensor must lie inside `len` bytes and share none of them with another.
/// A tensor of unknown size counts as one byte long: no more is sure of it.
pub(crate) fn check_ranges(entries: &[Entry], len: u64) -> Result<(), WeightsError> {
    let mut order: Vec<(u64, u64, &str)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let bytes = entry.bytes.unwrap_or(1);
        match entry.offset.checked_add(bytes).filter(|&end| end <= len) {
            Some(end) if bytes > 0 => order.push((entry.offset, end, &entry.name)),
            Some(_) => {}
            None => {
                let tensor = entry.name.clone();
                return Err(WeightsError::OutsideFile { tensor, offset: entry.offset, bytes, len });
            }
        }
    }
    order.sort_unstable();
    match order.windows(2).find(|pair| pair[0].1 > pair[1].0) {
        Some(pair) => {
            Err(WeightsError::Overlap { first: pair[0].2.into(), second: pair[1].2.into(), offset: pair[1].0 })
        }
        None => Ok(()),
    }
}
