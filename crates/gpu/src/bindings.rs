//! What is bound where: the numbers at the `@binding`s of the kernels.

use graph::{Graph, Op, Value};

use crate::fuse::{Heads, Input, Linear, Output, Stage, op, operand};

/// What a storage binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A value, or the value that it is a view of.
    Value(Value),
    /// The piece of the weight that a launch is for.
    Piece,
    /// The table of the kernel.
    Table,
    /// The vectors of the program.
    Vectors,
    /// Nothing: one element of zeros.
    Absent,
}

/// The storage bindings of a stage.
pub fn bindings(graph: &Graph, stage: &Stage, has_table: bool) -> Vec<(u32, Operand)> {
    match stage {
        Stage::Op(value) => in_order(graph, *value, *value, has_table),
        Stage::Gather { result, rows } => in_order(graph, *rows, *result, has_table),
        Stage::Linear(stage) => linear(graph, stage),
        Stage::Attention(stage) | Stage::Heads(stage) => heads(graph, stage),
    }
}

/// Operands of an op, table, result.
fn in_order(graph: &Graph, value: Value, result: Value, has_table: bool) -> Vec<(u32, Operand)> {
    let Some(op) = op(graph, value) else { return Vec::new() };
    let one = |value: Option<Value>| value.map_or(Operand::Absent, Operand::Value);
    let mut operands: Vec<Operand> = match *op {
        Op::Linear { input, bias, .. } => vec![Operand::Value(input), Operand::Piece, one(bias)],
        Op::Gather { index, .. } => vec![Operand::Piece, Operand::Value(index)],
        Op::Append { input, positions, .. } => vec![Operand::Value(input), Operand::Value(positions)],
        Op::Rope { input, positions, factors, .. } => {
            vec![Operand::Value(input), Operand::Value(positions), one(factors)]
        }
        _ => op.inputs().into_iter().map(Operand::Value).collect(),
    };
    operands.extend(has_table.then_some(Operand::Table));
    operands.push(Operand::Value(result));
    (1..).zip(operands).collect()
}

fn linear(graph: &Graph, stage: &Linear) -> Vec<(u32, Operand)> {
    let other = match (stage.input, stage.output) {
        (Input::RmsSum { inner, .. }, _) => Operand::Value(operand(graph, inner)),
        (_, Output::Add(other)) => Operand::Value(other),
        _ => Operand::Absent,
    };
    let mut bindings = vec![
        (1, Operand::Value(stage.input.value(graph))),
        (2, Operand::Vectors),
        (3, Operand::Value(stage.result)),
        (4, other),
    ];
    match stage.parts.as_slice() {
        [_] => bindings.push((5, Operand::Piece)),
        parts => bindings.extend((5..).zip(parts.iter().map(|part| Operand::Value(part.weight)))),
    }
    match stage.input {
        Input::RmsSum { sum, .. } => bindings.push((8, Operand::Value(sum))),
        Input::LayerNorm(norm) => bindings.push((8, Operand::Value(norm))),
        _ => {}
    }
    bindings
}

fn heads(graph: &Graph, stage: &Heads) -> Vec<(u32, Operand)> {
    let [key, value] = stage.appends.map(|append| Operand::Value(graph.storage(append)));
    vec![
        (1, Operand::Value(stage.input)),
        (2, Operand::Vectors),
        (3, Operand::Value(stage.result)),
        (4, Operand::Value(stage.positions)),
        (5, key),
        (6, value),
    ]
}

/// Whether a binding holds a weight, or a piece of one, of which a launch reads every byte. Of a table it reads some rows.
pub(crate) fn is_read_whole(graph: &Graph, stage: &Stage, operand: Operand) -> bool {
    let is_linear = match stage {
        Stage::Linear(_) => true,
        Stage::Op(value) => matches!(op(graph, *value), Some(Op::Linear { .. })),
        _ => false,
    };
    is_linear
        && match operand {
            Operand::Piece => true,
            Operand::Value(value) => stage.weights(graph).contains(&value),
            _ => false,
        }
}
