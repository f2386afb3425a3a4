//! What can be wrong with a recorded graph.

use crate::{DType, TensorType};

/// The first mistake made while recording.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GraphError {
    /// Two operands do not fit together.
    #[error("{op}: {left_name} {left} does not fit {right_name} {right}")]
    Mismatch {
        /// Name of the op.
        op: &'static str,
        /// Name of the left operand.
        left_name: String,
        /// Type of the left operand.
        left: TensorType,
        /// Name of the right operand.
        right_name: String,
        /// Type of the right operand.
        right: TensorType,
    },
    /// An operand has a dtype that the op does not take.
    #[error("{op}: {name} is {found}, expected {expected}")]
    WrongDType {
        /// Name of the op.
        op: &'static str,
        /// Name of the operand.
        name: String,
        /// Its dtype.
        found: DType,
        /// What the op takes.
        expected: &'static str,
    },
    /// An attribute of the op does not fit its operand.
    #[error("{op}: {name} {found}: {reason}")]
    BadAttribute {
        /// Name of the op.
        op: &'static str,
        /// Name of the operand.
        name: String,
        /// Type of the operand.
        found: TensorType,
        /// What does not fit.
        reason: String,
    },
    /// Two leaves or outputs share a name, with different types.
    #[error("{name} is recorded twice, as {first} and as {second}")]
    Duplicate {
        /// The name.
        name: String,
        /// Type at the first recording.
        first: TensorType,
        /// Type at the second.
        second: TensorType,
    },
    /// A tensor whose size in bytes is no number, or whose rows are no whole number of blocks.
    #[error("{name} {found} has rows that are no whole number of blocks, or is too large")]
    BadSize {
        /// The name.
        name: String,
        /// Its type.
        found: TensorType,
    },
}
