//! What can be wrong with a recorded graph.

use std::fmt;

use crate::TensorType;

/// A tensor as messages name it. Boxed, so that a `Result` stays small.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Name of the leaf, or `%index` of a computed value.
    pub name: String,
    /// Its type.
    pub ty: TensorType,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.ty)
    }
}

/// The first mistake made while recording.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GraphError {
    /// Two operands do not fit together.
    #[error("{op}: {left} does not fit {right}")]
    Mismatch {
        /// Name of the op.
        op: &'static str,
        /// The left operand.
        left: Box<Named>,
        /// The right operand.
        right: Box<Named>,
    },
    /// An operand has a dtype that the op does not take.
    #[error("{op}: {operand}, expected {expected}")]
    WrongDType {
        /// Name of the op.
        op: &'static str,
        /// The operand.
        operand: Box<Named>,
        /// What the op takes.
        expected: &'static str,
    },
    /// An attribute of the op does not fit its operand.
    #[error("{op}: {operand}: {reason}")]
    BadAttribute {
        /// Name of the op.
        op: &'static str,
        /// The operand.
        operand: Box<Named>,
        /// What does not fit.
        reason: String,
    },
    /// Two leaves share a name, with different types.
    #[error("{first} is recorded again as {second}")]
    Duplicate {
        /// The first recording.
        first: Box<Named>,
        /// Type at the second.
        second: TensorType,
    },
    /// A tensor whose size in bytes is no number, or whose rows are no whole number of blocks.
    #[error("{0} has rows that are no whole number of blocks, or is too large")]
    BadSize(Box<Named>),
}
