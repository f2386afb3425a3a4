//! What can go wrong in the engine, each with one of a closed list of codes.

use graph::{BackendError, GraphError};
use models::ModelError;
use text::TextError;
use weights::WeightsError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The files.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// What the files describe.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A tokenizer or a chat template.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A recording that does not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The device.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The device computes something else than the CPU.
    #[error(
        "this device computes wrong results ({step} is off by {error:.1e}): its driver or our kernels have a fault"
    )]
    WrongResults {
        /// What was tried.
        step: &'static str,
        /// Normalized mean squared error.
        error: f64,
    },
    /// More tokens than the context holds.
    #[error("{requested} tokens do not fit the context of {limit}")]
    ContextOverflow {
        /// Tokens that fit.
        limit: usize,
        /// Tokens that were asked for.
        requested: usize,
    },
    /// A call that this model does not answer.
    #[error("{call} needs another model: this one is for {task}")]
    WrongTask {
        /// The call.
        call: &'static str,
        /// What the model is for.
        task: &'static str,
    },
    /// The model's files lack something that the call needs.
    #[error("the model has no {0}")]
    Missing(&'static str),
    /// An argument that makes no sense.
    #[error("{0}")]
    BadInput(String),
    /// The sink asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl EngineError {
    /// The code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            EngineError::Weights(error) => match error {
                WeightsError::NoWeights { .. } => "MODEL_NOT_FOUND",
                WeightsError::UnsupportedDType { .. } | WeightsError::SplitGguf { .. } => "UNSUPPORTED_MODEL",
                _ => "BAD_MODEL",
            },
            EngineError::Model(ModelError::Weights(_)) => "BAD_MODEL",
            EngineError::Model(error) if error.is_unsupported() => "UNSUPPORTED_MODEL",
            EngineError::Text(TextError::Grammar { .. }) => "UNSUPPORTED_CONSTRAINT",
            EngineError::Text(TextError::EmptyGrammar { .. }) => "IMPOSSIBLE_CONSTRAINT",
            EngineError::Text(
                TextError::Encode { .. }
                | TextError::TemplateRefused { .. }
                | TextError::TemplateFailed { .. }
                | TextError::TemplateBudget { .. },
            ) => "BAD_INPUT",
            EngineError::Model(_) | EngineError::Graph(_) | EngineError::Text(_) => "BAD_MODEL",
            EngineError::Backend(error) => match error {
                BackendError::Unavailable(_) => "WEBGPU_UNAVAILABLE",
                BackendError::DeviceLost(_) => "DEVICE_LOST",
                BackendError::OutOfMemory { .. } => "OUT_OF_MEMORY",
                BackendError::Unsupported { .. } => "UNSUPPORTED_MODEL",
                BackendError::Unbound { .. } | BackendError::BadBuffer(_) | BackendError::Validation(_) => "INTERNAL",
            },
            EngineError::WrongResults { .. } => "WRONG_RESULTS",
            EngineError::ContextOverflow { .. } => "CONTEXT_OVERFLOW",
            EngineError::WrongTask { .. } | EngineError::Missing(_) | EngineError::BadInput(_) => "BAD_INPUT",
            EngineError::Cancelled => "ABORTED",
        }
    }
}
