//! The op table on the CPU backend, the completeness of the table, and what the backend promises besides numbers.

use std::collections::BTreeSet;

use cpu::{CpuBackend, Pool};
use graph::{Backend, BackendError, Buffers, DType, Graph, LeafKind, Mask, Op, RopePairs, TensorType};
use pollster::block_on;
use tests::ops::{self, ACTIVATIONS, Case};

/// Runs every case whose name starts with one of the given, on one thread and on more, and lists all that fail. Threads
/// change no bit.
fn run(names: &[&str]) {
    let mut failures = Vec::new();
    let mut count = 0;
    for case in ops::cases() {
        if names.iter().any(|name| case.name.starts_with(name)) {
            count += 1;
            let alone = match block_on(ops::check(&mut CpuBackend::new(), &case)) {
                Ok(report) if report.passed => report.bytes,
                outcome => {
                    let what = outcome.map(|report| format!("{} is off by {:e} (NMSE)", report.worst, report.nmse));
                    failures.push(format!("{}: {what:?}", case.name));
                    continue;
                }
            };
            for threads in [2, 3] {
                let mut backend = CpuBackend::with_pool(Pool::start(threads).unwrap().eager());
                let report = block_on(ops::check(&mut backend, &case)).unwrap();
                if report.bytes != alone {
                    failures.push(format!("{}: other bits on {threads} threads", case.name));
                }
            }
        }
    }
    assert!(count > 0, "no case is called {names:?}");
    assert!(failures.is_empty(), "{} of {count} failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn linear() {
    run(&["linear/"]);
}

#[test]
fn gather() {
    run(&["gather/"]);
}

#[test]
fn elementwise() {
    run(&["add/", "mul/", "scale/", "activate/"]);
}

#[test]
fn norms() {
    run(&["rms_norm/", "layer_norm/", "normalize/"]);
}

#[test]
fn attention() {
    run(&["attention/", "append/", "rope/"]);
}

#[test]
fn tokens() {
    run(&["mean_pool/", "argmax/", "penalize/", "mask_logits/", "sample/"]);
}

#[test]
fn graphs() {
    run(&["graph/"]);
}

fn ops_of(cases: &[Case]) -> impl Iterator<Item = (&Graph, &Op)> {
    cases.iter().flat_map(|case| case.graph.ops().map(|(_, op, _)| (&case.graph, op)))
}

#[test]
fn the_table_covers_every_op() {
    let cases = ops::cases();
    let names: BTreeSet<&str> = ops_of(&cases).map(|(_, op)| op.name()).collect();
    // A new variant of `Op` makes this match fail to compile; its name then belongs into the list below.
    for (_, op) in ops_of(&cases) {
        match op {
            Op::Gather { .. } | Op::Linear { .. } | Op::Add { .. } | Op::Mul { .. } | Op::Scale { .. } => {}
            Op::Activate { .. } | Op::RmsNorm { .. } | Op::LayerNorm { .. } | Op::Rope { .. } => {}
            Op::Append { .. } | Op::Attention { .. } | Op::MeanPool { .. } | Op::Normalize { .. } => {}
            Op::Argmax { .. } | Op::Penalize { .. } | Op::MaskLogits { .. } | Op::Sample { .. } => {}
        }
    }
    let all = [
        "gather",
        "linear",
        "add",
        "mul",
        "scale",
        "activate",
        "rms_norm",
        "layer_norm",
        "rope",
        "append",
        "attention",
        "mean_pool",
        "normalize",
        "argmax",
        "penalize",
        "mask_logits",
        "sample",
    ];
    assert_eq!(names, BTreeSet::from(all));
    let distinct: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(distinct.len(), cases.len(), "two cases share a name");
}

#[test]
fn the_table_covers_every_dtype_and_attribute() {
    let cases = ops::cases();
    let (mut linear, mut gather, mut functions) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut pairs, mut masks) = (BTreeSet::new(), BTreeSet::new());
    for (graph, op) in ops_of(&cases) {
        match op {
            Op::Linear { input, weight, bias } => {
                let tokens = graph.ty(*input).shape.rows();
                linear.insert((graph.ty(*weight).dtype, tokens == 1));
                linear.insert((graph.ty(*weight).dtype, bias.is_some()));
            }
            Op::Gather { table, .. } => {
                gather.insert(graph.ty(*table).dtype);
            }
            Op::Activate { function, .. } => {
                functions.insert(format!("{function:?}"));
            }
            Op::Rope { pairs: which, factors, .. } => {
                pairs.insert((*which == RopePairs::Halves, factors.is_some()));
            }
            Op::Attention { mask, .. } => {
                masks.insert(match mask {
                    Mask::Causal { window, .. } => window.is_some().to_string(),
                    Mask::Spans { .. } => "spans".into(),
                });
            }
            _ => {}
        }
    }
    for dtype in DType::WEIGHTS {
        assert!(linear.contains(&(dtype, true)) && linear.contains(&(dtype, false)), "linear {dtype}");
        assert!(gather.contains(&dtype), "gather {dtype}");
    }
    assert_eq!(functions.len(), ACTIVATIONS.len());
    assert_eq!(pairs.len(), 4);
    assert_eq!(masks.len(), 3);
}

/// Adds an input to itself three times, under the output name `y`.
fn chain(columns: usize) -> Graph {
    let mut graph = Graph::new();
    let x = graph.leaf(LeafKind::Input, "x", DType::F32, [2, columns]);
    let mut y = graph.scale(x, 1.0);
    for _ in 0..20 {
        let z = graph.activate(y, graph::Activation::Relu);
        let z = graph.mul(z, x);
        y = graph.add(y, z);
    }
    graph.output("y", y);
    graph.finish().unwrap()
}

#[test]
fn intermediate_results_share_memory_and_all_of_it_comes_back() {
    let mut backend = CpuBackend::new();
    assert_eq!(backend.memory(), graph::Memory::default());
    let graph = chain(1024);
    let ty = TensorType::new(DType::F32, [2, 1024]);
    let buffers = Buffers::from(["x", "y"].map(|name| (name.to_owned(), backend.alloc(&ty).unwrap())));
    assert_eq!(backend.memory().host, 2 * 8192);
    let plan = block_on(backend.prepare(&graph, &buffers)).unwrap();
    // 61 results of 8 KiB, of which two are needed at a time.
    assert!(backend.memory().host <= 2 * 8192 + 3 * 8192, "{:?}", backend.memory());
    backend.run(plan).unwrap();
    backend.run(plan).unwrap();
    assert_eq!(backend.counters().dispatches, 2 * 61);
    backend.release(plan);
    buffers.into_values().for_each(|buffer| backend.free(buffer));
    assert_eq!(backend.memory(), graph::Memory::default());
    assert!(matches!(backend.run(plan), Err(BackendError::Validation(_))));
}

#[test]
fn what_cannot_be_allocated_is_an_error() {
    let mut backend = CpuBackend::new();
    for shape in [vec![1 << 20, 1 << 30], vec![1 << 30, 1 << 30], vec![usize::MAX, 8]] {
        let ty = TensorType::new(DType::F32, shape);
        assert!(matches!(backend.alloc(&ty), Err(BackendError::OutOfMemory { .. })), "{ty}");
    }
    assert_eq!(backend.memory(), graph::Memory::default());
}

#[test]
fn buffers_are_checked_when_they_are_bound_and_used() {
    let mut backend = CpuBackend::new();
    let graph = chain(8);
    let ty = TensorType::new(DType::F32, [2, 8]);
    let (x, y) = (backend.alloc(&ty).unwrap(), backend.alloc(&ty).unwrap());
    let other = backend.alloc(&TensorType::new(DType::F32, [16])).unwrap();
    let prepare = |backend: &mut CpuBackend, bound: &[(&str, graph::BufferId)]| {
        let buffers = bound.iter().map(|(name, id)| (name.to_string(), *id)).collect();
        block_on(backend.prepare(&graph, &buffers))
    };
    let missing = prepare(&mut backend, &[("x", x)]).unwrap_err();
    assert_eq!(missing.to_string(), "y: expected a buffer of f32[2, 8], found nothing");
    let wrong = prepare(&mut backend, &[("x", other), ("y", y)]).unwrap_err();
    assert_eq!(wrong.to_string(), "x: expected a buffer of f32[2, 8], found f32[16]");

    let plan = prepare(&mut backend, &[("x", x), ("y", y)]).unwrap();
    assert_eq!(backend.write(x, 60, &[0; 8]), Err(BackendError::BadBuffer(x)));
    assert_eq!(backend.write(x, u64::MAX, &[0; 8]), Err(BackendError::BadBuffer(x)));
    assert_eq!(block_on(backend.read(y, 61, 4)), Err(BackendError::BadBuffer(y)));
    backend.run(plan).unwrap();
    backend.free(x);
    assert_eq!(backend.run(plan), Err(BackendError::BadBuffer(x)));
    assert_eq!(backend.write(x, 0, &[0]), Err(BackendError::BadBuffer(x)));
}

#[test]
fn a_buffer_may_be_input_and_output_of_a_step() {
    let mut graph = Graph::new();
    let x = graph.leaf(LeafKind::Input, "x", DType::F32, [1, 4]);
    let y = graph.add(x, x);
    let z = graph.add(y, x);
    graph.output("z", z);
    // Computed after z from x, which z must not have overwritten, in memory that is not z's.
    let rest = graph.scale(x, 10.0);
    let rest = graph.add(rest, x);
    graph.output("rest", rest);
    let graph = graph.finish().unwrap();
    let mut backend = CpuBackend::new();
    let ty = TensorType::new(DType::F32, [1, 4]);
    let (buffer, rest) = (backend.alloc(&ty).unwrap(), backend.alloc(&ty).unwrap());
    backend.write(buffer, 0, &ops::reals(&[1.0, 2.0, 3.0, 4.0])).unwrap();
    let buffers = Buffers::from([("x".into(), buffer), ("z".into(), buffer), ("rest".into(), rest)]);
    let plan = block_on(backend.prepare(&graph, &buffers)).unwrap();
    backend.run(plan).unwrap();
    backend.run(plan).unwrap();
    for (buffer, want) in [(buffer, [9.0, 18.0, 27.0, 36.0]), (rest, [33.0, 66.0, 99.0, 132.0])] {
        let bytes = block_on(backend.read(buffer, 0, 16)).unwrap();
        assert_eq!(bytes, ops::reals(&want));
    }
}

/// Four query rows go together, also where they belong to two sequences of a packed batch.
#[test]
fn what_is_no_number_stays_in_its_sequence() {
    const ROWS: usize = 6;
    let mut graph = Graph::new();
    let qkv = ["query", "key", "value"].map(|name| graph.leaf(LeafKind::Input, name, DType::F32, [ROWS, 8]));
    let spans = graph.leaf(LeafKind::Input, "spans", DType::U32, [ROWS, 2]);
    let out = graph.attention(qkv, Mask::Spans { spans }, [1, 1], 0.5);
    graph.output("out", out);
    let graph = graph.finish().unwrap();
    let compute = |bad: f32| {
        let mut backend = CpuBackend::new();
        let mut buffers = Buffers::new();
        let mut put = |name: &str, ty: TensorType, bytes: &[u8]| {
            let id = backend.alloc(&ty).unwrap();
            backend.write(id, 0, bytes).unwrap();
            buffers.insert(name.into(), id);
            id
        };
        for name in ["query", "key", "value"] {
            let mut numbers: Vec<f32> = (0..ROWS * 8).map(|i| (i * 7 % 11) as f32 * 0.1).collect();
            numbers[4 * 8 + 3] = bad;
            put(name, TensorType::new(DType::F32, [ROWS, 8]), &ops::reals(&numbers));
        }
        let spans = [[0, 3], [0, 3], [0, 3], [3, 6], [3, 6], [3, 6]].as_flattened().to_vec();
        put("spans", TensorType::new(DType::U32, [ROWS, 2]), &ops::words(&spans));
        let out = put("out", TensorType::new(DType::F32, [ROWS, 8]), &[]);
        let plan = block_on(backend.prepare(&graph, &buffers)).unwrap();
        backend.run(plan).unwrap();
        let bytes = block_on(backend.read(out, 0, ROWS * 8 * 4)).unwrap();
        bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect::<Vec<f32>>()
    };
    let clean = compute(0.0);
    for bad in [f32::NAN, f32::INFINITY] {
        let got = compute(bad);
        assert_eq!(got[..3 * 8], clean[..3 * 8], "{bad}");
        assert!(got[4 * 8..5 * 8].iter().any(|x| !x.is_finite()), "{bad}: {got:?}");
    }
}

/// Halves that are no numbers take another way through the kernel for a few query rows.
#[test]
fn what_is_no_number_in_a_cache_stays_so() {
    const ROWS: usize = 5;
    let mut graph = Graph::new();
    let query = graph.leaf(LeafKind::Input, "query", DType::F32, [1, 16]);
    let [key, value] = ["key", "value"].map(|name| graph.leaf(LeafKind::Input, name, DType::F16, [ROWS, 16]));
    let positions = graph.leaf(LeafKind::Input, "positions", DType::U32, [1]);
    let out = graph.attention([query, key, value], Mask::Causal { positions, window: None }, [2, 2], 0.5);
    graph.output("out", out);
    let graph = graph.finish().unwrap();
    let mut backend = CpuBackend::new();
    let mut buffers = Buffers::new();
    let numbers: Vec<f32> = (0..ROWS * 16).map(|i| (i * 7 % 11) as f32 * 0.1).collect();
    let mut values = numbers.clone();
    values[2 * 16 + 9] = f32::NAN;
    let mut put = |name: &str, dtype: DType, shape: &[usize], bytes: &[u8]| {
        let id = backend.alloc(&TensorType::new(dtype, shape.to_vec())).unwrap();
        backend.write(id, 0, bytes).unwrap();
        buffers.insert(name.into(), id);
        id
    };
    put("query", DType::F32, &[1, 16], &ops::reals(&numbers[..16]));
    put("key", DType::F16, &[ROWS, 16], &ops::halves(&numbers));
    put("value", DType::F16, &[ROWS, 16], &ops::halves(&values));
    put("positions", DType::U32, &[1], &ops::words(&[4]));
    let out = put("out", DType::F32, &[1, 16], &[]);
    let plan = block_on(backend.prepare(&graph, &buffers)).unwrap();
    backend.run(plan).unwrap();
    let bytes = block_on(backend.read(out, 0, 16 * 4)).unwrap();
    let got: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    for (i, x) in got.iter().enumerate() {
        assert_eq!(x.is_nan(), i == 9, "element {i}: {got:?}");
    }
}
