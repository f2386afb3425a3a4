//! What the GPU backend makes of a recording, as text (`tests/golden/programs`), without a GPU. `RUSHLIGHT_UPDATE=1` writes the
//! files anew; read the diff.

use ::models::{Head, Step};
use gpu::{
    Limits, Tier,
    fuse::{Program, Stage},
    kernels::{Site, choose},
};
use graph::Graph;
use tests::ops::cases;

use crate::graphs;
use crate::models::tiny::{Layout, Tiny};
use crate::models::tiny_decoders::{self, Variant};
use crate::models::tiny_encoders::{self, Naming};

fn check(name: &str, tiny: &Tiny, layout: Layout, step: Step) -> (Graph, Program) {
    let graph = graphs::record(tiny, layout, step);
    let program = Program::of(&graph, &Limits::default());
    graphs::check("programs", name, &program.dump(&graph));
    assert_eq!(program.unordered(&graph), None);
    (graph, program)
}

#[test]
fn a_token_is_five_launches_a_layer() {
    for variant in Variant::ALL {
        let name = format!("{variant:?}").to_lowercase();
        let (tiny, config) = tiny_decoders::build(variant);
        for head in [Head::Greedy, Head::Sample] {
            let step = Step { tokens: 1, rows: 1, capacity: 64, head };
            let name = format!("{name}_{head:?}").to_lowercase();
            let (_, program) = check(&name, &tiny, Layout::Safetensors, step);
            assert!(program.stages.len() <= 5 * config.layers + 5, "{name}: {}", program.stages.len());
        }
    }
}

#[test]
fn prefill_fuses_what_it_can() {
    for (variant, layout) in [(Variant::Llama3, Layout::Gguf), (Variant::Gemma3, Layout::Gguf)] {
        let name = format!("{variant:?}_prefill").to_lowercase();
        let (tiny, _) = tiny_decoders::build(variant);
        let (graph, program) =
            check(&name, &tiny, layout, Step { tokens: 16, rows: 1, capacity: 64, head: Head::Greedy });
        assert!(program.stages.len() < graph.ops().count());
    }
}

#[test]
fn an_encoder_is_five_launches_a_layer() {
    let (tiny, encoder) = tiny_encoders::build(Naming::Bert, None, Vec::new());
    let step = Step { tokens: 16, rows: 2, capacity: 0, head: Head::Embed };
    let (_, program) = check("bert_mean", &tiny, Layout::Safetensors, step);
    // Around the layers: three gathers and two sums, the last norm, the mean and the unit length.
    assert_eq!(program.stages.len(), 5 * encoder.layers + 8);
}

/// Packed products are for many tokens by weights in blocks, on tiers that have tiles for them, where they were chosen.
#[test]
fn many_tokens_may_go_by_packed_products() {
    let kernels = |name: &str, tier: Tier, dots: bool| {
        let case = cases().into_iter().find(|case| case.name == name).unwrap();
        let mut limits = Limits { tier, ..Limits::default() };
        limits.tuning.dots = dots;
        let program = Program::of(&case.graph, &limits);
        let linear = program.stages.iter().filter(|stage| matches!(stage, Stage::Linear(_)));
        let mut names: Vec<_> =
            linear.map(|stage| choose(&Site::new(&case.graph, &program, stage, &limits).unwrap()).name).collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(kernels("fused/gemma/35", Tier::Fused, true), ["dots"]);
    assert_eq!(kernels("fused/gemma/35", Tier::Subgroups, true), ["dots"]);
    assert_eq!(kernels("fused/gemma/35", Tier::Fused, false), ["gemm"]);
    assert_eq!(kernels("fused/gemma/35", Tier::Quads, true), ["quads"]);
    assert_eq!(kernels("fused/gemma/35", Tier::Plain, true), ["linear"]);
    assert_eq!(kernels("fused/gemma/5", Tier::Fused, true), ["linear"]);
    // Plain weights but for the last layer.
    assert_eq!(kernels("fused/qwen2/9", Tier::Fused, true), ["dots", "gemm"]);
}
