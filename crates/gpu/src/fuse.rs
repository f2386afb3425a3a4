//! What a plan launches: the ops of a graph lowered to stages, neighbours fused. Plain data, no GPU.
//!
//! Every op starts as a stage of its own. Each pass (`fuse/*.rs`) looks for one pattern and folds its ops into one stage; what
//! no pass knows stays as it was recorded.

mod attention;
mod dump;
mod gather;
mod linear;
mod norm;
mod vectors;

use std::collections::BTreeMap;

use graph::{Activation, Graph, LeafKind, Node, Op, Value};

use crate::{Limits, Tier, tensor::split};

pub use attention::{Heads, MERGED};
pub use vectors::Vectors;

/// Vectors of the input of a linear stage, of all tokens of a tile of a few: what fits the memory of a workgroup beside its sums.
pub const STAGED: usize = 936;
/// Elements of the unit that a format dequantizes at once.
pub const UNIT: usize = 32;

/// Vectors that a token of so many columns takes there, in lines of an odd number of units.
pub fn staged(columns: usize) -> usize {
    UNIT / 4 * ((columns / UNIT) | 1)
}

/// The stages of a graph, in the order in which they run.
pub struct Program {
    /// What is launched.
    pub stages: Vec<Stage>,
    /// Values that lie in the columns of another.
    pub views: BTreeMap<Value, View>,
    /// Norms, biases and rope tables that fused stages read.
    pub vectors: Vectors,
}

/// One launch, or one a piece of its weight.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// One op by the kernel of its name.
    Op(Value),
    /// Rows of a table times a factor. The result is that of the scaling.
    Gather {
        /// The scaled rows.
        result: Value,
        /// The rows as they are.
        rows: Value,
    },
    /// Linear layers with what comes before and after them.
    Linear(Linear),
    /// Attention of one token with what comes before it. The result is that of the attention.
    Attention(Heads),
    /// What comes before the attention of several tokens. The result is the query.
    Heads(Heads),
}

/// One or several linear layers over one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// What is stored: `[tokens, rows of all parts]`, or of one part if the output is gated. It also says when it runs.
    pub result: Value,
    /// What is multiplied.
    pub input: Input,
    /// By what, at most three.
    pub parts: Vec<Part>,
    /// What becomes of the products.
    pub output: Output,
}

/// A linear op of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Weight `[out, in]`.
    pub weight: Value,
    /// Bias `[out]`, a weight or a constant.
    pub bias: Option<Value>,
}

/// The input of a linear stage. Ops are named by their values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// A value.
    Plain(Value),
    /// The root-mean-square norm that is named.
    RmsNorm(Value),
    /// `norm`, a root-mean-square norm of `sum`, which adds the result of the norm `inner`. `sum` is stored for later.
    RmsSum {
        /// The norm of the sum.
        norm: Value,
        /// The sum.
        sum: Value,
        /// What is added to.
        left: Value,
        /// The norm whose result is added.
        inner: Value,
    },
    /// The layer norm that is named, which is stored for later.
    LayerNorm(Value),
    /// Attention of one token in shares, which are merged.
    Splits {
        /// Its result.
        value: Value,
        /// Query heads.
        heads: usize,
        /// Shares.
        splits: usize,
    },
}

/// What becomes of the products of a linear stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output {
    /// They are stored, those of one part beside those of the next.
    Plain,
    /// A value is added: a row for each token, or one row.
    Add(Value),
    /// An activation function of the product times `before`, times `after`: a soft cap scales both ways.
    Activate {
        /// Which function.
        function: Activation,
        /// Factor of what it is of.
        before: f32,
        /// Factor of its result.
        after: f32,
    },
    /// The activation function of the first part times the second part.
    Gated(Activation),
}

/// Columns of another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The value that is stored.
    pub root: Value,
    /// First column.
    pub first: usize,
    /// Columns of the root.
    pub stride: usize,
}

impl Program {
    /// Lowers a graph and runs every pass of the tier.
    pub fn of(graph: &Graph, limits: &Limits) -> Program {
        let mut draft = Draft::new(graph, limits);
        linear::gates(&mut draft);
        linear::outputs(&mut draft);
        attention::causal(&mut draft);
        attention::packed(&mut draft);
        // Workgroups of a few invocations would compute each norm many times.
        if limits.tier >= Tier::Fused {
            norm::inputs(&mut draft);
            attention::splits(&mut draft);
        }
        gather::scaled(&mut draft);
        let stages: Vec<Stage> = draft.stages.into_values().collect();
        let vectors = Vectors::of(graph, &stages);
        let program = Program { stages, views: draft.views, vectors };
        debug_assert_eq!(program.unordered(graph), None, "a stage reads what a later one computes");
        program
    }

    /// The value in whose buffer a value is: a state for an append, the root for a view.
    pub fn root(&self, graph: &Graph, value: Value) -> Value {
        let value = graph.storage(value);
        self.views.get(&value).map_or(value, |view| view.root)
    }

    /// Where a value's columns are.
    pub fn view(&self, graph: &Graph, value: Value) -> View {
        let whole = View { root: value, first: 0, stride: graph.ty(value).shape.columns() };
        self.views.get(&value).copied().unwrap_or(whole)
    }

    /// The first stage that reads a value before it is computed, if the passes made a mistake.
    pub fn unordered(&self, graph: &Graph) -> Option<&Stage> {
        let mut known = std::collections::BTreeSet::new();
        self.stages.iter().find(|stage| {
            let missing = |value: &Value| {
                let root = self.root(graph, *value);
                matches!(graph.node(root), Node::Op(_)) && !known.contains(&root)
            };
            let early = stage.reads(graph).iter().any(missing);
            known.extend(stage.writes(graph).into_iter().map(|(value, _)| value));
            early
        })
    }
}

impl Stage {
    /// The value it is named by; stages run in the order of these.
    pub fn result(&self) -> Value {
        match self {
            Stage::Op(value) => *value,
            Stage::Gather { result, .. } => *result,
            Stage::Linear(linear) => linear.result,
            Stage::Attention(heads) | Stage::Heads(heads) => heads.result,
        }
    }

    /// Values whose buffers it reads.
    pub fn reads(&self, graph: &Graph) -> Vec<Value> {
        match self {
            Stage::Op(value) | Stage::Gather { rows: value, .. } => {
                op(graph, *value).map(Op::inputs).unwrap_or_default()
            }
            Stage::Linear(linear) => {
                let mut reads = linear.input.reads(graph);
                reads.extend(linear.parts.iter().map(|part| part.weight));
                if let Output::Add(other) = linear.output {
                    reads.push(other);
                }
                reads
            }
            Stage::Attention(heads) | Stage::Heads(heads) => {
                let [key, value] = heads.appends.map(|append| graph.storage(append));
                vec![heads.input, key, value, heads.positions]
            }
        }
    }

    /// Values whose buffers it fills, with their bytes. An append fills none of its own.
    pub fn writes(&self, graph: &Graph) -> Vec<(Value, u64)> {
        let bytes = |value: Value| (value, graph.ty(value).bytes().unwrap_or(0));
        match self {
            Stage::Op(value) if matches!(op(graph, *value), Some(Op::Append { .. })) => Vec::new(),
            Stage::Op(value) | Stage::Gather { result: value, .. } => vec![bytes(*value)],
            Stage::Linear(linear) => {
                let rows = graph.ty(linear.result).shape.rows() as u64;
                let result = (linear.result, 4 * rows * linear.columns(graph) as u64);
                match linear.input {
                    Input::RmsSum { sum, .. } => vec![result, bytes(sum)],
                    Input::LayerNorm(norm) => vec![result, bytes(norm)],
                    _ => vec![result],
                }
            }
            Stage::Attention(heads) if heads.splits > 1 => vec![(heads.result, heads.bytes_of_splits(graph))],
            Stage::Attention(heads) | Stage::Heads(heads) => vec![bytes(heads.result)],
        }
    }
}

impl Linear {
    /// Columns of a row of its result.
    pub fn columns(&self, graph: &Graph) -> usize {
        let rows = |part: &Part| graph.ty(part.weight).shape.rows();
        match self.output {
            Output::Gated(_) => rows(&self.parts[0]),
            _ => self.parts.iter().map(rows).sum(),
        }
    }
}

impl Input {
    /// The value that is read first, and the norm's operand.
    pub fn value(&self, graph: &Graph) -> Value {
        match *self {
            Input::Plain(value) | Input::Splits { value, .. } => value,
            Input::RmsNorm(norm) | Input::LayerNorm(norm) => operand(graph, norm),
            Input::RmsSum { left, .. } => left,
        }
    }

    fn reads(&self, graph: &Graph) -> Vec<Value> {
        match *self {
            Input::RmsSum { inner, .. } => vec![self.value(graph), operand(graph, inner)],
            _ => vec![self.value(graph)],
        }
    }
}

/// The op that computes a value.
pub(crate) fn op(graph: &Graph, value: Value) -> Option<&Op> {
    match graph.node(value) {
        Node::Op(op) => Some(op),
        Node::Leaf(_) => None,
    }
}

/// The first operand of an op.
pub(crate) fn operand(graph: &Graph, value: Value) -> Value {
    op(graph, value).and_then(|op| op.inputs().first().copied()).unwrap_or(value)
}

/// A graph on its way to a program.
struct Draft<'a> {
    graph: &'a Graph,
    limits: &'a Limits,
    /// By [`Stage::result`].
    stages: BTreeMap<Value, Stage>,
    views: BTreeMap<Value, View>,
    /// The stage that an op is in, by the values of both.
    home: BTreeMap<Value, Value>,
    /// Values of the ops that read a value.
    readers: BTreeMap<Value, Vec<Value>>,
}

impl<'a> Draft<'a> {
    /// Every op as a stage of its own.
    fn new(graph: &'a Graph, limits: &'a Limits) -> Draft<'a> {
        let (stages, views, home, readers) = Default::default();
        let mut draft = Draft { graph, limits, stages, views, home, readers };
        for (value, op, _) in graph.ops() {
            draft.home.insert(value, value);
            let stage = linear::stage(&draft, value, op).map_or(Stage::Op(value), Stage::Linear);
            draft.stages.insert(value, stage);
            for input in op.inputs() {
                draft.readers.entry(input).or_default().push(value);
            }
        }
        draft
    }

    /// The only op that reads a value, unless the value leaves the graph.
    fn only_reader(&self, value: Value) -> Option<Value> {
        match self.readers.get(&value)?.as_slice() {
            [reader] if !self.is_output(value) => Some(*reader),
            _ => None,
        }
    }

    fn is_output(&self, value: Value) -> bool {
        self.graph.outputs().iter().any(|output| output.value == value)
    }

    /// The op that computes a value, if no pass has folded it into another stage.
    fn alone(&self, value: Value) -> Option<&'a Op> {
        matches!(self.stages.get(&value), Some(Stage::Op(_))).then(|| op(self.graph, value)).flatten()
    }

    /// A linear stage of one layer and nothing else.
    fn plain(&self, value: Value) -> Option<(Value, Part)> {
        match self.stages.get(&value)? {
            Stage::Linear(Linear { input: Input::Plain(input), parts, output: Output::Plain, .. }) => {
                match parts.as_slice() {
                    [part] => Some((*input, *part)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Puts a stage in the place of those that compute the given values.
    fn fold(&mut self, values: &[Value], stage: Stage) {
        let result = stage.result();
        for value in values {
            self.stages.remove(value);
        }
        for home in self.home.values_mut().filter(|home| values.contains(home)) {
            *home = result;
        }
        self.stages.insert(result, stage);
    }

    fn rows(&self, value: Value) -> usize {
        self.graph.ty(value).shape.rows()
    }

    fn columns(&self, value: Value) -> usize {
        self.graph.ty(value).shape.columns()
    }

    /// A vector that is known when the plan is made.
    fn is_vector(&self, value: Value) -> bool {
        match self.graph.node(value) {
            Node::Leaf(leaf) => matches!(leaf.kind, LeafKind::Weight | LeafKind::Constant(_)),
            Node::Op(_) => false,
        }
    }

    /// Whether several linear layers of one input may be one stage. A kernel of theirs holds the code of each, which `quads` has
    /// written out: three of it compile eight times as long as one.
    fn joins(&self, value: Value) -> bool {
        match self.limits.tier {
            Tier::Plain => false,
            Tier::Quads => self.rows(value) == 1,
            Tier::Fused | Tier::Subgroups => true,
        }
    }

    /// A tensor in one piece.
    fn is_whole(&self, value: Value) -> bool {
        split(self.graph.ty(value), self.limits).is_ok_and(|parts| parts.len() == 1)
    }

    /// Layers of one input beside each other: their result fits a binding.
    fn fits(&self, tokens: usize, columns: usize) -> bool {
        (4 * tokens * columns) as u64 <= self.limits.max_binding
    }
}
