//! Shape rules: the type of an op's result, or why its operands do not fit.

use crate::error::Named;
use crate::{DType, Graph, GraphError, Leaf, LeafKind, Mask, Node, Op, TensorType, Value};

/// The type of what `op` computes.
pub(crate) fn result(graph: &Graph, op: &Op) -> Result<TensorType, GraphError> {
    let rules = Rules { graph, op };
    match *op {
        Op::Gather { table, index } => {
            rules.weight(table)?;
            rules.index(index)?;
            Ok(f32([graph.ty(index).shape.rows() * graph.ty(index).shape.columns(), rules.columns(table)]))
        }
        Op::Linear { input, weight, bias } => {
            rules.activation(input)?;
            rules.weight(weight)?;
            if rules.columns(input) != rules.columns(weight) {
                return Err(rules.mismatch(input, weight));
            }
            let out = rules.rows(weight);
            if let Some(bias) = bias {
                rules.vector(bias, out)?;
            }
            Ok(f32([rules.rows(input), out]))
        }
        Op::Add { left, right } | Op::Mul { left, right } => {
            rules.activation(left)?;
            rules.activation(right)?;
            let (l, r) = (&graph.ty(left).shape, &graph.ty(right).shape);
            let row = r.rows() == 1 && r.columns() == l.columns();
            if l != r && !row {
                return Err(rules.mismatch(left, right));
            }
            Ok(graph.ty(left).clone())
        }
        Op::Scale { input, .. } | Op::Activate { input, .. } | Op::Normalize { input } => {
            rules.activation(input)?;
            Ok(graph.ty(input).clone())
        }
        Op::RmsNorm { input, weight, .. } => {
            rules.activation(input)?;
            rules.f32(weight)?;
            let run = rules.columns(weight);
            if rules.rows(weight) != 1 || run == 0 || !rules.columns(input).is_multiple_of(run) {
                return Err(rules.mismatch(input, weight));
            }
            Ok(graph.ty(input).clone())
        }
        Op::LayerNorm { input, weight, bias, .. } => {
            rules.activation(input)?;
            rules.vector(weight, rules.columns(input))?;
            rules.vector(bias, rules.columns(input))?;
            Ok(graph.ty(input).clone())
        }
        Op::Rope { input, positions, factors, head_dim, .. } => {
            rules.activation(input)?;
            rules.per_row(positions, input, 1)?;
            if head_dim == 0 || !head_dim.is_multiple_of(2) || !rules.columns(input).is_multiple_of(head_dim) {
                return Err(rules.bad(input, format!("no whole number of heads of {head_dim}")));
            }
            if let Some(factors) = factors {
                rules.vector(factors, head_dim / 2)?;
            }
            Ok(graph.ty(input).clone())
        }
        Op::Append { cache, input, positions } => {
            if !matches!(graph.node(graph.storage(cache)), Node::Leaf(Leaf { kind: LeafKind::State, .. })) {
                return Err(rules.bad(cache, "is no state".into()));
            }
            if graph.ty(cache).dtype == DType::U32 {
                rules.history(cache)?;
                rules.index(input)?;
                if graph.ty(positions) != graph.ty(input) {
                    return Err(rules.mismatch(positions, input));
                }
                return Ok(graph.ty(cache).clone());
            }
            rules.activation(input)?;
            if graph.ty(cache).dtype != DType::F16 {
                return Err(rules.wrong(cache, "f16 or u32"));
            }
            if !rules.columns(cache).is_multiple_of(2) {
                return Err(rules.bad(cache, "has rows of no whole words".into()));
            }
            rules.per_row(positions, input, 1)?;
            if rules.columns(cache) != rules.columns(input) {
                return Err(rules.mismatch(cache, input));
            }
            Ok(graph.ty(cache).clone())
        }
        Op::Attention { query, key, value, mask, heads, kv_heads, .. } => {
            rules.attention([query, key, value], mask, heads, kv_heads)?;
            Ok(graph.ty(query).clone())
        }
        Op::MeanPool { input, offsets } => {
            rules.activation(input)?;
            rules.index(offsets)?;
            let sequences = rules.columns(offsets);
            if sequences < 2 || rules.rows(offsets) != 1 {
                return Err(rules.bad(offsets, "holds no sequence".into()));
            }
            Ok(f32([sequences - 1, rules.columns(input)]))
        }
        Op::Argmax { input } => {
            rules.activation(input)?;
            Ok(TensorType::new(DType::U32, [rules.rows(input)]))
        }
        Op::Penalize { logits, history, params } => {
            rules.activation(logits)?;
            rules.history(history)?;
            rules.params(params)?;
            Ok(graph.ty(logits).clone())
        }
        Op::MaskLogits { logits, mask } => {
            rules.activation(logits)?;
            rules.index(mask)?;
            let words = rules.columns(logits).div_ceil(32);
            if rules.rows(mask) != 1 || rules.columns(mask) != words {
                return Err(rules.bad(mask, format!("is not [{words}]: a bit a column")));
            }
            Ok(graph.ty(logits).clone())
        }
        Op::Sample { logits, params } => {
            rules.activation(logits)?;
            rules.params(params)?;
            Ok(TensorType::new(DType::U32, [rules.rows(logits)]))
        }
    }
}

fn f32(shape: [usize; 2]) -> TensorType {
    TensorType::new(DType::F32, shape)
}

struct Rules<'a> {
    graph: &'a Graph,
    op: &'a Op,
}

impl Rules<'_> {
    fn rows(&self, value: Value) -> usize {
        self.graph.ty(value).shape.rows()
    }

    fn columns(&self, value: Value) -> usize {
        self.graph.ty(value).shape.columns()
    }

    fn named(&self, value: Value) -> Box<Named> {
        Box::new(Named { name: self.graph.name(value), ty: self.graph.ty(value).clone() })
    }

    fn mismatch(&self, left: Value, right: Value) -> GraphError {
        GraphError::Mismatch { op: self.op.name(), left: self.named(left), right: self.named(right) }
    }

    fn bad(&self, value: Value, reason: String) -> GraphError {
        GraphError::BadAttribute { op: self.op.name(), operand: self.named(value), reason }
    }

    fn wrong(&self, value: Value, expected: &'static str) -> GraphError {
        GraphError::WrongDType { op: self.op.name(), operand: self.named(value), expected }
    }

    fn f32(&self, value: Value) -> Result<(), GraphError> {
        if self.graph.ty(value).dtype == DType::F32 { Ok(()) } else { Err(self.wrong(value, "f32")) }
    }

    /// f32 of one or two axes, not empty.
    fn activation(&self, value: Value) -> Result<(), GraphError> {
        self.f32(value)?;
        self.filled(value)
    }

    fn filled(&self, value: Value) -> Result<(), GraphError> {
        let shape = &self.graph.ty(value).shape;
        if shape.dims().is_empty() || shape.dims().contains(&0) {
            return Err(self.bad(value, "is empty".into()));
        }
        Ok(())
    }

    fn weight(&self, value: Value) -> Result<(), GraphError> {
        let ty = self.graph.ty(value);
        if ty.dtype == DType::U32 {
            return Err(self.wrong(value, "a weight dtype"));
        }
        if ty.shape.dims().len() != 2 || ty.shape.dims().contains(&0) {
            return Err(self.bad(value, "is no matrix".into()));
        }
        Ok(())
    }

    fn index(&self, value: Value) -> Result<(), GraphError> {
        if self.graph.ty(value).dtype != DType::U32 {
            return Err(self.wrong(value, "u32"));
        }
        if self.graph.ty(value).shape.dims().contains(&0) {
            return Err(self.bad(value, "is empty".into()));
        }
        Ok(())
    }

    /// u32 `[8]`.
    fn params(&self, value: Value) -> Result<(), GraphError> {
        self.index(value)?;
        if self.columns(value) != 8 || self.rows(value) != 1 {
            return Err(self.bad(value, "parameters are 8 words".into()));
        }
        Ok(())
    }

    /// u32 `[n, 1]`.
    fn history(&self, value: Value) -> Result<(), GraphError> {
        self.index(value)?;
        if self.graph.ty(value).shape.dims().len() != 2 || self.columns(value) != 1 {
            return Err(self.bad(value, "is no list of ids, one a row".into()));
        }
        Ok(())
    }

    /// f32 `[len]`.
    fn vector(&self, value: Value, len: usize) -> Result<(), GraphError> {
        self.f32(value)?;
        if self.rows(value) != 1 || self.columns(value) != len {
            return Err(self.bad(value, format!("expected {len} elements")));
        }
        Ok(())
    }

    /// u32 with `each` elements for every row of `input`.
    fn per_row(&self, value: Value, input: Value, each: usize) -> Result<(), GraphError> {
        self.index(value)?;
        if self.graph.ty(value).shape.elements() != Some((self.rows(input) * each) as u64) {
            return Err(self.mismatch(value, input));
        }
        Ok(())
    }

    fn attention(&self, qkv: [Value; 3], mask: Mask, heads: usize, kv_heads: usize) -> Result<(), GraphError> {
        let [query, key, value] = qkv;
        self.activation(query)?;
        for tensor in [key, value] {
            if !matches!(self.graph.ty(tensor).dtype, DType::F32 | DType::F16) {
                return Err(self.wrong(tensor, "f32 or f16"));
            }
            self.filled(tensor)?;
        }
        if heads == 0 || kv_heads == 0 || !heads.is_multiple_of(kv_heads) || !self.columns(query).is_multiple_of(heads)
        {
            return Err(self.bad(query, format!("cannot be {heads} heads over {kv_heads}")));
        }
        if self.columns(key) != self.columns(query) / heads * kv_heads {
            return Err(self.mismatch(query, key));
        }
        if self.graph.ty(key) != self.graph.ty(value) {
            return Err(self.mismatch(key, value));
        }
        match mask {
            Mask::Causal { positions, .. } => self.per_row(positions, query, 1),
            Mask::Spans { spans } => self.per_row(spans, query, 2),
        }
    }
}
