//! What can be wrong with a model's files.

use graph::{GraphError, TensorType};
use weights::WeightsError;

/// A model that cannot be opened or recorded. Messages name the key or the tensor as the file spells it.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The files say nothing of what the model is.
    #[error("the model has no {0}")]
    MissingKey(String),
    /// A value that no model of the family can have.
    #[error("{key} is {found}, expected {expected}")]
    BadKey {
        /// Name in GGUF metadata or in the JSON file.
        key: String,
        /// What the file says.
        found: String,
        /// What would do.
        expected: String,
    },
    /// A tensor that the family needs is absent.
    #[error("the model has no tensor {0}")]
    MissingTensor(String),
    /// A tensor whose dtype or shape contradicts the configuration.
    #[error("tensor {name} is {found}, expected {expected}")]
    BadTensor {
        /// Name in the checkpoint.
        name: String,
        /// What the checkpoint holds.
        found: TensorType,
        /// What the configuration implies.
        expected: String,
    },
    /// A family, or a variant of one, that Rushlight does not run.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The files themselves.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A recording that does not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl ModelError {
    /// Whether the model is sound but of a kind that Rushlight does not run.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, ModelError::Unsupported(_))
    }
}
