//! The engine: opens a model's files, and embeds, classifies and generates on whichever backend it is given.
//!
//! Plain data goes in and comes out. Bytes come from `weights::ByteSource`, time and pauses from a [`Host`], and progress
//! goes to a [`Sink`]; the engine itself touches no file, no clock and no browser.

mod answer;
mod constraint;
mod draw;
mod encode;
mod error;
mod generate;
mod host;
mod load;
mod lookup;
mod pace;
mod prefill;
mod prompt;
mod random;
mod runtime;
mod score;
mod self_test;
mod tune;
mod types;
mod vocabulary;
mod writer;

pub use constraint::{Constraint, Grammar};
pub use error::EngineError;
pub use host::{Event, Host, Sink};
pub use random::{LayerTypes, RandomDecoder, random_blocks};
pub use text::{Message, Normalized};
pub use types::{
    CallOptions, Continuation, Counters, EmbedOptions, Embeddings, Finish, FinishReason, GenerateOptions, LoadOptions,
    Memory, ModelInfo, Priority, Prompt, Score,
};
pub use weights::{ByteSource, File, SourceError};

pub use graph::{Backend, BackendError};
pub use models::{Head, Step};

use pace::Pace;
use prompt::Prompts;
use runtime::Runtime;

/// Where a model runs.
pub struct Device {
    /// Does the work.
    pub backend: Box<dyn Backend>,
    /// Computes a few steps of a tiny model too, before anything is loaded. A device that disagrees goes on with plainer
    /// kernels that agree; one that has none is refused with [`EngineError::WrongResults`]. `None` trusts the device.
    pub reference: Option<Box<dyn Backend>>,
}

impl From<Box<dyn Backend>> for Device {
    fn from(backend: Box<dyn Backend>) -> Device {
        Device { backend, reference: None }
    }
}

/// A loaded model on a backend. Dropping it returns its memory.
pub struct Engine {
    runtime: Runtime,
    prompts: Prompts,
    host: Box<dyn Host>,
    info: ModelInfo,
    pace: Pace,
    /// The vocabulary, ready for grammars, once one was asked for.
    grammars: Option<text::Grammars>,
    /// Ids whose keys and values are in the cache, from position 0.
    cached: Vec<u32>,
}

impl Engine {
    /// What was loaded, and where it runs.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Bytes held now.
    pub fn memory(&self) -> Memory {
        let graph::Memory { host, device } = self.runtime.backend.memory();
        Memory { host, device, weights: self.info.weight_bytes, cache: self.runtime.cache_bytes }
    }

    /// Work done by the backend so far.
    pub fn counters(&self) -> Counters {
        self.runtime.backend.counters().into()
    }

    /// Token ids of a text, with the special tokens that the model's files ask for.
    pub fn tokenize(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.prompts.encode(text)
    }

    /// Texts with spelling tricks undone, and where each part of them comes from. Words are looked up in the model's
    /// vocabulary and in `words`, which hidden spellings are tried on first.
    pub fn normalize(&self, texts: &[String], words: &[String]) -> Vec<Normalized> {
        self.prompts.normalize(texts, words)
    }

    /// Ids whose keys and values are in the cache, from position 0.
    pub fn cached(&self) -> &[u32] {
        &self.cached
    }

    /// The recording of a step, as text.
    pub fn dump(&self, step: &Step) -> Result<String, EngineError> {
        let mut graph = graph::Graph::new();
        self.runtime.model.record(&mut graph, step);
        Ok(graph.finish()?.to_string())
    }
}
