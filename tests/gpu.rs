//! The GPU backend on a native adapter (lavapipe where there is no other): the whole table of cases (`gpu/table.rs`), and the
//! counts, memory and errors that only a device has.

mod table;

use gpu::{GpuBackend, Limits, Options};
use graph::{Backend, BackendError, Buffers, DType, Graph, LeafKind, Task, TensorType, Value};

use tests::ops::{reals, words};

/// The limits that every browser has.
const DEFAULT: Options = Options {
    power: gpu::Power::Default,
    default_limits: true,
    max_binding: None,
    max_groups: None,
    tier: None,
    dots: false,
    browser: None,
};

/// Opens a device, or says that the test is skipped.
fn open(options: Options) -> Option<GpuBackend> {
    match pollster::block_on(GpuBackend::new(options)) {
        Ok(backend) => Some(backend),
        Err(error @ BackendError::Unavailable(_)) => {
            assert!(std::env::var_os("REQUIRE_GPU").is_none(), "REQUIRE_GPU is set: {error}");
            println!("skipped: no adapter");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// What a device can do at most is measured by launches that a clock makes long enough, and leaves nothing behind.
#[test]
fn the_ceiling_is_measured() {
    let Some(mut backend) = open(DEFAULT) else { return };
    let before = backend.memory();
    // Each look at the clock is 120 ms after the last: whatever is launched between two takes long enough.
    let time = std::cell::Cell::new(0.0);
    let seconds = || time.replace(time.get() + 0.12);
    let stream = pollster::block_on(backend.stream_rate(&seconds)).unwrap();
    let bytes = f64::from(128 << 20);
    assert!((stream - bytes / 0.12).abs() < 1.0, "{stream} bytes a second");
    let peak = pollster::block_on(backend.multiply_add_rate(&seconds)).unwrap();
    let operations = 64.0 * 256.0 * 1024.0 * 64.0;
    assert!((peak - operations / 0.12).abs() < 1.0, "{peak} operations a second");
    let spent = backend.counters();
    // Four ways to read and two to compute, each launched once to compile and once to measure.
    assert_eq!((spent.dispatches, spent.reads), (12, 12));
    assert!(backend.memory().device - before.device <= 8, "more than the buffer for reading back");
}

/// `out = x · wᵀ` with bound buffers.
struct Step {
    graph: Graph,
    buffers: Buffers,
}

fn leaf(
    backend: &mut GpuBackend,
    step: &mut Step,
    kind: LeafKind,
    name: &str,
    dtype: DType,
    shape: [usize; 2],
) -> Value {
    let value = step.graph.leaf(kind, name, dtype, shape);
    step.buffers.insert(name.into(), backend.alloc(&TensorType::new(dtype, shape)).unwrap());
    value
}

fn step(backend: &mut GpuBackend, tokens: usize) -> Step {
    let mut step = Step { graph: Graph::new(), buffers: Buffers::new() };
    let x = leaf(backend, &mut step, LeafKind::Input, "x", DType::F32, [tokens, 64]);
    let w = leaf(backend, &mut step, LeafKind::Weight, "w", DType::F32, [100, 64]);
    let y = step.graph.linear(x, w, None);
    let y = step.graph.scale(y, 0.5);
    let y = step.graph.scale(y, 2.0);
    let best = step.graph.argmax(y);
    step.graph.output("logits", y);
    step.graph.output("best", best);
    for output in step.graph.outputs() {
        let id = backend.alloc(step.graph.ty(output.value)).unwrap();
        step.buffers.insert(output.name.clone(), id);
    }
    step.graph = std::mem::take(&mut step.graph).finish().unwrap();
    // Row 37 of the weight agrees with the input.
    let rows: Vec<f32> = (0..6400).map(|i| if i / 64 == 37 { 1.0 } else { (i % 7) as f32 / 100.0 }).collect();
    backend.write(step.buffers["w"], 0, &reals(&rows)).unwrap();
    backend.write(step.buffers["x"], 0, &reals(&vec![1.0; tokens * 64])).unwrap();
    step
}

fn word(read: Task<'static, Vec<u8>>) -> u32 {
    u32::from_le_bytes(pollster::block_on(read).unwrap().try_into().unwrap())
}

#[test]
fn a_run_is_one_submit_and_creates_nothing() {
    let Some(mut backend) = open(DEFAULT) else { return };
    let step = step(&mut backend, 1);
    let plan = pollster::block_on(backend.prepare(&step.graph, &step.buffers)).unwrap();
    for _ in 0..3 {
        let before = backend.counters();
        backend.write(step.buffers["x"], 0, &reals(&[1.0; 64])).unwrap();
        backend.run(plan).unwrap();
        assert_eq!(word(backend.read(step.buffers["best"], 0, 4)), 37);
        let after = backend.counters();
        assert_eq!(after.submits - before.submits, 1, "the copy for the host is part of the run");
        assert_eq!(after.objects, before.objects, "objects were created");
        assert_eq!(after.dispatches - before.dispatches, 4);
        assert_eq!(after.reads - before.reads, 1);
        assert_eq!(after.bytes_read - before.bytes_read, 4);
    }
}

#[test]
fn what_was_compiled_is_not_compiled_again() {
    let Some(mut backend) = open(DEFAULT) else { return };
    let step = step(&mut backend, 1);
    let objects = |backend: &GpuBackend| backend.counters().objects;
    let prepare = |backend: &mut GpuBackend, step: &Step| {
        let before = objects(backend);
        pollster::block_on(backend.prepare(&step.graph, &step.buffers)).unwrap();
        objects(backend) - before
    };
    let before = objects(&backend);
    pollster::block_on(backend.compile(std::slice::from_ref(&step.graph))).unwrap();
    // Of linear, scale and argmax each a shader, a pipeline and its layout; the two scales share theirs.
    assert_eq!(objects(&backend) - before, 9);
    let Some(mut other) = open(DEFAULT) else { return };
    let same = self::step(&mut other, 1);
    assert_eq!(prepare(&mut backend, &step) + 9, prepare(&mut other, &same), "beside what a plan makes without it");
    let bad = |_: &str, source: String| source + "fn nonsense() -> u32 {}";
    let Some(mut backend) = open(DEFAULT) else { return };
    backend.edit_shaders(bad);
    let error = pollster::block_on(backend.compile(&[step.graph])).unwrap_err();
    assert!(matches!(error, BackendError::Validation(_)), "{error}");
}

#[test]
fn a_read_sees_what_was_written_last() {
    let Some(mut backend) = open(DEFAULT) else { return };
    let step = step(&mut backend, 1);
    let best = step.buffers["best"];
    let plan = pollster::block_on(backend.prepare(&step.graph, &step.buffers)).unwrap();
    backend.run(plan).unwrap();
    backend.write(best, 0, &words(&[5])).unwrap();
    assert_eq!(word(backend.read(best, 0, 4)), 5, "the host's copy of the run is stale");
    backend.run(plan).unwrap();
    assert_eq!(word(backend.read(best, 0, 4)), 37);
    // Odd ends, through the copy and without one.
    let x = step.buffers["x"];
    backend.write(x, 4, &reals(&[2.5, 3.5])).unwrap();
    let bytes = pollster::block_on(backend.read(x, 7, 5)).unwrap();
    assert_eq!(bytes, [2.5f32.to_le_bytes()[3], 0, 0, 0x60, 0x40]);
    assert_eq!(pollster::block_on(backend.read(x, 255, 5)), Err(BackendError::BadBuffer(x)));
}

/// Reads that have begun give what their runs left, in whatever order they end; one that is given up is in nobody's way.
#[test]
fn reads_may_overlap_with_later_runs() {
    let Some(mut backend) = open(DEFAULT) else { return };
    let mut step = Step { graph: Graph::new(), buffers: Buffers::new() };
    let x = leaf(&mut backend, &mut step, LeafKind::Input, "x", DType::F32, [1, 1]);
    let doubled = step.graph.scale(x, 2.0);
    step.graph.output("doubled", doubled);
    step.buffers.insert("doubled".into(), backend.alloc(&TensorType::new(DType::F32, [1, 1])).unwrap());
    let graph = step.graph.finish().unwrap();
    let plan = pollster::block_on(backend.prepare(&graph, &step.buffers)).unwrap();
    let round = |backend: &mut GpuBackend| {
        let before = backend.counters();
        let mut reads = Vec::new();
        for x in [1.0, 2.0, 3.0, 4.0] {
            backend.write(step.buffers["x"], 0, &reals(&[x])).unwrap();
            backend.run(plan).unwrap();
            reads.push(backend.read(step.buffers["doubled"], 0, 4));
        }
        drop(reads.remove(1));
        let found: Vec<f32> = reads.into_iter().rev().map(|read| f32::from_bits(word(read))).collect();
        assert_eq!(found, [8.0, 6.0, 2.0]);
        let after = backend.counters();
        assert_eq!((after.submits - before.submits, after.bytes_read - before.bytes_read), (4, 16));
        after.objects - before.objects
    };
    assert_eq!(round(&mut backend), 3, "a copy for each read at once");
    assert_eq!(round(&mut backend), 0, "which are used again");
}

#[test]
fn an_output_may_be_an_input_of_the_next_run() {
    let Some(mut backend) = open(DEFAULT) else { return };
    let mut step = Step { graph: Graph::new(), buffers: Buffers::new() };
    let x = leaf(&mut backend, &mut step, LeafKind::Input, "x", DType::F32, [1, 4]);
    let doubled = step.graph.scale(x, 2.0);
    let sum = step.graph.add(doubled, x); // reads x after `next` could have been written
    step.graph.output("next", doubled);
    step.graph.output("sum", sum);
    step.buffers.insert("next".into(), step.buffers["x"]);
    step.buffers.insert("sum".into(), backend.alloc(&TensorType::new(DType::F32, [1, 4])).unwrap());
    let graph = step.graph.finish().unwrap();
    backend.write(step.buffers["x"], 0, &reals(&[1.0, 2.0, 3.0, 4.0])).unwrap();
    let plan = pollster::block_on(backend.prepare(&graph, &step.buffers)).unwrap();
    for factor in [3.0, 6.0, 12.0] {
        backend.run(plan).unwrap();
        let bytes = pollster::block_on(backend.read(step.buffers["sum"], 0, 16)).unwrap();
        assert_eq!(bytes, reals(&[factor, 2.0 * factor, 3.0 * factor, 4.0 * factor]));
    }
}

#[test]
fn memory_is_counted_and_comes_back() {
    let Some(mut backend) = open(DEFAULT) else { return };
    let empty = backend.memory();
    let weight = backend.alloc(&TensorType::new(DType::Q8_0, [10, 64])).unwrap();
    assert_eq!(backend.memory().device - empty.device, 10 * 68);
    let one = step(&mut backend, 1);
    let many = step(&mut backend, 30);
    let buffers = backend.memory();
    let first = pollster::block_on(backend.prepare(&many.graph, &many.buffers)).unwrap();
    let with_first = backend.memory();
    let second = pollster::block_on(backend.prepare(&one.graph, &one.buffers)).unwrap();
    let both = backend.memory();
    // Two scratch values of [30, 100] and one uniform; then the smaller plan, in the scratch of the larger.
    assert!(with_first.device - buffers.device > 2 * 12_000);
    assert!(both.device - with_first.device < 4000, "scratch is shared: {} more", both.device - with_first.device);
    backend.release(first);
    backend.release(second);
    for buffer in one.buffers.values().chain(many.buffers.values()).chain([&weight]) {
        backend.free(*buffer);
    }
    assert_eq!(backend.memory(), empty);
    assert_eq!(backend.write(weight, 0, &[0]), Err(BackendError::BadBuffer(weight)));
}

/// A weight keeps its size within 6 percent, whatever its format, and cannot be written any more.
#[test]
fn a_weight_is_packed_once() {
    let Some(mut backend) = open(DEFAULT) else { return };
    for dtype in DType::WEIGHTS.into_iter().filter(|dtype| dtype.block_len() > 1) {
        let mut step = Step { graph: Graph::new(), buffers: Buffers::new() };
        let x = leaf(&mut backend, &mut step, LeafKind::Input, "x", DType::F32, [1, 768]);
        let w = leaf(&mut backend, &mut step, LeafKind::Weight, "w", dtype, [1001, 768]);
        let y = step.graph.linear(x, w, None);
        step.graph.output("y", y);
        step.buffers.insert("y".into(), backend.alloc(step.graph.ty(y)).unwrap());
        let graph = step.graph.finish().unwrap();
        let id = step.buffers["w"];
        let raw = backend.memory().device;
        backend.write(id, 0, &[1; 64]).unwrap();
        let plan = pollster::block_on(backend.prepare(&graph, &step.buffers)).unwrap();
        backend.release(plan);
        let bytes = TensorType::new(dtype, [1001, 768]).bytes().unwrap() as f64;
        let grown = (backend.memory().device - raw) as f64;
        assert!((0.0..0.06 * bytes).contains(&grown), "{dtype}: {grown} of {bytes}");
        assert!(matches!(backend.write(id, 0, &[2; 64]), Err(BackendError::Unsupported { .. })));
        step.buffers.values().for_each(|&buffer| backend.free(buffer));
    }
}

#[test]
fn what_does_not_fit_is_refused_with_its_reason() {
    let Some(mut backend) = open(Options { max_binding: Some(4096), ..DEFAULT }) else { return };
    let row = backend.alloc(&TensorType::new(DType::F32, [2, 2000])).unwrap_err();
    assert!(row.to_string().contains("8000 bytes"), "{row}");
    // A weight of 100 rows of 256 bytes is split; an activation of that size cannot be.
    let step = step(&mut backend, 30);
    let error = pollster::block_on(backend.prepare(&step.graph, &step.buffers)).unwrap_err();
    assert!(matches!(error, BackendError::Unsupported { .. }) && error.to_string().contains("4096"), "{error}");
    let step = self::step(&mut backend, 1);
    let mut missing = step.buffers.clone();
    missing.remove("w");
    let error = pollster::block_on(backend.prepare(&step.graph, &missing)).unwrap_err();
    assert!(matches!(&error, BackendError::Unbound { name, .. } if name == "w"), "{error}");
    missing.insert("w".into(), step.buffers["x"]);
    let error = pollster::block_on(backend.prepare(&step.graph, &missing)).unwrap_err();
    assert!(matches!(&error, BackendError::Unbound { name, .. } if name == "w"), "{error}");
}

#[test]
fn a_lost_device_is_an_error_from_then_on() {
    let Some(mut backend) = open(DEFAULT) else { return };
    let step = step(&mut backend, 1);
    let plan = pollster::block_on(backend.prepare(&step.graph, &step.buffers)).unwrap();
    backend.run(plan).unwrap();
    backend.lose();
    let lost =
        |result: Result<(), BackendError>| assert!(matches!(result, Err(BackendError::DeviceLost(_))), "{result:?}");
    lost(backend.run(plan));
    lost(backend.write(step.buffers["x"], 0, &[0; 4]));
    lost(backend.alloc(&TensorType::new(DType::F32, [1])).map(drop));
    lost(pollster::block_on(backend.prepare(&step.graph, &step.buffers)).map(drop));
    lost(pollster::block_on(backend.read(step.buffers["best"], 0, 4)).map(drop));
}

#[test]
fn heads_of_odd_sizes_are_refused() {
    let Some(mut backend) = open(DEFAULT) else { return };
    for head_dim in [6, 260] {
        let mut graph = Graph::new();
        let mut buffers = Buffers::new();
        let [q, k, v] = ["q", "k", "v"].map(|name| graph.leaf(LeafKind::Input, name, DType::F32, [2, head_dim]));
        let spans = graph.leaf(LeafKind::Input, "spans", DType::U32, [2, 2]);
        let out = graph.attention([q, k, v], graph::Mask::Spans { spans }, [1, 1], 1.0);
        graph.output("out", out);
        let graph = graph.finish().unwrap();
        for name in ["q", "k", "v", "out"] {
            buffers.insert(name.into(), backend.alloc(&TensorType::new(DType::F32, [2, head_dim])).unwrap());
        }
        buffers.insert("spans".into(), backend.alloc(&TensorType::new(DType::U32, [2, 2])).unwrap());
        let error = pollster::block_on(backend.prepare(&graph, &buffers)).unwrap_err();
        assert!(error.to_string().contains(&format!("{head_dim} elements")), "{error}");
    }
}

#[test]
fn scratch_is_reused_once_its_reader_has_run() {
    let mut graph = Graph::new();
    let x = graph.leaf(LeafKind::Input, "x", DType::F32, [4, 8]);
    let mut y = x;
    for _ in 0..10 {
        y = graph.scale(y, 2.0);
    }
    let kept = graph.scale(x, 3.0);
    for _ in 0..5 {
        y = graph.add(y, kept);
    }
    graph.output("y", y);
    let graph = graph.finish().unwrap();
    let buffers = Buffers::from([("x".into(), graph::BufferId(1)), ("y".into(), graph::BufferId(2))]);
    let program = gpu::fuse::Program::of(&graph, &Limits::default());
    let layout = gpu::memory::Layout::of(&graph, &program, &buffers);
    // Two for the chain, one for what stays alive beside it; the last value is written where it is read.
    assert_eq!(layout.slots, [128; 3]);
    assert_eq!(layout.place(&graph, &program, y), Some(gpu::memory::Place::Bound(graph::BufferId(2))));
    assert!(layout.copies.is_empty());
    // No op writes what it reads.
    for (value, op, _) in graph.ops() {
        let out = layout.place(&graph, &program, value);
        assert!(op.inputs().iter().all(|&input| layout.place(&graph, &program, input) != out), "{value:?}");
    }
}

#[test]
fn tensors_are_split_by_whole_rows() {
    let limits = Limits { max_binding: 1000, ..Limits::default() };
    let rows = |first, count| gpu::Rows { first, count };
    let ty = TensorType::new(DType::F16, [100, 18]); // 36 bytes a row, 27 rows in 1000 bytes
    assert_eq!(gpu::split(&ty, &limits).unwrap(), [rows(0, 27), rows(27, 27), rows(54, 27), rows(81, 19)]);
    // Packed: four rows are 144 bytes, or 192 with the next one where it belongs.
    let ty = TensorType::new(DType::Q4_0, [90, 64]);
    assert_eq!(gpu::split(&ty, &limits).unwrap(), [0, 20, 40, 60, 80].map(|first| rows(first, (90 - first).min(20))));
    assert_eq!(gpu::split(&TensorType::new(DType::F32, [250]), &limits).unwrap(), [rows(0, 1)]);
    assert!(gpu::split(&TensorType::new(DType::F32, [251]), &limits).is_err());
    assert!(gpu::split(&TensorType::new(DType::Q4_0, [usize::MAX, 64]), &limits).is_err());
}

#[test]
fn large_grids_are_folded() {
    let mut graph = Graph::new();
    let x = graph.leaf(LeafKind::Input, "x", DType::F32, [1000, 30_000]);
    let y = graph.scale(x, 2.0);
    let limits = Limits::default();
    let program = gpu::fuse::Program::of(&graph, &limits);
    let site = gpu::kernels::Site::new(&graph, &program, &program.stages[0], &limits).unwrap();
    assert_eq!(site.stage.result(), y);
    let [x, y, z] = (gpu::kernels::choose(&site).grid)(&site);
    assert!(x <= limits.max_groups && y <= limits.max_groups && z == 1);
    assert!(u64::from(x) * u64::from(y) * 64 >= 30_000_000);
}
