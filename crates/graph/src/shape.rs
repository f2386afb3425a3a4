//! Shapes and tensor types. One axis order for the whole project: row-major, the last axis is contiguous.
//! Activations are `[tokens, features]`, weights of a linear layer `[out_features, in_features]`.

use std::fmt;

use crate::DType;

/// Sizes of the axes, outermost first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// The axes, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// Number of elements, or `None` if it does not fit a `u64`.
    pub fn elements(&self) -> Option<u64> {
        self.0.iter().try_fold(1u64, |n, &d| n.checked_mul(d as u64))
    }

    /// Size of the last axis: the length of a row. 1 for a scalar.
    pub fn columns(&self) -> usize {
        self.0.last().copied().unwrap_or(1)
    }

    /// Product of all axes but the last: the number of rows.
    pub fn rows(&self) -> usize {
        self.0.split_last().map_or(1, |(_, rows)| rows.iter().product())
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        Shape(dims.to_vec())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Self {
        Shape(dims)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// What a buffer holds: dtype and shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorType {
    /// How elements are stored.
    pub dtype: DType,
    /// Sizes of the axes.
    pub shape: Shape,
}

impl TensorType {
    /// A tensor type from its parts.
    pub fn new(dtype: DType, shape: impl Into<Shape>) -> Self {
        TensorType { dtype, shape: shape.into() }
    }

    /// Size in bytes. `None` if rows are no whole number of blocks or the size overflows.
    pub fn bytes(&self) -> Option<u64> {
        self.dtype.bytes(self.shape.columns() as u64)?;
        self.dtype.bytes(self.shape.elements()?)
    }

    /// Bytes of one row (all elements of the last axis).
    pub fn row_bytes(&self) -> Option<u64> {
        self.dtype.bytes(self.shape.columns() as u64)
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}
