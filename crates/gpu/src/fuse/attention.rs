//! Attention: query, key and value of one input side by side, and what happens to them before attention.

use graph::{Graph, Mask, Op, Value};

use super::{Draft, Input, Linear, Output, STAGED, Stage, View, op, staged};
use crate::Tier;

/// What comes before causal attention: norms of the heads, rope, and the new rows of the caches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heads {
    /// What is stored beside the rows of the caches.
    pub result: Value,
    /// Query, key and value side by side.
    pub input: Value,
    /// The appends to the caches of keys and of values.
    pub appends: [Value; 2],
    /// The rope of the query; the key's turns alike.
    pub rope: Value,
    /// The norms of the heads of query and key.
    pub norms: Option<[Value; 2]>,
    /// Positions.
    pub positions: Value,
    /// Shares of the keys that are attended to by workgroups of their own. Of more than one, they are stored as they are.
    pub splits: usize,
}

impl Heads {
    /// Of the shares as they are stored: what each attends to, and a vector for each head.
    pub(super) fn bytes_of_splits(&self, graph: &Graph) -> u64 {
        let heads = match op(graph, self.result) {
            Some(&Op::Attention { heads, .. }) => heads,
            _ => 0,
        };
        (4 * self.splits * (graph.ty(self.result).shape.columns() + 4 * heads)) as u64
    }
}

/// Norms, rope and appends in front of attention, over one linear stage for query, key and value. One token attends in the same
/// stage, where a workgroup has lanes enough.
pub(super) fn causal(draft: &mut Draft<'_>) {
    for (value, ..) in draft.graph.ops() {
        let Some((inputs, mut heads, mut absorbed)) = before(draft, value) else { continue };
        let Some(input) = beside(draft, inputs) else { continue };
        heads.input = input;
        if draft.rows(value) == 1 && draft.limits.tier >= Tier::Fused {
            heads.result = value;
            absorbed.push(value);
            draft.fold(&absorbed, Stage::Attention(heads));
        } else {
            draft.fold(&absorbed, Stage::Heads(heads));
        }
    }
}

/// Shares of the keys of one token at most, and keys of each: those of `attention_decode.wgsl`.
const SPLITS: usize = 8;
const KEYS: usize = 128;
/// Heads times shares at most: a number of each lies beside the input of the kernel that merges them.
pub const MERGED: usize = 256;

/// Attention of one token in shares, where one linear layer alone reads it: few heads are few workgroups.
pub(super) fn splits(draft: &mut Draft<'_>) {
    let graph = draft.graph;
    for (value, op, _) in graph.ops() {
        let (Some(Stage::Attention(attention)), &Op::Attention { key, mask, heads, .. }) =
            (draft.stages.get(&value), op)
        else {
            continue;
        };
        let Mask::Causal { window, .. } = mask else { continue };
        let keys = draft.rows(key).min(window.unwrap_or(u32::MAX) as usize);
        let splits = (keys / KEYS).min(SPLITS).min(MERGED / heads);
        let fits = staged(draft.columns(value)) + MERGED / 4 <= STAGED;
        let reader = draft.only_reader(value).and_then(|reader| draft.home.get(&reader)).copied();
        let Some(reader) = reader.filter(|_| splits > 1 && fits) else { continue };
        let mut attention = *attention;
        let Some(Stage::Linear(linear)) = draft.stages.get_mut(&reader) else { continue };
        if linear.input == Input::Plain(value) && linear.output != Output::Add(value) {
            linear.input = Input::Splits { value, heads, splits };
            attention.splits = splits;
            draft.stages.insert(value, Stage::Attention(attention));
        }
    }
}

/// Query, key and value of an encoder, where they are read as they are.
pub(super) fn packed(draft: &mut Draft<'_>) {
    for (value, ..) in draft.graph.ops() {
        let Some(&Op::Attention { query, key, value, .. }) = draft.alone(value) else { continue };
        beside(draft, [query, key, value]);
    }
}

/// Three linear layers of one input as one stage; the value that stores all three.
fn beside(draft: &mut Draft<'_>, values: [Value; 3]) -> Option<Value> {
    if !draft.joins(values[0]) {
        return None;
    }
    let mut parts = Vec::new();
    let mut first = None;
    for value in values {
        let (input, part) = draft.plain(value)?;
        draft.only_reader(value)?;
        if *first.get_or_insert(input) != input || !draft.is_whole(part.weight) {
            return None;
        }
        parts.push(part);
    }
    let input = Input::Plain(first?);
    let widths = values.map(|value| draft.columns(value));
    let stride = widths.iter().sum();
    // Vectors of four in the kernels; the first of the three stores.
    let aligned = widths.iter().all(|width| width.is_multiple_of(4));
    let root = values.into_iter().min()?;
    if !aligned || !draft.fits(draft.rows(root), stride) {
        return None;
    }
    draft.fold(&values, Stage::Linear(Linear { result: root, input, parts, output: Output::Plain }));
    let mut first = 0;
    for (value, width) in values.into_iter().zip(widths) {
        draft.views.insert(value, View { root, first, stride });
        first += width;
    }
    Some(root)
}

/// Of an attention op: query, key and value before norms and rope, what happens to them, and the ops that do it.
fn before(draft: &Draft<'_>, value: Value) -> Option<([Value; 3], Heads, Vec<Value>)> {
    let graph = draft.graph;
    let &Op::Attention { query, key, value: values, mask, heads, .. } = draft.alone(value)? else { return None };
    let Mask::Causal { positions, window } = mask else { return None };
    if window == Some(0) || graph.storage(key) == graph.storage(values) {
        return None;
    }
    let head_dim = draft.columns(query) / heads;
    let key_row = appended(draft, key, positions)?;
    let value_row = appended(draft, values, positions)?;
    let mut absorbed = vec![key, values];
    let mut unturned = |turned: Value| {
        draft.only_reader(turned)?;
        draft.alone(turned)?;
        let input = rope(graph, turned, positions, head_dim)?;
        absorbed.push(turned);
        match draft.alone(input) {
            Some(&Op::RmsNorm { input: inner, weight, .. }) if draft.columns(weight) == head_dim => {
                draft.only_reader(input)?;
                draft.is_vector(weight).then_some(())?;
                absorbed.push(input);
                Some((inner, Some(input)))
            }
            _ => Some((input, None)),
        }
    };
    let ((query_in, query_norm), (key_in, key_norm)) = (unturned(query)?, unturned(key_row)?);
    if !same_rope(graph, query, key_row) || !factors(graph, query).is_none_or(|value| draft.is_vector(value)) {
        return None;
    }
    let norms = match (query_norm, key_norm) {
        (Some(query), Some(key)) => Some([query, key]),
        (None, None) => None,
        _ => return None,
    };
    let (result, rope, appends) = (query, query, [key, values]);
    let heads = Heads { result, input: query_in, appends, rope, norms, positions, splits: 1 };
    Some(([query_in, key_in, value_row], heads, absorbed))
}

/// The row that an append adds, if only one attention reads what it returns.
fn appended(draft: &Draft<'_>, value: Value, positions: Value) -> Option<Value> {
    let &Op::Append { cache, input, positions: own } = draft.alone(value)? else { return None };
    draft.only_reader(value)?;
    // The state itself, and not what an earlier append made of it; nobody else looks at it.
    let first = draft.graph.storage(cache) == cache && draft.readers.get(&cache).is_some_and(|all| all.len() == 1);
    (first && !draft.is_output(cache) && own == positions).then_some(input)
}

/// What a rope turns, if it turns heads of this size by these positions.
fn rope(graph: &Graph, value: Value, at: Value, dim: usize) -> Option<Value> {
    match *op(graph, value)? {
        Op::Rope { input, positions, head_dim, .. } if positions == at && head_dim == dim => Some(input),
        _ => None,
    }
}

fn factors(graph: &Graph, value: Value) -> Option<Value> {
    match op(graph, value) {
        Some(Op::Rope { factors, .. }) => *factors,
        _ => None,
    }
}

/// Whether two ropes turn alike.
fn same_rope(graph: &Graph, left: Value, right: Value) -> bool {
    match (op(graph, left), op(graph, right)) {
        (
            Some(Op::Rope { factors: f, base: b, position_scale: s, pairs: p, .. }),
            Some(Op::Rope { factors, base, position_scale, pairs, .. }),
        ) => (f, b, s, p) == (factors, base, position_scale, pairs),
        _ => false,
    }
}
