//! The seam between the engine and what computes: handles only, object-safe.
//!
//! `prepare` is async and happens once a plan, `run` is synchronous and ordered, `read` begins at once and is the one await
//! of a step: the honest shape of WebGPU.

use std::{collections::BTreeMap, future::Future, pin::Pin};

use crate::{Graph, TensorType};

/// A future of a backend. Not `Send`: a browser has one thread a context.
pub type Task<'a, T> = Pin<Box<dyn Future<Output = Result<T, BackendError>> + 'a>>;

/// A task that is done already.
pub fn ready<'a, T: 'a>(result: Result<T, BackendError>) -> Task<'a, T> {
    Box::pin(std::future::ready(result))
}

/// A buffer of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub u32);

/// A prepared graph of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlanId(pub u32);

/// Buffers by the names of leaves and outputs.
pub type Buffers = BTreeMap<String, BufferId>;

/// Bytes held, by where they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// In this process (in a browser: the wasm heap).
    pub host: u64,
    /// On the device; 0 for a CPU backend.
    pub device: u64,
}

/// What a backend has done since it was made. Tests assert counts, never seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Kernel launches.
    pub dispatches: u64,
    /// Command buffers submitted.
    pub submits: u64,
    /// Waits for the device.
    pub reads: u64,
    /// Bytes read back.
    pub bytes_read: u64,
    /// GPU objects created (buffers, pipelines, bind groups, textures); command buffers excluded.
    pub objects: u64,
    /// Bytes of weights that launches were bound to and read whole, once a launch, as they lie on the device; 0 for a CPU
    /// backend. Tables that are looked up are left out.
    pub weight_bytes: u64,
}

/// What a backend says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `"wasm"` or `"webgpu"`: the words that JavaScript uses.
    pub device: &'static str,
    /// Adapter or instruction set, for people.
    pub name: String,
    /// Further facts by name.
    pub details: BTreeMap<&'static str, String>,
}

/// Something that a backend does in one of several ways, with the same results but for rounding: a measurement may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is chosen: a word without spaces and `=`.
    pub name: String,
    /// The ways, by such words; the first is how it is done now.
    pub options: Vec<String>,
}

/// What went wrong in a backend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// No adapter or device could be had.
    #[error("no GPU adapter: {0}")]
    Unavailable(String),
    /// The device went away. Nothing of it can be used any more.
    #[error("the GPU device was lost: {0}")]
    DeviceLost(String),
    /// Not enough memory.
    #[error("out of memory: {bytes} bytes for {what}")]
    OutOfMemory {
        /// Bytes asked for.
        bytes: u64,
        /// What for.
        what: String,
    },
    /// A leaf or output of a graph has no buffer, or one of another type.
    #[error("{name}: expected a buffer of {expected}, found {found}")]
    Unbound {
        /// Name of the leaf or output.
        name: String,
        /// Type in the graph.
        expected: TensorType,
        /// What was bound.
        found: String,
    },
    /// An access past the end of a buffer, or through a handle that was freed.
    #[error("buffer {0:?} was freed, or the access is outside of it")]
    BadBuffer(BufferId),
    /// The device cannot run this op with these shapes.
    #[error("{op} cannot run on this device: {reason}")]
    Unsupported {
        /// Name of the op.
        op: String,
        /// Why.
        reason: String,
    },
    /// The device rejected a command; a mistake of ours.
    #[error("the GPU rejected a command: {0}")]
    Validation(String),
}

/// A device that holds buffers and runs plans.
///
/// A buffer is written before it is run, runs happen in the order of the calls, and a read sees all runs before it.
pub trait Backend {
    /// What it is.
    fn facts(&self) -> Facts;

    /// Goes over to a plainer set of kernels for all that is prepared from now on; `false` where there is none.
    fn step_down(&mut self) -> bool {
        false
    }

    /// What a plan could do in other ways; by default nothing.
    fn choices(&self, _plan: PlanId) -> Vec<Choice> {
        Vec::new()
    }

    /// Takes an option of a choice for all that is prepared from now on; `false` where there is none of that name.
    fn choose(&mut self, _choice: &str, _option: &str) -> bool {
        false
    }

    /// A buffer for a tensor, zeroed. The backend may store weights in another layout or in several pieces.
    fn alloc(&mut self, ty: &TensorType) -> Result<BufferId, BackendError>;

    /// Writes bytes in the layout of the dtype at a byte offset. A tensor may be written in pieces of any size, in order.
    fn write(&mut self, dst: BufferId, offset: u64, bytes: &[u8]) -> Result<(), BackendError>;

    /// Returns the memory of a buffer. Plans that use it must not run any more.
    fn free(&mut self, buffer: BufferId);

    /// Compiles what the plans of these graphs need, all of it at the same time where that can be, so that preparing them one
    /// after the other waits for less. By default there is nothing to compile.
    fn compile<'a>(&'a mut self, _graphs: &'a [Graph]) -> Task<'a, ()> {
        ready(Ok(()))
    }

    /// Plans memory, chooses kernels and binds buffers to every leaf and output of the graph, once.
    fn prepare<'a>(&'a mut self, graph: &'a Graph, buffers: &'a Buffers) -> Task<'a, PlanId>;

    /// Returns what a plan holds.
    fn release(&mut self, plan: PlanId);

    /// Queues one run of a plan. One submit; does not wait.
    fn run(&mut self, plan: PlanId) -> Result<(), BackendError>;

    /// So many bytes of an f32 or u32 buffer from a byte offset, as they are after all runs so far. The read has begun when this
    /// returns: the task waits for it and no more, other calls may come before it ends, and later runs change nothing about
    /// what it gives. Dropping the task gives the read up.
    fn read(&mut self, src: BufferId, offset: u64, bytes: usize) -> Task<'static, Vec<u8>>;

    /// Bytes held now.
    fn memory(&self) -> Memory;

    /// Work done so far.
    fn counters(&self) -> Counters;
}
