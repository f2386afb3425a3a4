//! Kernels by themselves, through the path that models take: a graph is prepared once and run many times between two waits.

use std::time::Instant;

use anyhow::{Context, Result};
use engine::{Backend, random_blocks};
use graph::{BufferId, Buffers, DType, Graph, LeafKind, PlanId, TensorType};
use pollster::block_on;
use serde_json::{Value, json};

use super::ceiling::{Ceiling, rates};
use super::{Options, attention, joined, linear, print, rounded};
use crate::host::{Device, Setup};

/// Launches of the smallest kernel in one plan.
const LAUNCHES: usize = 256;
/// Seconds between two waits, so that a wait does not count.
const LONG_ENOUGH: f64 = 0.1;
/// Bytes of random blocks, which are written again and again.
const PATTERN: usize = 1 << 20;

/// A device whose kernels are measured.
pub(super) struct Bench {
    pub(super) backend: Box<dyn Backend>,
    /// Of which device and kernels the figures are.
    header: Value,
    ceiling: Option<Ceiling>,
    pub(super) load: Load,
}

/// How much a device is given.
pub(super) struct Load {
    /// Bytes of weights of a plan: more than the caches of a GPU hold.
    pub(super) bytes: u64,
    /// Rows and columns of weights.
    pub(super) shapes: Vec<[usize; 2]>,
    /// Tokens of a matrix product.
    pub(super) batches: Vec<usize>,
    /// Tokens of a prompt.
    pub(super) many: usize,
}

impl Load {
    /// What the options ask for, and otherwise what suits a GPU. A processor would take minutes for that.
    fn of(options: &Options, is_processor: bool) -> Load {
        let (bytes, shapes, many): (_, &[_], _) = match is_processor {
            true => (64 << 20, &[[2048, 2048]], 64),
            false => (512 << 20, &[[2048, 2048], [4096, 4096], [65_536, 2048]], 512),
        };
        let or = |asked: &[_], usual: &[_]| if asked.is_empty() { usual.to_vec() } else { asked.to_vec() };
        let batches = if options.batches.is_empty() { vec![1, 2, 4, 8, many] } else { options.batches.clone() };
        Load { bytes, shapes: or(&options.shapes, shapes), batches, many }
    }
}

/// Formats that models come in most; the others have kernels of the same kind.
const DTYPES: [DType; 7] = [DType::Q4_0, DType::Q4_1, DType::Q8_0, DType::Q4K, DType::Q6K, DType::F16, DType::F32];

/// Measures the kernels of a device; prints why not where there is none.
pub(super) fn kernels(setup: &Setup, ceiling: Option<Ceiling>, options: &Options) -> Result<()> {
    let &Setup { device, threads, .. } = setup;
    let backend = match setup.backend() {
        Ok(backend) => backend,
        Err(error) => {
            return print(json!({"kind": "skipped", "device": format!("{device:?}"), "why": error.to_string()}));
        }
    };
    let facts = backend.facts();
    let ceiling = ceiling.filter(|_| device == Device::Gpu);
    let is_processor = device == Device::Cpu || facts.details.get("type").is_some_and(|kind| kind == "Cpu");
    let header = json!({
        "device": facts.device, "adapter": facts.name, "tier": facts.details.get("tier"), "dots": facts.details.get("dots"), "threads": threads,
    });
    let load = Load::of(options, is_processor);
    let mut bench = Bench { backend, header, ceiling, load };
    bench.launches()?;
    for &dtype in if options.dtypes.is_empty() { &DTYPES } else { options.dtypes.as_slice() } {
        linear::measure(&mut bench, dtype)?;
    }
    attention::measure(&mut bench)
}

impl Bench {
    /// What a launch, and what a wait costs.
    fn launches(&mut self) -> Result<()> {
        let mut graph = Graph::new();
        let mut value = graph.leaf(LeafKind::Input, "x", DType::F32, [1, 64]);
        for _ in 0..LAUNCHES {
            value = graph.scale(value, 1.0);
        }
        graph.output("y", value);
        let plan = Prepared::new(self.backend.as_mut(), graph, &mut Buffers::new())?;
        let launch = plan.seconds(self.backend.as_mut())? / LAUNCHES as f64;
        let started = Instant::now();
        for _ in 0..LAUNCHES {
            plan.run(self.backend.as_mut())?;
            plan.wait(self.backend.as_mut())?;
        }
        let wait = started.elapsed().as_secs_f64() / LAUNCHES as f64 - launch * LAUNCHES as f64;
        plan.close(self.backend.as_mut());
        let micros = |seconds: f64| rounded(seconds * 1e6);
        let figures = json!({ "microseconds": micros(launch), "waitMicroseconds": micros(wait.max(0.0)) });
        print(joined(joined(json!({ "kind": "launch" }), self.header.clone()), figures))
    }

    /// Prints what a plan took, for so many bytes read and operations done.
    pub(super) fn print(&self, facts: Value, seconds: f64, bytes: u64, operations: u64) -> Result<()> {
        let line = joined(joined(facts, self.header.clone()), json!({ "microseconds": rounded(seconds * 1e6) }));
        print(joined(line, rates(self.ceiling, seconds, bytes, operations)))
    }
}

/// A plan with the buffers of its inputs, states and outputs.
pub(super) struct Prepared {
    id: PlanId,
    own: Buffers,
    wait: BufferId,
}

impl Prepared {
    /// Prepares a graph. Weights are made where `weights` has none yet, and stay when it is closed.
    pub(super) fn new(backend: &mut dyn Backend, graph: Graph, weights: &mut Buffers) -> Result<Prepared> {
        let graph = graph.finish()?;
        let mut own = Buffers::new();
        for (_, leaf, ty) in graph.leaves() {
            match leaf.kind {
                LeafKind::Weight if !weights.contains_key(&leaf.name) => {
                    weights.insert(leaf.name.clone(), weight(backend, ty)?);
                }
                LeafKind::Weight | LeafKind::Constant(_) => {}
                LeafKind::Input | LeafKind::State => {
                    own.insert(leaf.name.clone(), backend.alloc(ty)?);
                }
            }
        }
        let mut wait = None;
        for output in graph.outputs() {
            let buffer = backend.alloc(graph.ty(output.value))?;
            wait = Some(buffer);
            own.insert(output.name.clone(), buffer);
        }
        let bound = weights.iter().chain(&own).map(|(name, &buffer)| (name.clone(), buffer)).collect();
        let id = block_on(backend.prepare(&graph, &bound))?;
        Ok(Prepared { id, own, wait: wait.context("a graph without an output")? })
    }

    /// Fills an input.
    pub(super) fn write(&self, backend: &mut dyn Backend, name: &str, words: &[u32]) -> Result<()> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Ok(backend.write(self.own[name], 0, &bytes)?)
    }

    /// Seconds of a run, of as many between two waits as take long enough; the best of three.
    pub(super) fn seconds(&self, backend: &mut dyn Backend) -> Result<f64> {
        self.timed(backend, 1)?;
        let mut times = 1;
        while self.timed(backend, times)? < LONG_ENOUGH && times < 1 << 14 {
            times *= 2;
        }
        let mut best = f64::INFINITY;
        for _ in 0..3 {
            best = best.min(self.timed(backend, times)? / f64::from(times));
        }
        Ok(best)
    }

    fn timed(&self, backend: &mut dyn Backend, times: u32) -> Result<f64> {
        let started = Instant::now();
        for _ in 0..times {
            self.run(backend)?;
        }
        self.wait(backend)?;
        Ok(started.elapsed().as_secs_f64())
    }

    pub(super) fn run(&self, backend: &mut dyn Backend) -> Result<()> {
        Ok(backend.run(self.id)?)
    }

    fn wait(&self, backend: &mut dyn Backend) -> Result<()> {
        Ok(block_on(backend.read(self.wait, 0, 4)).map(drop)?)
    }

    pub(super) fn close(self, backend: &mut dyn Backend) {
        backend.release(self.id);
        self.own.into_values().for_each(|buffer| backend.free(buffer));
    }
}

/// A weight of random blocks.
fn weight(backend: &mut dyn Backend, ty: &TensorType) -> Result<BufferId> {
    let buffer = backend.alloc(ty)?;
    let pattern = random_blocks(ty.dtype, PATTERN / ty.dtype.block_bytes());
    let (mut offset, bytes) = (0, ty.bytes().context("a weight of no whole blocks")?);
    while offset < bytes {
        let piece = &pattern[..pattern.len().min((bytes - offset) as usize)];
        backend.write(buffer, offset, piece)?;
        offset += piece.len() as u64;
    }
    Ok(buffer)
}
