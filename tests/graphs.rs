//! What each family records, as text (`tests/golden/graphs`). `RUSHLIGHT_UPDATE=1` writes the files anew; read the diff.

use std::path::PathBuf;

use ::models::{Head, Step};
use graph::Graph;
use weights::Checkpoint;

use crate::models::tiny::{Layout, Tiny};
use crate::models::tiny_decoders::{self, Variant};
use crate::models::tiny_encoders::{self, Naming};

pub(crate) fn record(tiny: &Tiny, layout: Layout, step: Step) -> Graph {
    let mut checkpoint = Checkpoint::open(tiny.files(layout)).unwrap();
    let model = ::models::open(&mut checkpoint).unwrap();
    let mut graph = Graph::new();
    model.record(&mut graph, &step);
    let graph = graph.finish().unwrap();
    // Every weight that the model lists is taken, in the type that it lists.
    if step.head != Head::Append {
        let taken: Vec<_> = graph.leaves().filter(|(_, leaf, _)| leaf.kind == graph::LeafKind::Weight).collect();
        assert_eq!(taken.len(), model.weights().len());
        for weight in model.weights() {
            assert!(taken.iter().any(|(_, leaf, ty)| leaf.name == weight.name && **ty == weight.ty), "{}", weight.name);
        }
    }
    graph
}

/// Compares text with the file that a folder of the goldens has for it.
pub(crate) fn check(folder: &str, name: &str, found: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(folder).join(format!("{name}.txt"));
    if std::env::var_os("RUSHLIGHT_UPDATE").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let line = found.lines().zip(expected.lines()).position(|(a, b)| a != b);
    assert!(
        found == expected,
        "{name}: line {:?} of the recording differs from {}",
        line.map(|n| n + 1),
        path.display()
    );
}

fn check_graph(name: &str, graph: Graph) {
    check("graphs", name, &graph.to_string());
}

#[test]
fn decoders_record_what_they_did() {
    let step = |tokens: usize, head: Head| Step { tokens, rows: 1, capacity: 64, head };
    for variant in Variant::ALL {
        let name = format!("{variant:?}").to_lowercase();
        let (tiny, _) = tiny_decoders::build(variant);
        check_graph(&format!("{name}_decode"), record(&tiny, Layout::Safetensors, step(1, Head::Greedy)));
    }
    let (llama, _) = tiny_decoders::build(Variant::Llama3);
    check_graph("llama3_gguf_prefill", record(&llama, Layout::Gguf, step(16, Head::Sample)));
    check_graph("llama3_gguf_append", record(&llama, Layout::Gguf, step(16, Head::Append)));
    let (gemma, _) = tiny_decoders::build(Variant::Gemma3);
    let every = Step { tokens: 16, rows: 16, capacity: 64, head: Head::Logits };
    check_graph("gemma3_gguf_logits", record(&gemma, Layout::Gguf, every));
}

#[test]
fn encoders_record_what_they_did() {
    let step = |head: Head| Step { tokens: 16, rows: 2, capacity: 0, head };
    let (bert, _) = tiny_encoders::build(Naming::Bert, None, Vec::new());
    check_graph("bert_mean", record(&bert, Layout::Safetensors, step(Head::Embed)));
    check_graph("bert_gguf_first", record(&bert, Layout::Gguf, step(Head::Embed)));
    for naming in [Naming::Bert, Naming::Roberta, Naming::DistilBert] {
        let (tiny, _) = tiny_encoders::build(naming, Some("single_label_classification"), Vec::new());
        let name = format!("{naming:?}_classify").to_lowercase();
        check_graph(&name, record(&tiny, Layout::HalfWidth, step(Head::Classify)));
    }
}
