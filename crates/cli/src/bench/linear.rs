//! Matrix products by format, shape and tokens.

use anyhow::{Context, Result};
use graph::{Buffers, DType, Graph, LeafKind, TensorType};
use serde_json::json;

use super::plans::{Bench, Prepared};

/// Tokens from which on the bytes of weights do not count, and weights of a plan then.
const MANY: usize = 16;
const FEW_WEIGHTS: usize = 4;

/// All shapes of a format.
pub(super) fn measure(bench: &mut Bench, dtype: DType) -> Result<()> {
    for [rows, columns] in bench.load.shapes.clone() {
        let bytes = TensorType::new(dtype, [rows, columns]).bytes().context("rows of no whole blocks")?;
        let copies = bench.load.bytes.div_ceil(bytes) as usize;
        let mut weights = Buffers::new();
        for tokens in bench.load.batches.clone() {
            let copies = if tokens >= MANY { copies.min(FEW_WEIGHTS) } else { copies };
            let graph = products(dtype, [rows, columns], tokens, copies);
            let plan = Prepared::new(bench.backend.as_mut(), graph, &mut weights)?;
            let seconds = plan.seconds(bench.backend.as_mut())? / copies as f64;
            plan.close(bench.backend.as_mut());
            let facts = json!({
                "kind": "linear", "dtype": dtype.name(), "rows": rows, "columns": columns, "tokens": tokens,
            });
            bench.print(facts, seconds, bytes, (2 * rows * columns * tokens) as u64)?;
        }
        weights.into_values().for_each(|buffer| bench.backend.free(buffer));
    }
    Ok(())
}

/// Products with several weights of one shape. Each takes the result of the last, as in a model, if the shape lets it.
fn products(dtype: DType, [rows, columns]: [usize; 2], tokens: usize, copies: usize) -> Graph {
    let mut graph = Graph::new();
    let input = graph.leaf(LeafKind::Input, "x", DType::F32, [tokens, columns]);
    let mut last = input;
    for index in 0..copies {
        let weight = graph.leaf(LeafKind::Weight, &format!("weight.{index}"), dtype, [rows, columns]);
        last = graph.linear(if rows == columns { last } else { input }, weight, None);
        if rows != columns || index + 1 == copies {
            graph.output(&format!("y.{index}"), last);
        }
    }
    graph
}
