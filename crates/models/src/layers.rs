//! The parts that families share: free functions that record on a `Graph`.
//!
//! `T` is the number of tokens of the step, `R` the number of rows that its head sees.

use graph::{Activation, DType, Graph, LeafKind, Mask, Op, Value};

use crate::rope::{Factors, Rope};
use crate::tensors::{Tensors, Weight};
use crate::{Head, ModelError, Step};

/// A linear layer: weight `[out, in]` and perhaps a bias `[out]`.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    pub(crate) weight: Weight,
    pub(crate) bias: Option<Weight>,
}

impl Linear {
    /// With the bias that the checkpoint has, if any.
    pub(crate) fn open(
        tensors: &mut Tensors<'_>,
        module: &str,
        [out, input]: [usize; 2],
    ) -> Result<Linear, ModelError> {
        let weight = tensors.matrix(module, [out, input])?;
        Ok(Linear { weight, bias: tensors.maybe_vector(module, "bias", out)? })
    }

    /// A linear layer whose bias must be there.
    pub(crate) fn with_bias(
        tensors: &mut Tensors<'_>,
        module: &str,
        [out, input]: [usize; 2],
    ) -> Result<Linear, ModelError> {
        let weight = tensors.matrix(module, [out, input])?;
        Ok(Linear { weight, bias: Some(tensors.vector(module, "bias", out)?) })
    }

    /// `[T, in]` → `[T, out]`
    pub(crate) fn record(&self, graph: &mut Graph, input: Value) -> Value {
        let matrix = weight(graph, &self.weight);
        let bias = self.bias.as_ref().map(|bias| weight(graph, bias));
        graph.linear(input, matrix, bias)
    }
}

/// A root-mean-square norm.
#[derive(Clone, Debug)]
pub(crate) struct RmsNorm {
    pub(crate) weight: Weight,
    pub(crate) epsilon: f32,
    /// 1 where the file stores the weight less one (Gemma's safetensors).
    pub(crate) offset: f32,
}

impl RmsNorm {
    pub(crate) fn record(&self, graph: &mut Graph, input: Value) -> Value {
        let scale = weight(graph, &self.weight);
        graph.rms_norm(input, scale, self.epsilon, self.offset)
    }
}

/// Causal self-attention over a cache, with grouped heads.
#[derive(Clone, Debug)]
pub(crate) struct Attention {
    pub(crate) layer: usize,
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    pub(crate) output: Linear,
    /// Norms of each head's query and key (Qwen3, Gemma 3).
    pub(crate) head_norms: Option<[RmsNorm; 2]>,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) rope: Rope,
    pub(crate) window: Option<u32>,
    pub(crate) scale: f32,
}

impl Attention {
    /// Appends the keys and values of `input [T, hidden]` to the layer's cache; returns the cache, each
    /// `[capacity, kv_heads · head_dim]`.
    pub(crate) fn extend_cache(&self, graph: &mut Graph, input: Value, step: &Step) -> [Value; 2] {
        let positions = positions(graph, step);
        let key = self.key.record(graph, input);
        let key = match &self.head_norms {
            Some([_, norm]) => norm.record(graph, key),
            None => key,
        };
        let key = rotate(graph, key, positions, &self.rope, self.head_dim);
        let value = self.value.record(graph, input);
        [("key", key), ("value", value)].map(|(name, rows)| {
            let shape = [step.capacity, self.kv_heads * self.head_dim];
            let cache = graph.leaf(LeafKind::State, &format!("{name}.{}", self.layer), DType::F16, shape);
            graph.append(cache, rows, positions)
        })
    }

    /// `[T, hidden]` → `[T, hidden]`
    pub(crate) fn attend(&self, graph: &mut Graph, input: Value, [key, value]: [Value; 2], step: &Step) -> Value {
        let positions = positions(graph, step);
        let query = self.query.record(graph, input);
        let query = match &self.head_norms {
            Some([norm, _]) => norm.record(graph, query),
            None => query,
        };
        let query = rotate(graph, query, positions, &self.rope, self.head_dim);
        let mask = Mask::Causal { positions, window: self.window };
        let mixed = graph.attention([query, key, value], mask, [self.heads, self.kv_heads], self.scale);
        self.output.record(graph, mixed)
    }
}

/// A gated feed-forward layer: `down(act(gate(x)) · up(x))` ([Shazeer, 2020](https://arxiv.org/abs/2002.05202)).
#[derive(Clone, Debug)]
pub(crate) struct Gated {
    pub(crate) gate: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    pub(crate) function: Activation,
}

impl Gated {
    pub(crate) fn open(
        tensors: &mut Tensors<'_>,
        block: &str,
        [hidden, inner]: [usize; 2],
        function: Activation,
    ) -> Result<Gated, ModelError> {
        Ok(Gated {
            gate: Linear::open(tensors, &format!("{block}.ffn_gate"), [inner, hidden])?,
            up: Linear::open(tensors, &format!("{block}.ffn_up"), [inner, hidden])?,
            down: Linear::open(tensors, &format!("{block}.ffn_down"), [hidden, inner])?,
            function,
        })
    }

    /// `[T, hidden]` → `[T, hidden]`
    pub(crate) fn record(&self, graph: &mut Graph, input: Value) -> Value {
        let gate = self.gate.record(graph, input);
        let up = self.up.record(graph, input);
        let gate = graph.activate(gate, self.function);
        let inner = graph.mul(gate, up);
        self.down.record(graph, inner)
    }
}

/// The leaf of a weight.
pub(crate) fn weight(graph: &mut Graph, weight: &Weight) -> Value {
    graph.leaf(LeafKind::Weight, &weight.name, weight.ty.dtype, weight.ty.shape.clone())
}

/// Token ids, u32 `[T]`.
pub(crate) fn ids(graph: &mut Graph, step: &Step) -> Value {
    graph.leaf(LeafKind::Input, "ids", DType::U32, [step.tokens])
}

/// Positions in the sequence, u32 `[T]`.
pub(crate) fn positions(graph: &mut Graph, step: &Step) -> Value {
    graph.leaf(LeafKind::Input, "positions", DType::U32, [step.tokens])
}

/// The rows of `x [T, hidden]` that the head sees, `[R, hidden]`, by the input `rows` u32 `[R]`; all of them, without that
/// input, if `R` is `T`.
pub(crate) fn head_rows(graph: &mut Graph, x: Value, step: &Step) -> Value {
    if step.rows == step.tokens {
        return x;
    }
    let rows = graph.leaf(LeafKind::Input, "rows", DType::U32, [step.rows]);
    graph.gather(x, rows)
}

/// A decoder's last mile: rows, final norm, output layer, and what the step wants of the logits `[R, vocabulary]`.
pub(crate) fn decoder_head(
    graph: &mut Graph,
    x: Value,
    step: &Step,
    norm: &RmsNorm,
    output: &Weight,
    softcap: Option<f32>,
) {
    let x = head_rows(graph, x, step);
    let x = norm.record(graph, x);
    let output = weight(graph, output);
    let mut logits = graph.linear(x, output, None);
    if let Some(cap) = softcap {
        let small = graph.scale(logits, 1.0 / cap);
        let bounded = graph.activate(small, Activation::Tanh);
        logits = graph.scale(bounded, cap);
    }
    if step.head.penalizes() {
        let (ids, positions) = (ids(graph, step), positions(graph, step));
        let history = graph.leaf(LeafKind::State, "history", DType::U32, [step.capacity, 1]);
        let history = graph.append(history, ids, positions);
        let penalties = graph.leaf(LeafKind::Input, "penalties", DType::U32, [8]);
        logits = graph.penalize(logits, history, penalties);
    }
    if matches!(step.head, Head::Masked { .. }) {
        let words = graph.ty(logits).shape.columns().div_ceil(32);
        let mask = graph.leaf(LeafKind::Input, "mask", DType::U32, [words]);
        logits = graph.mask_logits(logits, mask);
    }
    match step.head.draws() {
        Some(false) => {
            let token = graph.argmax(logits);
            graph.output("token", token);
        }
        Some(true) => {
            let params = graph.leaf(LeafKind::Input, "params", DType::U32, [8]);
            let token = graph.sample(logits, params);
            graph.output("token", token);
        }
        None => graph.output("logits", logits),
    }
}

fn rotate(graph: &mut Graph, input: Value, positions: Value, rope: &Rope, head_dim: usize) -> Value {
    let factors = match &rope.factors {
        None => None,
        Some(Factors::Stored(stored)) => Some(weight(graph, stored)),
        Some(Factors::Computed(values)) => Some(graph.constant("rope_factors", values.clone())),
    };
    let (base, position_scale, pairs) = (rope.base, rope.position_scale, rope.pairs);
    graph.record(Op::Rope { input, positions, factors, head_dim, base, position_scale, pairs })
}
