//! The one table of op cases, and the harness that runs a case on any backend and compares it with the reference.

mod attention;
mod check;
mod data;
mod elementwise;
mod fused;
mod graphs;
mod matrix;
mod norm;
mod tokens;

use std::collections::BTreeMap;

use graph::{Activation, DType, Graph, GraphError, LeafKind, Value};

pub use check::{Report, check, nmse};
pub use data::{Rng, halves, quantized, reals, words};

/// Largest normalized mean squared error of arithmetic in f32 whose terms are all of one size.
const F32: f64 = 1e-11;

/// The same of matrix products whose activations are rounded to 16 bits for each 32 of them, as the CPU backend does. Of 32
/// normal numbers the largest is about 2.1, a step is 2.1 / 32639 of their size, and the mean square of rounding is a
/// twelfth of a step's: 3.4e-10. Cases of few results scatter around that.
const ROUNDED: f64 = 4e-9;

/// The same where the weights are plain numbers: activations are rounded to 15 bits, 1.4e-9, and weights to steps that make
/// 32 of them add up to 131,060, which of normal numbers is 3.2e-9.
const BOTH_ROUNDED: f64 = 2e-8;

/// A graph, what its leaves hold, and how near the reference its results must be.
#[derive(Clone, Debug)]
pub struct Case {
    /// `op/what is special`; unique.
    pub name: String,
    /// The recorded step.
    pub graph: Graph,
    /// Bytes of weights, and of states before the first run, by leaf.
    pub leaves: BTreeMap<String, Vec<u8>>,
    /// Bytes of the inputs of each run, by leaf. Runs follow each other on the same plan and states.
    pub runs: Vec<BTreeMap<String, Vec<u8>>>,
    /// Largest accepted normalized mean squared error of any f32 result. u32 results must be equal.
    pub threshold: f64,
    /// The same on the CPU backend, whose matrix products round their activations, and by packed products on a GPU.
    pub cpu_threshold: f64,
}

/// Every case.
///
/// # Panics
/// If a case records a graph that does not fit: a mistake in the table.
pub fn cases() -> Vec<Case> {
    let single = [matrix::cases(), elementwise::cases(), norm::cases(), attention::cases(), tokens::cases()].concat();
    [single, graphs::cases(), fused::cases()].concat()
}

/// Records a case and fills its leaves. Everything follows from the name, so a case never changes by what stands before it.
struct Build {
    name: String,
    graph: Graph,
    rng: Rng,
    leaves: BTreeMap<String, Vec<u8>>,
    runs: [BTreeMap<String, Vec<u8>>; 2],
    threshold: f64,
    cpu_threshold: Option<f64>,
}

impl Build {
    fn new(name: impl Into<String>) -> Build {
        let name = name.into();
        Build {
            rng: Rng::named(&name),
            name,
            graph: Graph::new(),
            leaves: BTreeMap::new(),
            runs: Default::default(),
            threshold: F32,
            cpu_threshold: None,
        }
    }

    fn cpu_threshold(mut self, threshold: f64) -> Build {
        self.cpu_threshold = Some(threshold);
        self
    }

    fn threshold(mut self, threshold: f64) -> Build {
        self.threshold = threshold;
        self
    }

    /// A weight of any dtype, random.
    fn weight<const N: usize>(&mut self, name: &str, dtype: DType, shape: [usize; N]) -> Value {
        let value = self.graph.leaf(LeafKind::Weight, name, dtype, shape);
        self.leaves.insert(name.into(), quantized(&mut self.rng, dtype, shape.iter().product()));
        value
    }

    /// An f32 weight near 1.
    fn gain(&mut self, name: &str, len: usize) -> Value {
        let value = self.graph.leaf(LeafKind::Weight, name, DType::F32, [len]);
        let data: Vec<f32> = (0..len).map(|_| 1.0 + 0.3 * self.rng.normal()).collect();
        self.leaves.insert(name.into(), reals(&data));
        value
    }

    /// A cache of normal numbers.
    fn cache(&mut self, name: &str, shape: [usize; 2]) -> Value {
        let value = self.graph.leaf(LeafKind::State, name, DType::F16, shape);
        let data = self.normal(shape[0] * shape[1], 1.0);
        self.leaves.insert(name.into(), halves(&data));
        value
    }

    /// A state of ids, one a row.
    fn history(&mut self, name: &str, ids: &[u32]) -> Value {
        let value = self.graph.leaf(LeafKind::State, name, DType::U32, [ids.len(), 1]);
        self.leaves.insert(name.into(), words(ids));
        value
    }

    /// An f32 input of normal numbers, others in each run.
    fn input(&mut self, name: &str, shape: [usize; 2]) -> Value {
        self.scaled_input(name, shape, 1.0)
    }

    fn scaled_input(&mut self, name: &str, shape: [usize; 2], scale: f32) -> Value {
        let runs = [(); 2].map(|()| self.normal(shape[0] * shape[1], scale));
        self.real_input(name, shape, runs)
    }

    /// An f32 input with the given numbers in each run.
    fn real_input(&mut self, name: &str, shape: [usize; 2], runs: [Vec<f32>; 2]) -> Value {
        let value = self.graph.leaf(LeafKind::Input, name, DType::F32, shape);
        for (run, data) in self.runs.iter_mut().zip(runs) {
            run.insert(name.into(), reals(&data));
        }
        value
    }

    /// A u32 input with the given words in each run.
    fn index<const N: usize>(&mut self, name: &str, shape: [usize; N], runs: [Vec<u32>; 2]) -> Value {
        let value = self.graph.leaf(LeafKind::Input, name, DType::U32, shape);
        for (run, data) in self.runs.iter_mut().zip(runs) {
            run.insert(name.into(), words(&data));
        }
        value
    }

    /// u32 `[n]` with the given words in each run.
    fn list(&mut self, name: &str, runs: [Vec<u32>; 2]) -> Value {
        self.index(name, [runs[0].len()], runs)
    }

    fn normal(&mut self, len: usize, scale: f32) -> Vec<f32> {
        (0..len).map(|_| scale * self.rng.normal()).collect()
    }

    /// The case whose one output is `value`.
    fn output(mut self, value: Value) -> Case {
        self.graph.output("out", value);
        self.finish()
    }

    fn finish(self) -> Case {
        let graph = self.graph.finish();
        Case {
            graph: graph.unwrap_or_else(|error: GraphError| panic!("{}: {error}", self.name)),
            name: self.name,
            leaves: self.leaves,
            runs: self.runs.into(),
            threshold: self.threshold,
            cpu_threshold: self.cpu_threshold.unwrap_or(self.threshold),
        }
    }
}

/// Every activation function.
pub const ACTIVATIONS: [Activation; 5] =
    [Activation::Gelu, Activation::GeluTanh, Activation::Silu, Activation::Relu, Activation::Tanh];
