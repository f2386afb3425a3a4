//! Linear layers: what follows one, and two that make a gate.

use graph::{Op, Value};

use super::{Draft, Input, Linear, Output, Part, Stage, UNIT};

/// A linear op as a stage, if its rows are whole units.
pub(super) fn stage(draft: &Draft<'_>, value: Value, op: &Op) -> Option<Linear> {
    let Op::Linear { input, weight, bias } = *op else { return None };
    if !draft.columns(input).is_multiple_of(UNIT) {
        return None;
    }
    // A bias that is not known yet is one row that is added.
    let known = bias.filter(|&bias| draft.is_vector(bias));
    let output = bias.filter(|_| known.is_none()).map_or(Output::Plain, Output::Add);
    Some(Linear { result: value, input: Input::Plain(input), parts: vec![Part { weight, bias: known }], output })
}

/// `activate(linear(x)) · linear(x)` as one stage.
pub(super) fn gates(draft: &mut Draft<'_>) {
    for (value, op, _) in draft.graph.ops() {
        let Op::Mul { left, right } = *op else { continue };
        if let Some((values, linear)) = gate(draft, value, left, right).or_else(|| gate(draft, value, right, left)) {
            draft.fold(&values, Stage::Linear(linear));
        }
    }
}

fn gate(draft: &Draft<'_>, product: Value, gate: Value, up: Value) -> Option<(Vec<Value>, Linear)> {
    let Some(&Op::Activate { input: inner, function }) = draft.alone(gate) else { return None };
    let (input, first) = draft.plain(inner)?;
    let (other, second) = draft.plain(up)?;
    let alone = [inner, gate, up].into_iter().all(|value| draft.only_reader(value).is_some());
    let whole = draft.is_whole(first.weight) && draft.is_whole(second.weight);
    let alike = input == other && draft.rows(first.weight) == draft.rows(second.weight) && inner != up;
    if !draft.joins(product) || !alone || !whole || !alike || draft.alone(product).is_none() {
        return None;
    }
    let output = Output::Gated(function);
    let linear = Linear { result: product, input: Input::Plain(input), parts: vec![first, second], output };
    Some((vec![inner, gate, up, product], linear))
}

/// A sum or an activation function that alone reads a linear layer.
pub(super) fn outputs(draft: &mut Draft<'_>) {
    for (value, ..) in draft.graph.ops() {
        let Some((input, part)) = draft.plain(value) else { continue };
        let Some((mut absorbed, output)) = sum(draft, value).or_else(|| activated(draft, value)) else { continue };
        let result = absorbed.last().copied().unwrap_or(value);
        absorbed.push(value);
        let linear = Linear { result, input: Input::Plain(input), parts: vec![part], output };
        draft.fold(&absorbed, Stage::Linear(linear));
    }
}

fn sum(draft: &Draft<'_>, value: Value) -> Option<(Vec<Value>, Output)> {
    let reader = draft.only_reader(value)?;
    let &Op::Add { left, right } = draft.alone(reader)? else { return None };
    let output = match (left == value, right == value) {
        (true, false) => Output::Add(right),
        // One row on the left is not added to every row.
        (false, true) if draft.rows(left) == draft.rows(value) => Output::Add(left),
        _ => return None,
    };
    Some((vec![reader], output))
}

/// An activation function, perhaps between two factors.
fn activated(draft: &Draft<'_>, value: Value) -> Option<(Vec<Value>, Output)> {
    let scaled = |value: Value| {
        let reader = draft.only_reader(value)?;
        match *draft.alone(reader)? {
            Op::Scale { factor, .. } => Some((reader, factor)),
            _ => None,
        }
    };
    let mut absorbed = Vec::new();
    let mut factors = [1.0; 2];
    let mut inner = value;
    if let Some((reader, factor)) = scaled(value) {
        absorbed.push(reader);
        (inner, factors[0]) = (reader, factor);
    }
    let reader = draft.only_reader(inner)?;
    let &Op::Activate { function, .. } = draft.alone(reader)? else { return None };
    absorbed.push(reader);
    if let Some((last, factor)) = scaled(reader) {
        absorbed.push(last);
        factors[1] = factor;
    }
    let [before, after] = factors;
    Some((absorbed, Output::Activate { function, before, after }))
}
