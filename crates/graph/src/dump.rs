//! The graph as text: one line a value, for snapshots and for reading.

use std::fmt;

use crate::{Graph, LeafKind, Mask, Node, Op, RopePairs, Value};

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (node, ty)) in self.nodes().iter().enumerate() {
            match node {
                Node::Leaf(leaf) => {
                    let kind = match leaf.kind {
                        LeafKind::Weight => "weight",
                        LeafKind::Input => "input",
                        LeafKind::State => "state",
                        LeafKind::Constant(_) => "constant",
                    };
                    writeln!(f, "{kind} {}: {ty}", leaf.name)?;
                }
                Node::Op(op) => {
                    write!(f, "%{index}: {ty} = {}", op.name())?;
                    self.operands(f, op)?;
                    self.attributes(f, op)?;
                    writeln!(f)?;
                }
            }
        }
        for output in self.outputs() {
            writeln!(f, "output {}: {}", output.name, self.name(output.value))?;
        }
        Ok(())
    }
}

impl Graph {
    fn operands(&self, f: &mut fmt::Formatter<'_>, op: &Op) -> fmt::Result {
        let names: Vec<String> = op.inputs().iter().map(|&input: &Value| self.name(input)).collect();
        write!(f, "({})", names.join(", "))
    }

    fn attributes(&self, f: &mut fmt::Formatter<'_>, op: &Op) -> fmt::Result {
        match op {
            Op::Scale { factor, .. } => write!(f, " factor={factor}"),
            Op::Activate { function, .. } => write!(f, " {function:?}"),
            Op::RmsNorm { epsilon, offset, .. } => write!(f, " epsilon={epsilon:e} offset={offset}"),
            Op::LayerNorm { epsilon, .. } => write!(f, " epsilon={epsilon:e}"),
            Op::Rope { head_dim, base, position_scale, pairs, .. } => {
                let pairs = match pairs {
                    RopePairs::Halves => "halves",
                    RopePairs::Adjacent => "adjacent",
                };
                write!(f, " head_dim={head_dim} base={base} scale={position_scale} {pairs}")
            }
            Op::Attention { mask, heads, kv_heads, scale, .. } => {
                write!(f, " heads={heads}/{kv_heads} scale={scale}")?;
                match mask {
                    Mask::Causal { window: Some(window), .. } => write!(f, " causal window={window}"),
                    Mask::Causal { window: None, .. } => write!(f, " causal"),
                    Mask::Spans { .. } => write!(f, " spans"),
                }
            }
            _ => Ok(()),
        }
    }
}
