//! Recording: what the shape rules accept, what they refuse and how they say it.

use graph::{DType, Graph, GraphError, LeafKind, Mask, Op, RopePairs, SampleParams, Value};

fn input(graph: &mut Graph, name: &str, shape: [usize; 2]) -> Value {
    graph.leaf(LeafKind::Input, name, DType::F32, shape)
}

fn words(graph: &mut Graph, name: &str, len: usize) -> Value {
    graph.leaf(LeafKind::Input, name, DType::U32, [len])
}

#[test]
fn a_decoder_layer_reads_as_one_line_an_op() {
    let mut g = Graph::new();
    let ids = words(&mut g, "ids", 2);
    let positions = words(&mut g, "positions", 2);
    let table = g.leaf(LeafKind::Weight, "token_embd.weight", DType::Q8_0, [10, 64]);
    let norm = g.leaf(LeafKind::Weight, "norm", DType::F32, [64]);
    let weight = g.leaf(LeafKind::Weight, "q", DType::Q4_0, [64, 64]);
    let cache = g.leaf(LeafKind::State, "key", DType::F16, [16, 64]);
    let x = g.gather(table, ids);
    let x = g.rms_norm(x, norm, 1e-5, 0.0);
    let q = g.linear(x, weight, None);
    let q = g.rope(q, positions, 32, 10_000.0, RopePairs::Adjacent);
    let k = g.append(cache, q, positions);
    let x = g.attention([q, k, k], Mask::Causal { positions, window: Some(8) }, [2, 2], 0.125);
    let token = g.argmax(x);
    g.output("token", token);
    assert_eq!(g.storage(k), cache);
    let text = g.finish().expect("shapes fit").to_string();
    let expected = "\
input ids: u32[2]
input positions: u32[2]
weight token_embd.weight: q8_0[10, 64]
weight norm: f32[64]
weight q: q4_0[64, 64]
state key: f16[16, 64]
%6: f32[2, 64] = gather(token_embd.weight, ids)
%7: f32[2, 64] = rms_norm(%6, norm) epsilon=1e-5 offset=0
%8: f32[2, 64] = linear(%7, q)
%9: f32[2, 64] = rope(%8, positions) head_dim=32 base=10000 scale=1 adjacent
%10: f16[16, 64] = append(key, %9, positions)
%11: f32[2, 64] = attention(%9, %10, %10, positions) heads=2/2 scale=0.125 causal window=8
%12: u32[2] = argmax(%11)
output token: %12
";
    assert_eq!(text, expected);
}

#[test]
fn the_first_mistake_is_kept_with_names_and_types() {
    let mut g = Graph::new();
    let x = input(&mut g, "x", [2, 64]);
    let w = g.leaf(LeafKind::Weight, "blk.0.attn_q.weight", DType::Q4_0, [8, 32]);
    let y = g.linear(x, w, None);
    let z = g.add(y, w); // a second mistake, caused by nothing the reader should look at
    g.output("z", z);
    let error = g.finish().expect_err("64 against 32");
    assert_eq!(error.to_string(), "linear: x f32[2, 64] does not fit blk.0.attn_q.weight q4_0[8, 32]");
}

#[test]
fn rules_refuse_what_no_kernel_could_run() {
    type Record = fn(&mut Graph) -> Value;
    let mistakes: [(&str, Record); 12] = [
        ("linear", |g| {
            let (x, w) = (input(g, "x", [2, 8]), words(g, "w", 8));
            g.linear(x, w, None)
        }),
        ("gather", |g| {
            let (table, index) = (input(g, "x", [2, 8]), input(g, "y", [2, 1]));
            g.gather(table, index)
        }),
        ("rope", |g| {
            let (x, p) = (input(g, "x", [2, 9]), words(g, "p", 2));
            g.rope(x, p, 3, 1e4, RopePairs::Halves)
        }),
        ("append", |g| {
            let (x, p) = (input(g, "x", [2, 8]), words(g, "p", 2));
            g.append(x, x, p)
        }),
        ("append", |g| {
            let (ids, p) = (words(g, "ids", 3), words(g, "p", 2));
            let history = g.leaf(LeafKind::State, "history", DType::U32, [8, 1]);
            g.append(history, ids, p)
        }),
        ("attention", |g| {
            let (x, p) = (input(g, "x", [2, 8]), words(g, "p", 2));
            g.attention([x, x, x], Mask::Spans { spans: p }, [2, 2], 1.0)
        }),
        ("attention", |g| {
            let (x, p) = (input(g, "x", [2, 8]), words(g, "p", 2));
            g.attention([x, x, x], Mask::Causal { positions: p, window: None }, [3, 2], 1.0)
        }),
        ("mean_pool", |g| {
            let (x, p) = (input(g, "x", [2, 8]), words(g, "p", 1));
            g.mean_pool(x, p)
        }),
        ("penalize", |g| {
            let (x, p, history) = (input(g, "x", [2, 8]), words(g, "p", 8), words(g, "history", 9));
            g.penalize(x, history, p)
        }),
        ("mask_logits", |g| {
            let (x, p) = (input(g, "x", [2, 64]), words(g, "p", 3));
            g.mask_logits(x, p)
        }),
        ("mask_logits", |g| {
            let x = input(g, "x", [2, 64]);
            g.mask_logits(x, x)
        }),
        ("sample", |g| {
            let (x, p) = (input(g, "x", [2, 8]), words(g, "p", 7));
            g.sample(x, p)
        }),
    ];
    for (op, record) in mistakes {
        let mut g = Graph::new();
        record(&mut g);
        let error = g.finish().expect_err(op).to_string();
        assert!(error.starts_with(op), "{error}");
    }
}

#[test]
fn a_name_has_one_type() {
    let mut g = Graph::new();
    let first = input(&mut g, "x", [2, 8]);
    assert_eq!(input(&mut g, "x", [2, 8]), first);
    input(&mut g, "x", [2, 9]);
    assert!(matches!(g.finish(), Err(GraphError::Duplicate { .. })));
}

#[test]
fn sizes_that_overflow_are_errors() {
    for (dtype, shape) in [(DType::F32, [1 << 40, 1 << 40]), (DType::Q4_0, [1, 33]), (DType::Q4K, [1, 128])] {
        let mut g = Graph::new();
        g.leaf(LeafKind::Weight, "w", dtype, shape);
        assert!(matches!(g.finish(), Err(GraphError::BadSize { .. })), "{dtype} {shape:?}");
    }
}

#[test]
fn a_gather_takes_every_weight_dtype() {
    for dtype in DType::WEIGHTS {
        let mut g = Graph::new();
        let table = g.leaf(LeafKind::Weight, "t", dtype, [4, 256]);
        let index = words(&mut g, "i", 3);
        let rows = g.record(Op::Gather { table, index });
        assert_eq!(g.ty(rows).to_string(), "f32[3, 256]");
        assert!(g.finish().is_ok());
    }
}

#[test]
fn uniform_numbers_are_spread_and_repeatable() {
    let draw =
        |seed, counter| SampleParams { temperature: 1.0, top_k: 0, top_p: 1.0, min_p: 0.0, seed, counter }.uniform();
    assert_eq!(draw(7, 3), draw(7, 3));
    for seed in [0, 1, 12_345] {
        let numbers: Vec<f32> = (0..4096).map(|counter| draw(seed, counter)).collect();
        assert!(numbers.iter().all(|n| (0.0..1.0).contains(n)));
        let mean = numbers.iter().sum::<f32>() / 4096.0;
        assert!((mean - 0.5).abs() < 0.02, "mean {mean}");
        let buckets: Vec<usize> =
            (0..8).map(|b| numbers.iter().filter(|&&n| (n * 8.0) as usize == b).count()).collect();
        assert!(buckets.iter().all(|&n| (400..640).contains(&n)), "{buckets:?}");
    }
}
