//! Recording: a model calls one method an op and gets values back. Nothing fails midway; the first mistake is kept, with
//! op, types and weight names, and reported by [`Graph::finish`].

use std::collections::BTreeMap;

use crate::error::Named;
use crate::{Activation, DType, GraphError, Mask, Op, RopePairs, Shape, TensorType, rules};

/// A tensor of a graph: a leaf or the result of a node. Cheap to copy, meaningful only in the graph that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub(crate) u32);

impl Value {
    /// Index into [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a leaf stands for; who fills its buffer and when.
#[derive(Clone, Debug, PartialEq)]
pub enum LeafKind {
    /// Filled once, before a plan that takes it is prepared: a backend may keep it in a form of its own from then on.
    Weight,
    /// Written before each run.
    Input,
    /// Kept by the backend from run to run: a KV cache.
    State,
    /// Known while recording; the backend keeps a copy. f32.
    Constant(Vec<f32>),
}

/// A named tensor that comes from outside the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Unique in the graph; the key of [`crate::Buffers`]. Constants are not looked up.
    pub name: String,
    /// What it stands for.
    pub kind: LeafKind,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// From outside.
    Leaf(Leaf),
    /// Computed.
    Op(Op),
}

/// A value that leaves the graph, in the buffer bound to `name`.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Key of [`crate::Buffers`].
    pub name: String,
    /// The value.
    pub value: Value,
}

/// A recorded step: plain data, in the order in which it runs.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<(Node, TensorType)>,
    outputs: Vec<Output>,
    names: BTreeMap<String, Value>,
    error: Option<GraphError>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Graph::default()
    }

    /// Nodes with the types of their results; `Value::index` points into it.
    pub fn nodes(&self) -> &[(Node, TensorType)] {
        &self.nodes
    }

    /// The values that leave the graph.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Type of a value.
    pub fn ty(&self, value: Value) -> &TensorType {
        &self.nodes[value.index()].1
    }

    /// The node that makes a value.
    pub fn node(&self, value: Value) -> &Node {
        &self.nodes[value.index()].0
    }

    /// All leaves with their values and types.
    pub fn leaves(&self) -> impl Iterator<Item = (Value, &Leaf, &TensorType)> {
        self.nodes.iter().enumerate().filter_map(|(index, (node, ty))| match node {
            Node::Leaf(leaf) => Some((Value(index as u32), leaf, ty)),
            Node::Op(_) => None,
        })
    }

    /// All ops with their values and result types, in order.
    pub fn ops(&self) -> impl Iterator<Item = (Value, &Op, &TensorType)> {
        self.nodes.iter().enumerate().filter_map(|(index, (node, ty))| match node {
            Node::Op(op) => Some((Value(index as u32), op, ty)),
            Node::Leaf(_) => None,
        })
    }

    /// The value whose storage `value` shares: an appended cache is its state leaf. Itself for all others.
    pub fn storage(&self, value: Value) -> Value {
        match self.node(value) {
            Node::Op(Op::Append { cache, .. }) => self.storage(*cache),
            _ => value,
        }
    }

    /// A name for messages and dumps: the leaf's own, or `%index`.
    pub fn name(&self, value: Value) -> String {
        match self.node(value) {
            Node::Leaf(leaf) => leaf.name.clone(),
            Node::Op(_) => format!("%{}", value.0),
        }
    }

    /// A leaf. Recording the same name again with the same type gives the same value.
    pub fn leaf(&mut self, kind: LeafKind, name: &str, dtype: DType, shape: impl Into<Shape>) -> Value {
        let ty = TensorType::new(dtype, shape);
        if let Some(&known) = self.names.get(name) {
            let first = self.ty(known).clone();
            if first != ty {
                let first = Box::new(Named { name: name.into(), ty: first });
                self.fail(GraphError::Duplicate { first, second: ty });
            }
            return known;
        }
        if ty.bytes().is_none() {
            self.fail(GraphError::BadSize(Box::new(Named { name: name.into(), ty: ty.clone() })));
        }
        let value = self.push(Node::Leaf(Leaf { name: name.into(), kind }), ty);
        self.names.insert(name.into(), value);
        value
    }

    /// A constant f32 vector.
    pub fn constant(&mut self, name: &str, data: Vec<f32>) -> Value {
        let len = data.len();
        self.leaf(LeafKind::Constant(data), name, DType::F32, [len])
    }

    /// Names a value that leaves the graph.
    pub fn output(&mut self, name: &str, value: Value) {
        self.outputs.push(Output { name: name.into(), value });
    }

    /// Records any op. The named methods below are the same with fewer letters.
    pub fn record(&mut self, op: Op) -> Value {
        let ty = match rules::result(self, &op) {
            Ok(ty) => ty,
            Err(error) => {
                self.fail(error);
                // Any type will do: nothing after the first mistake is reported.
                self.ty(op.inputs()[0]).clone()
            }
        };
        self.push(Node::Op(op), ty)
    }

    /// The finished graph, or the first mistake made.
    pub fn finish(self) -> Result<Graph, GraphError> {
        match self.error {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }

    /// [`Op::Gather`].
    pub fn gather(&mut self, table: Value, index: Value) -> Value {
        self.record(Op::Gather { table, index })
    }

    /// [`Op::Linear`].
    pub fn linear(&mut self, input: Value, weight: Value, bias: Option<Value>) -> Value {
        self.record(Op::Linear { input, weight, bias })
    }

    /// [`Op::Add`].
    pub fn add(&mut self, left: Value, right: Value) -> Value {
        self.record(Op::Add { left, right })
    }

    /// [`Op::Mul`].
    pub fn mul(&mut self, left: Value, right: Value) -> Value {
        self.record(Op::Mul { left, right })
    }

    /// [`Op::Scale`].
    pub fn scale(&mut self, input: Value, factor: f32) -> Value {
        self.record(Op::Scale { input, factor })
    }

    /// [`Op::Activate`].
    pub fn activate(&mut self, input: Value, function: Activation) -> Value {
        self.record(Op::Activate { input, function })
    }

    /// [`Op::RmsNorm`].
    pub fn rms_norm(&mut self, input: Value, weight: Value, epsilon: f32, offset: f32) -> Value {
        self.record(Op::RmsNorm { input, weight, epsilon, offset })
    }

    /// [`Op::LayerNorm`].
    pub fn layer_norm(&mut self, input: Value, weight: Value, bias: Value, epsilon: f32) -> Value {
        self.record(Op::LayerNorm { input, weight, bias, epsilon })
    }

    /// [`Op::Rope`], without factors or scaling.
    pub fn rope(&mut self, input: Value, positions: Value, head_dim: usize, base: f32, pairs: RopePairs) -> Value {
        self.record(Op::Rope { input, positions, factors: None, head_dim, base, position_scale: 1.0, pairs })
    }

    /// [`Op::Append`].
    pub fn append(&mut self, cache: Value, input: Value, positions: Value) -> Value {
        self.record(Op::Append { cache, input, positions })
    }

    /// [`Op::Attention`]. `heads` is query heads, then key and value heads.
    pub fn attention(
        &mut self,
        [query, key, value]: [Value; 3],
        mask: Mask,
        [heads, kv_heads]: [usize; 2],
        scale: f32,
    ) -> Value {
        self.record(Op::Attention { query, key, value, mask, heads, kv_heads, scale })
    }

    /// [`Op::MeanPool`].
    pub fn mean_pool(&mut self, input: Value, offsets: Value) -> Value {
        self.record(Op::MeanPool { input, offsets })
    }

    /// [`Op::Normalize`].
    pub fn normalize(&mut self, input: Value) -> Value {
        self.record(Op::Normalize { input })
    }

    /// [`Op::Argmax`].
    pub fn argmax(&mut self, input: Value) -> Value {
        self.record(Op::Argmax { input })
    }

    /// [`Op::Penalize`].
    pub fn penalize(&mut self, logits: Value, history: Value, params: Value) -> Value {
        self.record(Op::Penalize { logits, history, params })
    }

    /// [`Op::MaskLogits`].
    pub fn mask_logits(&mut self, logits: Value, mask: Value) -> Value {
        self.record(Op::MaskLogits { logits, mask })
    }

    /// [`Op::Sample`].
    pub fn sample(&mut self, logits: Value, params: Value) -> Value {
        self.record(Op::Sample { logits, params })
    }

    fn push(&mut self, node: Node, ty: TensorType) -> Value {
        let value = Value(self.nodes.len() as u32);
        self.nodes.push((node, ty));
        value
    }

    fn fail(&mut self, error: GraphError) {
        self.error.get_or_insert(error);
    }
}
