//! A program as text: one line a stage, for snapshots and for reading.

use std::fmt;

use graph::{Graph, Mask, Op, Value};

use super::{Heads, Input, Linear, Output, Program, Stage, op, operand};

impl Program {
    /// One line a stage, with the names of the graph.
    pub fn dump(&self, graph: &Graph) -> String {
        let line = |stage: &Stage| Line { program: self, graph, stage }.to_string();
        self.stages.iter().map(line).collect()
    }
}

struct Line<'a> {
    program: &'a Program,
    graph: &'a Graph,
    stage: &'a Stage,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stage {
            Stage::Op(value) => self.op(f, *value, *value)?,
            Stage::Gather { result, rows } => {
                self.op(f, *result, *rows)?;
                if let Some(Op::Scale { factor, .. }) = op(self.graph, *result) {
                    write!(f, " factor={factor}")?;
                }
            }
            Stage::Linear(linear) => self.linear(f, linear)?,
            Stage::Attention(heads) => self.heads(f, "attention_decode", heads)?,
            Stage::Heads(heads) => self.heads(f, "rope_append", heads)?,
        }
        writeln!(f)
    }
}

impl Line<'_> {
    /// The name of a value, with its columns in the value that stores it.
    fn name(&self, value: Value) -> String {
        match self.program.views.get(&value) {
            Some(view) => {
                let end = view.first + self.graph.ty(value).shape.columns();
                format!("{}[{}..{end}]", self.graph.name(view.root), view.first)
            }
            None => self.graph.name(value),
        }
    }

    fn op(&self, f: &mut fmt::Formatter<'_>, result: Value, value: Value) -> fmt::Result {
        let Some(op) = op(self.graph, value) else { return Ok(()) };
        let operands: Vec<String> = op.inputs().into_iter().map(|input| self.name(input)).collect();
        write!(f, "{} = {}({})", self.graph.name(result), op.name(), operands.join(", "))
    }

    fn linear(&self, f: &mut fmt::Formatter<'_>, linear: &Linear) -> fmt::Result {
        let graph = self.graph;
        write!(f, "{}", graph.name(linear.result))?;
        match linear.input {
            Input::RmsSum { sum, .. } => write!(f, ", {}", graph.name(sum))?,
            Input::LayerNorm(norm) => write!(f, ", {}", graph.name(norm))?,
            _ => {}
        }
        let part = |index: usize| {
            let part = &linear.parts[index];
            let bias = part.bias.map(|bias| format!(" + {}", graph.name(bias))).unwrap_or_default();
            format!("linear({}{bias})", graph.name(part.weight))
        };
        let all: Vec<String> = (0..linear.parts.len()).map(part).collect();
        match linear.output {
            Output::Plain => write!(f, " = {}", all.join(" | "))?,
            Output::Add(other) => write!(f, " = {} + {}", all.join(" | "), self.name(other))?,
            Output::Activate { function, before, after } => {
                write!(f, " = {function:?} {}", all.join(" | "))?;
                if (before, after) != (1.0, 1.0) {
                    write!(f, " before={before} after={after}")?;
                }
            }
            Output::Gated(function) => write!(f, " = {function:?} {}", all.join(" * "))?,
        }
        let norm = |norm: Value| {
            let all = op(graph, norm).map(Op::inputs).unwrap_or_default();
            let weights: Vec<String> = all.into_iter().skip(1).map(|value| graph.name(value)).collect();
            weights.join(", ")
        };
        match linear.input {
            Input::Plain(value) | Input::Splits { value, .. } => write!(f, " of {}", self.name(value)),
            Input::RmsNorm(value) => {
                write!(f, " of rms_norm({}, {})", self.name(operand(graph, value)), norm(value))
            }
            Input::LayerNorm(value) => {
                write!(f, " of layer_norm({}, {})", self.name(operand(graph, value)), norm(value))
            }
            Input::RmsSum { norm: value, left, inner, .. } => {
                let right = format!("rms_norm({}, {})", self.name(operand(graph, inner)), norm(inner));
                write!(f, " of rms_norm({} + {right}, {})", self.name(left), norm(value))
            }
        }
    }

    fn heads(&self, f: &mut fmt::Formatter<'_>, kernel: &str, heads: &Heads) -> fmt::Result {
        let graph = self.graph;
        let [key, value] = heads.appends.map(|append| graph.name(graph.storage(append)));
        write!(f, "{} = {kernel}({}", graph.name(heads.result), graph.name(heads.input))?;
        write!(f, ", {}) to {key}, {value}", graph.name(heads.positions))?;
        if let Some(norms) = heads.norms {
            let weights = norms.map(|norm| op(graph, norm).and_then(|op| op.inputs().get(1).copied()));
            let names: Vec<String> = weights.into_iter().flatten().map(|weight| graph.name(weight)).collect();
            write!(f, " norms {}", names.join(", "))?;
        }
        if heads.splits > 1 {
            write!(f, " splits={}", heads.splits)?;
        }
        match op(graph, heads.result) {
            Some(Op::Attention { mask: Mask::Causal { window: Some(window), .. }, .. }) => {
                write!(f, " window={window}")
            }
            _ => Ok(()),
        }
    }
}
