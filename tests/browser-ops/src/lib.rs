//! The table of op cases on the WebGPU of a browser, and what only a browser can show of the backend.
//!
//! Built by `cargo xtask build --only ops` into `target/browser-ops`, then from a page that is a secure context:
//!
//! ```js
//! import init, { names, run_ops, check_run, check_loss } from './ops.js';
//! await init({ module_or_path: './ops_bg.wasm' });
//! const report = JSON.parse(await run_ops(['linear/Q4_0/1x576x64'], 'fused')); // the cases of these names, on this tier
//! // { adapter, limits, cases: [{ name, passed, nmse, threshold, worst, hash, error }], passed, failed }
//! JSON.parse(await check_run());  // { passed, detail }: one submit a run, no object created, the right token
//! JSON.parse(await check_loss()); // { passed, detail }: a destroyed device is an error from then on, not a panic
//! ```
//!
//! Where there is no WebGPU every call rejects with a message that starts with `no GPU adapter`. `names()` lists the table,
//! for running it in parts: SwiftShader spends a second on each kernel that a format has.

mod hashed;
// What the package has of a browser, by js_sys.
#[path = "../../../crates/web/src/webgpu.rs"]
mod webgpu;

use gpu::{GpuBackend, Options, Tier};
use graph::{Activation, Backend, BackendError, BufferId, Buffers, DType, Graph, LeafKind, TensorType};
use serde::Serialize;
use tests::ops::{Case, cases, check, reals};
use wasm_bindgen::prelude::*;

use hashed::Hashed;

#[derive(Serialize)]
struct Report {
    adapter: String,
    limits: String,
    cases: Vec<CaseReport>,
    passed: usize,
    failed: usize,
}

#[derive(Serialize)]
struct CaseReport {
    name: String,
    passed: bool,
    nmse: f64,
    threshold: f64,
    worst: String,
    /// Of every byte read back: equal where two devices compute the same bits.
    hash: String,
    error: Option<String>,
}

#[derive(Serialize)]
struct Outcome {
    passed: bool,
    detail: String,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn error(message: &str);
}

/// A panic says where it was.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|info| error(&info.to_string())));
}

/// Names of all cases, as a JSON array.
#[wasm_bindgen]
pub fn names() -> Result<String, JsError> {
    let names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    Ok(serde_json::to_string(&names)?)
}

/// Runs the cases of these names, with the kernels of a tier or the best below it that the adapter has; `dots` is the tier for
/// GPUs with many tokens by packed products.
#[wasm_bindgen]
pub async fn run_ops(names: Vec<String>, tier: String) -> Result<String, JsError> {
    // The models in the browser tests run those that a software adapter gets.
    let dots = tier == "dots";
    let tier = if dots { Some(Tier::Fused) } else { Tier::of(&tier) };
    let options = Options { default_limits: true, tier, dots, browser: Some(webgpu::BROWSER), ..Options::default() };
    let mut backend = GpuBackend::new(options).await?;
    let mut report = Report {
        adapter: backend.facts().name,
        limits: format!("{:?}", backend.limits()),
        cases: Vec::new(),
        passed: 0,
        failed: 0,
    };
    for case in cases().iter().filter(|case| names.contains(&case.name)) {
        let result = run_case(&mut backend, case).await;
        *(if result.passed { &mut report.passed } else { &mut report.failed }) += 1;
        report.cases.push(result);
    }
    Ok(serde_json::to_string(&report)?)
}

async fn run_case(backend: &mut GpuBackend, case: &Case) -> CaseReport {
    let mut hashed = Hashed::new(backend);
    let result = check(&mut hashed, case).await;
    let hash = format!("{:016x}", hashed.hash());
    let name = case.name.clone();
    match result {
        Ok(r) => CaseReport {
            name,
            passed: r.passed,
            nmse: r.nmse,
            threshold: r.threshold,
            worst: r.worst,
            hash,
            error: None,
        },
        Err(e) => CaseReport {
            name,
            passed: false,
            nmse: f64::INFINITY,
            threshold: case.threshold,
            worst: String::new(),
            hash,
            error: Some(e.to_string()),
        },
    }
}

/// A small step with its buffers: `token = argmax(silu(x · wᵀ))`, where row 37 of `w` agrees with `x`.
struct Step {
    graph: Graph,
    buffers: Buffers,
}

impl Step {
    fn new(backend: &mut GpuBackend) -> Result<Step, JsError> {
        let mut graph = Graph::new();
        let x = graph.leaf(LeafKind::Input, "x", DType::F32, [1, 64]);
        let w = graph.leaf(LeafKind::Weight, "w", DType::F32, [100, 64]);
        let y = graph.linear(x, w, None);
        let y = graph.activate(y, Activation::Silu);
        let token = graph.argmax(y);
        graph.output("token", token);
        let graph = graph.finish()?;
        let mut buffers = Buffers::new();
        for (name, ty) in [
            ("x", TensorType::new(DType::F32, [1, 64])),
            ("w", TensorType::new(DType::F32, [100, 64])),
            ("token", TensorType::new(DType::U32, [1])),
        ] {
            buffers.insert(name.into(), backend.alloc(&ty)?);
        }
        let rows: Vec<f32> = (0..6400).map(|i| if i / 64 == 37 { 1.0 } else { (i % 7) as f32 / 100.0 }).collect();
        backend.write(buffers["w"], 0, &reals(&rows))?;
        Ok(Step { graph, buffers })
    }

    fn id(&self, name: &str) -> BufferId {
        self.buffers[name]
    }
}

/// A run with its read is one submit and creates nothing.
#[wasm_bindgen]
pub async fn check_run() -> Result<String, JsError> {
    let mut backend = GpuBackend::new(Options::default()).await?;
    let step = Step::new(&mut backend)?;
    let plan = backend.prepare(&step.graph, &step.buffers).await?;
    let mut outcome = Outcome { passed: true, detail: String::new() };
    for _ in 0..3 {
        let before = backend.counters();
        backend.write(step.id("x"), 0, &reals(&[1.0; 64]))?;
        backend.run(plan)?;
        let token = backend.read(step.id("token"), 0, 4).await?;
        let token = u32::from_le_bytes(token.try_into().unwrap_or_default());
        let after = backend.counters();
        let counts = [after.submits - before.submits, after.objects - before.objects, after.reads - before.reads];
        outcome.passed &= token == 37 && counts == [1, 0, 1];
        outcome.detail = format!("token {}, [submits, objects, reads] {counts:?}", token);
    }
    Ok(serde_json::to_string(&outcome)?)
}

/// A device that goes away is an error of every later call.
#[wasm_bindgen]
pub async fn check_loss() -> Result<String, JsError> {
    let mut backend = GpuBackend::new(Options::default()).await?;
    let step = Step::new(&mut backend)?;
    let plan = backend.prepare(&step.graph, &step.buffers).await?;
    backend.run(plan)?;
    backend.lose();
    // The first read meets the loss while it waits; from then on it is known.
    let results = [
        backend.read(step.id("token"), 0, 4).await.map(drop),
        backend.run(plan),
        backend.write(step.id("x"), 0, &[0; 4]),
        backend.alloc(&TensorType::new(DType::F32, [1])).map(drop),
        backend.prepare(&step.graph, &step.buffers).await.map(drop),
    ];
    let passed = results.iter().all(|result| matches!(result, Err(BackendError::DeviceLost(_))));
    Ok(serde_json::to_string(&Outcome { passed, detail: format!("{results:?}") })?)
}

/// A shader that does not compile is an error of the plan, with the browser's words for it.
#[wasm_bindgen]
pub async fn check_shader() -> Result<String, JsError> {
    let mut backend = GpuBackend::new(Options { browser: Some(webgpu::BROWSER), ..Options::default() }).await?;
    let step = Step::new(&mut backend)?;
    backend.edit_shaders(|label, source| if label == "argmax" { source + "fn nonsense() -> u32 {}" } else { source });
    let result = backend.prepare(&step.graph, &step.buffers).await;
    let passed = matches!(&result, Err(BackendError::Validation(message)) if message.contains("nonsense"));
    Ok(serde_json::to_string(&Outcome { passed, detail: format!("{result:?}") })?)
}
