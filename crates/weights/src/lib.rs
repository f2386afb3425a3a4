//! Bytes to named tensors: GGUF and safetensors checkpoints behind one face.
//!
//! A [`Checkpoint`] is opened over [`File`]s whose bytes come from a [`ByteSource`]; only headers are read then, and
//! tensor data is streamed by the caller in chunks of its own size. The parsers trust no length, count or offset that
//! a file states: hostile files give a [`WeightsError`] and allocate no more than about the bytes really present.
//!
//! ```
//! use weights::{Checkpoint, File, WeightsError};
//!
//! let file = File { name: "model.gguf".into(), source: Box::new(b"GGUF".to_vec()) };
//! assert!(matches!(Checkpoint::open(vec![file]), Err(WeightsError::Truncated { offset: 4, .. })));
//! ```

mod checkpoint;
mod error;
mod gguf;
mod metadata;
mod ranges;
mod reader;
mod safetensors;
mod source;
#[cfg(test)]
mod testing;

pub use checkpoint::{Checkpoint, Format, Tensor};
pub use error::WeightsError;
pub use metadata::{MetaValue, Metadata, Numbers, Strings};
pub use source::{ByteSource, File, SourceError};
