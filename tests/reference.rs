//! An interpreter of [`Graph`] in f64: the plainest reading of every op, written from its documentation and sharing no
//! code with the backends.

mod dequantize;
mod sample;

use std::collections::BTreeMap;

use half::f16;

use graph::{Activation, DType, EXCLUDED, Graph, LeafKind, Mask, Node, Op, PADDING, RopePairs, TensorType, Value};

pub use dequantize::dequantize;
pub use sample::{Draw, draw, penalize};

/// A computed tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// Of an f32 tensor or a weight.
    Real(Vec<f64>),
    /// Of a u32 tensor.
    Index(Vec<u32>),
}

/// What a run leaves behind, by the names of outputs and states.
pub struct Outcome {
    /// Every output of the graph.
    pub outputs: BTreeMap<String, Tensor>,
    /// Every state leaf, as it is after the run.
    pub states: BTreeMap<String, Tensor>,
}

/// Runs a graph. `leaves` holds the bytes of every weight, input and state by name, in the layout of its dtype.
///
/// # Panics
/// On a leaf that is missing or of the wrong size: a mistake in the test.
pub fn run(graph: &Graph, leaves: &BTreeMap<String, Vec<u8>>) -> Outcome {
    let mut values: Vec<Tensor> = Vec::with_capacity(graph.nodes().len());
    for (node, ty) in graph.nodes() {
        let value = match node {
            Node::Leaf(leaf) => match &leaf.kind {
                LeafKind::Constant(data) => Tensor::Real(data.iter().map(|&x| f64::from(x)).collect()),
                _ => decode(ty, leaves.get(&leaf.name).unwrap_or_else(|| panic!("no data for {}", leaf.name))),
            },
            Node::Op(op) => {
                let result = Interpreter { graph, values: &values }.compute(op);
                if let Op::Append { cache, .. } = op {
                    // The result is the cache itself: whoever reads the leaf from now on sees the new rows.
                    let storage = graph.storage(*cache).index();
                    values[storage] = result.clone();
                }
                result
            }
        };
        values.push(value);
    }
    let current = |value: Value| values[graph.storage(value).index()].clone();
    Outcome {
        outputs: graph.outputs().iter().map(|output| (output.name.clone(), current(output.value))).collect(),
        states: graph
            .leaves()
            .filter(|(_, leaf, _)| leaf.kind == LeafKind::State)
            .map(|(value, leaf, _)| (leaf.name.clone(), current(value)))
            .collect(),
    }
}

/// The tensor that `bytes` hold.
pub fn decode(ty: &TensorType, bytes: &[u8]) -> Tensor {
    assert_eq!(Some(bytes.len() as u64), ty.bytes(), "bytes of {ty}");
    if ty.dtype == DType::U32 {
        Tensor::Index(bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word)).collect())
    } else {
        Tensor::Real(dequantize(ty.dtype, bytes).into_iter().map(f64::from).collect())
    }
}

struct Interpreter<'a> {
    graph: &'a Graph,
    values: &'a [Tensor],
}

impl Interpreter<'_> {
    fn real(&self, value: Value) -> &[f64] {
        match &self.values[self.graph.storage(value).index()] {
            Tensor::Real(data) => data,
            Tensor::Index(_) => panic!("{} is u32", self.graph.name(value)),
        }
    }

    fn index(&self, value: Value) -> &[u32] {
        match &self.values[self.graph.storage(value).index()] {
            Tensor::Index(data) => data,
            Tensor::Real(_) => panic!("{} is no u32", self.graph.name(value)),
        }
    }

    fn columns(&self, value: Value) -> usize {
        self.graph.ty(value).shape.columns()
    }

    fn rows(&self, value: Value) -> std::slice::Chunks<'_, f64> {
        self.real(value).chunks(self.columns(value))
    }

    fn compute(&self, op: &Op) -> Tensor {
        match *op {
            Op::Argmax { input } => Tensor::Index(self.rows(input).map(argmax).collect()),
            Op::Sample { logits, params } => {
                let words = self.index(params);
                Tensor::Index(self.rows(logits).map(|row| draw(row, words).token).collect())
            }
            Op::Append { cache, input, positions } if self.graph.ty(cache).dtype == DType::U32 => {
                let mut ids = self.index(cache).to_vec();
                for (&id, &position) in self.index(input).iter().zip(self.index(positions)) {
                    if let Some(slot) = ids.get_mut(position as usize) {
                        *slot = id;
                    }
                }
                Tensor::Index(ids)
            }
            _ => Tensor::Real(self.reals(op)),
        }
    }

    fn reals(&self, op: &Op) -> Vec<f64> {
        match *op {
            Op::Gather { table, index } => {
                let rows: Vec<&[f64]> = self.rows(table).collect();
                let pick = |&i: &u32| rows[(i as usize).min(rows.len() - 1)];
                self.index(index).iter().flat_map(pick).copied().collect()
            }
            Op::Linear { input, weight, bias } => {
                let shift = |out: usize| bias.map_or(0.0, |bias| self.real(bias)[out]);
                let product = |row| move |(out, weight)| dot(row, weight) + shift(out);
                self.rows(input)
                    .flat_map(|row| self.rows(weight).enumerate().map(product(row)).collect::<Vec<_>>())
                    .collect()
            }
            Op::Add { left, right } => self.zip(left, right, |l, r| l + r),
            Op::Mul { left, right } => self.zip(left, right, |l, r| l * r),
            Op::Scale { input, factor } => self.real(input).iter().map(|x| x * f64::from(factor)).collect(),
            Op::Activate { input, function } => self.real(input).iter().map(|&x| activate(function, x)).collect(),
            Op::RmsNorm { input, weight, epsilon, offset } => {
                let weight = self.real(weight);
                let mut data = self.real(input).to_vec();
                for run in data.chunks_mut(weight.len()) {
                    let mean_square = dot(run, run) / run.len() as f64;
                    let scale = 1.0 / (mean_square + f64::from(epsilon)).sqrt();
                    for (x, w) in run.iter_mut().zip(weight) {
                        *x *= scale * (w + f64::from(offset));
                    }
                }
                data
            }
            Op::LayerNorm { input, weight, bias, epsilon } => {
                let (weight, bias) = (self.real(weight), self.real(bias));
                let mut data = self.real(input).to_vec();
                for row in data.chunks_mut(weight.len()) {
                    let mean = row.iter().sum::<f64>() / row.len() as f64;
                    row.iter_mut().for_each(|x| *x -= mean);
                    let variance = dot(row, row) / row.len() as f64;
                    let scale = 1.0 / (variance + f64::from(epsilon)).sqrt();
                    for (x, (w, b)) in row.iter_mut().zip(weight.iter().zip(bias)) {
                        *x = *x * scale * w + b;
                    }
                }
                data
            }
            Op::Rope { .. } => self.rope(op),
            Op::Append { cache, input, positions } => {
                let mut data = self.real(cache).to_vec();
                let mut rows: Vec<&mut [f64]> = data.chunks_mut(self.columns(cache)).collect();
                for (row, &position) in self.rows(input).zip(self.index(positions)) {
                    if let Some(slot) = rows.get_mut(position as usize) {
                        for (kept, x) in slot.iter_mut().zip(row) {
                            // By way of f32: half's own f64 conversion drops the low bits in wasm.
                            *kept = f16::from_f32(x.clamp(-65504.0, 65504.0) as f32).to_f64();
                        }
                    }
                }
                data
            }
            Op::Attention { .. } => self.attention(op),
            Op::MeanPool { input, offsets } => {
                let rows: Vec<&[f64]> = self.rows(input).collect();
                let mut data = Vec::new();
                for pair in self.index(offsets).windows(2) {
                    let rows = span(&rows, pair[0] as usize, pair[1] as usize);
                    let mean =
                        |column: usize| rows.iter().map(|row| row[column]).sum::<f64>() / rows.len().max(1) as f64;
                    data.extend((0..self.columns(input)).map(mean));
                }
                data
            }
            Op::Normalize { input } => {
                let unit = |row: &[f64]| {
                    let norm = dot(row, row).sqrt().max(1e-12);
                    row.iter().map(|x| x / norm).collect::<Vec<_>>()
                };
                self.rows(input).flat_map(unit).collect()
            }
            Op::Penalize { logits, history, params } => {
                let (history, words) = (self.index(history), self.index(params));
                self.rows(logits).flat_map(|row| penalize(row, history, words)).collect()
            }
            Op::MaskLogits { logits, mask } => {
                let mask = self.index(mask);
                let one = |(column, &logit): (usize, &f64)| match mask[column / 32] >> (column % 32) & 1 {
                    1 => logit,
                    _ => f64::from(EXCLUDED),
                };
                self.rows(logits).flat_map(|row| row.iter().enumerate().map(one)).collect()
            }
            Op::Argmax { .. } | Op::Sample { .. } => unreachable!("results are u32"),
        }
    }

    fn zip(&self, left: Value, right: Value, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let right = self.real(right);
        let pair = |(i, &l): (usize, &f64)| f(l, right[i % right.len()]);
        self.real(left).iter().enumerate().map(pair).collect()
    }

    fn rope(&self, op: &Op) -> Vec<f64> {
        let &Op::Rope { input, positions, factors, head_dim, base, position_scale, pairs } = op else {
            unreachable!("rope only")
        };
        let mut data = self.real(input).to_vec();
        for (row, &position) in data.chunks_mut(self.columns(input)).zip(self.index(positions)) {
            if position == PADDING {
                continue;
            }
            for head in row.chunks_mut(head_dim) {
                for i in 0..head_dim / 2 {
                    let frequency = f64::from(base).powf(-2.0 * i as f64 / head_dim as f64);
                    let factor = factors.map_or(1.0, |factors| self.real(factors)[i]);
                    let angle = f64::from(position) * f64::from(position_scale) * frequency / factor;
                    let (a, b) = match pairs {
                        RopePairs::Halves => (i, i + head_dim / 2),
                        RopePairs::Adjacent => (2 * i, 2 * i + 1),
                    };
                    let (x, y) = (head[a], head[b]);
                    head[a] = x * angle.cos() - y * angle.sin();
                    head[b] = x * angle.sin() + y * angle.cos();
                }
            }
        }
        data
    }

    fn attention(&self, op: &Op) -> Vec<f64> {
        let &Op::Attention { query, key, value, mask, heads, kv_heads, scale } = op else {
            unreachable!("attention only")
        };
        let head_dim = self.columns(query) / heads;
        let (keys, values): (Vec<&[f64]>, Vec<&[f64]>) = (self.rows(key).collect(), self.rows(value).collect());
        let mut data = vec![0.0; self.real(query).len()];
        for (t, (query, out)) in self.rows(query).zip(data.chunks_mut(heads * head_dim)).enumerate() {
            let (first, end) = match mask {
                Mask::Causal { positions, window } => match self.index(positions)[t] {
                    PADDING => continue,
                    p => {
                        let seen = window.unwrap_or(u32::MAX) as usize;
                        ((p as usize + 1).saturating_sub(seen), p as usize + 1)
                    }
                },
                Mask::Spans { spans } => {
                    let spans = self.index(spans);
                    (spans[2 * t] as usize, spans[2 * t + 1] as usize)
                }
            };
            for head in 0..heads {
                let of = |row: &[f64], head: usize| row[head * head_dim..][..head_dim].to_vec();
                let kv_head = head / (heads / kv_heads);
                let query = of(query, head);
                let scores: Vec<f64> = span(&keys, first, end)
                    .iter()
                    .map(|key| dot(&query, &of(key, kv_head)) * f64::from(scale))
                    .collect();
                for (p, value) in softmax(&scores).into_iter().zip(span(&values, first, end)) {
                    for (out, v) in out[head * head_dim..].iter_mut().zip(of(value, kv_head)) {
                        *out += p * v;
                    }
                }
            }
        }
        data
    }
}

/// Rows `first..end`, as far as there are such rows.
fn span<'a>(rows: &'a [&'a [f64]], first: usize, end: usize) -> &'a [&'a [f64]] {
    rows.get(first..end.min(rows.len())).unwrap_or_default()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(l, r)| l * r).sum()
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
    let sum: f64 = exps.iter().sum();
    exps.into_iter().map(|e| e / sum).collect()
}

/// The first of the largest.
fn argmax(row: &[f64]) -> u32 {
    let mut best = 0;
    for (i, x) in row.iter().enumerate() {
        if *x > row[best] {
            best = i;
        }
    }
    best as u32
}

fn activate(function: Activation, x: f64) -> f64 {
    match function {
        Activation::Gelu => 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2)),
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
            0.5 * x * (1.0 + inner.tanh())
        }
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Relu => x.max(0.0),
        Activation::Tanh => x.tanh(),
    }
}

/// The error function: its Maclaurin series, and for |x| > 3 the continued fraction of erfc
/// ([DLMF 7.6.1 and 7.9.1](https://dlmf.nist.gov/7.9)). Good to about 1e-12.
pub fn erf(x: f64) -> f64 {
    let a = x.abs();
    let value = if a < 3.0 {
        let (mut term, mut sum) = (a, a);
        for n in 1..200 {
            term *= -a * a / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    } else {
        let mut fraction = a;
        for n in (1..=60).rev() {
            fraction = a + f64::from(n) / 2.0 / fraction;
        }
        1.0 - (-a * a).exp() / fraction / std::f64::consts::PI.sqrt()
    };
    value.copysign(x)
}
