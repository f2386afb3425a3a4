//! Attention in Qwen2.5-1.5B's shape: what a layer does between the projections of its input and of its output.

use anyhow::Result;
use graph::{Buffers, DType, Graph, LeafKind, Mask, RopePairs};
use serde_json::json;

use super::plans::{Bench, Prepared};

const HEADS: usize = 12;
const KV_HEADS: usize = 2;
const HEAD_DIM: usize = 128;
/// Tokens that the caches hold.
const CONTEXT: usize = 2048;
/// Layers of a plan, each with caches of its own.
const LAYERS: usize = 28;
/// Columns of the weights in front of it and rows of those behind it: as few as can be, since attention is measured with them.
const COLUMNS: usize = 32;

/// One token at the end of a full context, and a prompt at its start.
pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    for tokens in [1, bench.load.many] {
        let start = if tokens == 1 { CONTEXT - 1 } else { 0 };
        let mut weights = Buffers::new();
        let plan = Prepared::new(bench.backend.as_mut(), layers(tokens), &mut weights)?;
        let positions: Vec<u32> = (start as u32..).take(tokens).collect();
        plan.write(bench.backend.as_mut(), "positions", &positions)?;
        let seconds = plan.seconds(bench.backend.as_mut())? / LAYERS as f64;
        plan.close(bench.backend.as_mut());
        weights.into_values().for_each(|buffer| bench.backend.free(buffer));
        let pairs: usize = (start..start + tokens).map(|position| position + 1).sum();
        // Keys and values of f16; a multiplication and an addition for each of both.
        let bytes = 2 * 2 * KV_HEADS * HEAD_DIM * (start + tokens);
        let operations = 4 * HEADS * HEAD_DIM * pairs;
        let facts = json!({
            "kind": "attention", "heads": HEADS, "kvHeads": KV_HEADS, "headDim": HEAD_DIM,
            "context": start + tokens, "tokens": tokens,
        });
        bench.print(facts, seconds, bytes as u64, operations as u64)?;
    }
    Ok(())
}

/// As models record it, so that the same kernels run.
fn layers(tokens: usize) -> Graph {
    let mut graph = Graph::new();
    let input = graph.leaf(LeafKind::Input, "x", DType::F32, [tokens, COLUMNS]);
    let positions = graph.leaf(LeafKind::Input, "positions", DType::U32, [tokens]);
    let [queries, keys] = [HEADS, KV_HEADS].map(|heads| heads * HEAD_DIM);
    for layer in 0..LAYERS {
        let projected = [("query", queries), ("key", keys), ("value", keys)].map(|(name, rows)| {
            let weight = graph.leaf(LeafKind::Weight, &format!("{name}.weight"), DType::F32, [rows, COLUMNS]);
            graph.linear(input, weight, None)
        });
        let [query, key] =
            [0, 1].map(|index| graph.rope(projected[index], positions, HEAD_DIM, 1e6, RopePairs::Halves));
        let [keys, values] = [("keys", key), ("values", projected[2])].map(|(name, rows)| {
            let shape = [CONTEXT, keys];
            let cache = graph.leaf(LeafKind::State, &format!("{name}.{layer}"), DType::F16, shape);
            graph.append(cache, rows, positions)
        });
        let mask = Mask::Causal { positions, window: None };
        let scale = (HEAD_DIM as f32).powf(-0.5);
        let mixed = graph.attention([query, keys, values], mask, [HEADS, KV_HEADS], scale);
        // Shares of the keys are merged in here.
        let weight = graph.leaf(LeafKind::Weight, "output.weight", DType::F32, [COLUMNS, queries]);
        let mixed = graph.linear(mixed, weight, None);
        graph.output(&format!("y.{layer}"), mixed);
    }
    graph
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Backend;

    /// What is measured is what models run: three launches a layer for one token, not one for each op.
    #[test]
    fn the_fused_kernels_are_measured() {
        let options = gpu::Options { tier: Some(gpu::Tier::Fused), ..Default::default() };
        let Ok(mut backend) = pollster::block_on(gpu::GpuBackend::new(options)) else { return };
        for (tokens, launches) in [(1, 3), (16, 4)] {
            let mut weights = Buffers::new();
            let plan = Prepared::new(&mut backend, layers(tokens), &mut weights).unwrap();
            let before = backend.counters().dispatches;
            plan.run(&mut backend).unwrap();
            assert_eq!(backend.counters().dispatches - before, (launches * LAYERS) as u64, "{tokens} tokens");
        }
    }
}
