//! The whole table of cases on a native adapter: on every tier, with weights in pieces, over folded grids.

use gpu::{GpuBackend, Limits, Options, Tier};
use graph::{Backend, Facts, LeafKind};
use tests::ops::{Case, cases, check};

use super::{DEFAULT, open};

/// Runs cases; the failures, and how many ran.
fn run(backend: &mut GpuBackend, cases: &[Case]) -> (Vec<String>, usize) {
    let mut failures = Vec::new();
    let mut ran = 0;
    for case in cases {
        match pollster::block_on(check(backend, case)) {
            Ok(report) if report.passed => ran += 1,
            Ok(report) => {
                failures.push(format!("{}: {:e} > {:e} ({})", case.name, report.nmse, report.threshold, report.worst));
            }
            Err(error) => failures.push(format!("{}: {error}", case.name)),
        }
    }
    (failures, ran)
}

/// The kernels that a GPU gets.
#[test]
fn the_table_at_default_limits() {
    the_table(Options { tier: Some(Tier::Fused), ..DEFAULT });
}

/// Those that a processor gets.
#[test]
fn the_table_by_quads() {
    the_table(Options { tier: Some(Tier::Quads), ..DEFAULT });
}

#[test]
fn the_table_with_subgroups() {
    the_table(Options { tier: Some(Tier::Subgroups), ..DEFAULT });
}

/// Those that a GPU has a choice of for many tokens.
#[test]
fn the_table_by_packed_products() {
    the_table(Options { tier: Some(Tier::Fused), dots: true, ..DEFAULT });
}

fn the_table(options: Options) {
    let Some(mut backend) = open(options) else { return };
    let Facts { name, details, .. } = backend.facts();
    println!("adapter: {name} {details:?}");
    if Some(backend.limits().tier) != options.tier {
        return println!("skipped: {}", details["tierReason"]);
    }
    assert_eq!(details["dots"], if options.dots { "on" } else { "off" });
    let cases = cases();
    let (failures, ran) = run(&mut backend, &cases);
    assert!(failures.is_empty(), "{} of {} cases failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert_eq!(ran, cases.len());
}

/// Weights in several pieces, grids folded into two dimensions.
#[test]
fn the_table_at_tiny_limits() {
    let limits = Limits { max_binding: 64 << 10, max_groups: 100, ..Limits::default() };
    let options = Options {
        max_binding: Some(limits.max_binding),
        max_groups: Some(limits.max_groups),
        tier: Some(Tier::Plain),
        ..DEFAULT
    };
    let Some(mut backend) = open(options) else { return };
    let mut split = 0;
    let mut fitting = Vec::new();
    for case in cases() {
        let nodes = case.graph.nodes().iter();
        // Only weights can be split; a case with larger activations belongs to the other test.
        let fits = nodes.clone().all(|(node, ty)| {
            matches!(node, graph::Node::Leaf(leaf) if leaf.kind == LeafKind::Weight)
                || ty.bytes().is_some_and(|bytes| bytes <= limits.max_binding)
        });
        if fits && !case.name.starts_with("linear/q4_k/1x256x70001") {
            split += nodes.filter(|(_, ty)| gpu::split(ty, &limits).is_ok_and(|parts| parts.len() > 1)).count();
            fitting.push(case);
        }
    }
    assert!(split >= 20, "only {split} tensors are split");
    let (failures, ran) = run(&mut backend, &fitting);
    assert!(failures.is_empty(), "{} of {ran} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// The same for tiles of many tokens, which the plainest tier has not: neither piece is a whole number of tiles.
#[test]
fn tiles_of_a_weight_in_pieces() {
    let limits = Limits { max_binding: 256 << 10, ..Limits::default() };
    let options = Options { max_binding: Some(limits.max_binding), tier: Some(Tier::Fused), ..DEFAULT };
    let Some(mut backend) = open(options) else { return };
    let case = cases().into_iter().find(|case| case.name == "linear/f32/33x1536x64").unwrap();
    let rows = case.graph.nodes().iter().map(|(_, ty)| gpu::split(ty, &limits).unwrap().len());
    assert_eq!(rows.max(), Some(2));
    assert_eq!(run(&mut backend, &[case]), (Vec::new(), 1));
}
