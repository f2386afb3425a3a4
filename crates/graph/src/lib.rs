//! The vocabulary of Rushlight: dtypes, shapes, the list of ops, the graph a model records and the seam a backend
//! implements. Depends on nothing of ours.
//!
//! ```
//! use graph::{DType, Graph, LeafKind, Op};
//!
//! let mut graph = Graph::new();
//! let x = graph.leaf(LeafKind::Input, "x", DType::F32, [4, 8]);
//! let w = graph.leaf(LeafKind::Weight, "w", DType::Q8_0, [16, 32]);
//! let y = graph.linear(x, w, None); // 8 columns against 32: kept as the graph's error
//! graph.output("y", y);
//! assert!(graph.finish().unwrap_err().to_string().contains("linear"));
//! ```

mod backend;
mod dtype;
mod dump;
mod error;
mod op;
mod recorder;
mod rules;
mod shape;

pub use backend::{Backend, BackendError, BufferId, Buffers, Choice, Counters, Facts, Memory, PlanId, Task, ready};
pub use dtype::DType;
pub use error::{GraphError, Named};
pub use op::{Activation, EXCLUDED, Mask, Op, PADDING, Penalties, RopePairs, SampleParams};
pub use recorder::{Graph, Leaf, LeafKind, Node, Output, Value};
pub use shape::{Shape, TensorType};
