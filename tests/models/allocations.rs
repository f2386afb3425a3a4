//! What a token costs on the CPU, as allocations.

use std::cell::Cell;
use std::rc::Rc;

use allocation_counter::{AllocationInfo, measure};
use cpu::CpuBackend;
use engine::{GenerateOptions, Prompt};
use graph::{Backend, BackendError, BufferId, Buffers, Counters, Facts, Graph, Memory, PlanId, Task, TensorType};
use weights::File;

use super::support::{all, load, model};
use super::tiny::Layout;
use super::tiny_decoders::{Variant, build};

/// Small ones that the engine makes: the pieces of text it hands out, and futures.
const MOST: f64 = 8.0;

/// Calls that write inputs and run plans so far, and their allocations.
type Spent = Rc<Cell<(u64, u64)>>;

/// Counts what the CPU backend allocates once plans are made.
struct Counting {
    inner: CpuBackend,
    spent: Spent,
}

impl Counting {
    fn count<T>(&mut self, call: impl FnOnce(&mut CpuBackend) -> T) -> T {
        let mut result = None;
        let AllocationInfo { count_total, .. } = measure(|| result = Some(call(&mut self.inner)));
        let (calls, allocations) = self.spent.get();
        self.spent.set((calls + 1, allocations + count_total));
        result.unwrap()
    }
}

impl Backend for Counting {
    fn facts(&self) -> Facts {
        self.inner.facts()
    }

    fn alloc(&mut self, ty: &TensorType) -> Result<BufferId, BackendError> {
        self.inner.alloc(ty)
    }

    fn write(&mut self, dst: BufferId, offset: u64, bytes: &[u8]) -> Result<(), BackendError> {
        self.count(|backend| backend.write(dst, offset, bytes))
    }

    fn free(&mut self, buffer: BufferId) {
        self.inner.free(buffer);
    }

    fn prepare<'a>(&'a mut self, graph: &'a Graph, buffers: &'a Buffers) -> Task<'a, PlanId> {
        self.inner.prepare(graph, buffers)
    }

    fn release(&mut self, plan: PlanId) {
        self.inner.release(plan);
    }

    fn run(&mut self, plan: PlanId) -> Result<(), BackendError> {
        self.count(|backend| backend.run(plan))
    }

    fn read<'a>(&'a mut self, src: BufferId, offset: u64, into: &'a mut [u8]) -> Task<'a, ()> {
        self.inner.read(src, offset, into)
    }

    fn memory(&self) -> Memory {
        self.inner.memory()
    }

    fn counters(&self) -> Counters {
        self.inner.counters()
    }
}

/// Generates after a prompt that is in the cache already, so that every step is one of one token; allocations of the
/// backend, and of the whole engine for one token more.
fn generate(files: Vec<File>, temperature: f32) -> (u64, f64) {
    const TOKENS: usize = 8;
    let spent = Spent::default();
    let backend = Counting { inner: CpuBackend::new(), spent: spent.clone() };
    let mut engine = load(Box::new(backend) as Box<dyn Backend>, files, Some(64)).unwrap();
    let prompt = Prompt::Tokens(vec![5, 6, 7]);
    let mut run = |tokens: usize| {
        let options = GenerateOptions {
            max_tokens: Some(tokens),
            temperature,
            seed: Some(1),
            ignore_eos: true,
            ..Default::default()
        };
        let generated = || {
            pollster::block_on(engine.generate(&prompt, &options, &mut all)).unwrap();
        };
        measure(generated).count_total
    };
    run(2 * TOKENS);
    let (calls, before) = spent.get();
    let (few, many) = (run(TOKENS), run(2 * TOKENS));
    let (after, allocations) = spent.get();
    assert!(after - calls >= 3 * TOKENS as u64, "every token writes and runs");
    (allocations - before, (many as f64 - few as f64) / TOKENS as f64)
}

#[test]
fn a_token_of_every_family() {
    for variant in Variant::ALL {
        for (layout, temperature) in [(Layout::Safetensors, 0.0), (Layout::Gguf, 1.0), (Layout::HalfWidth, 0.0)] {
            let (backend, whole) = generate(build(variant).0.files(layout), temperature);
            assert_eq!(backend, 0);
            assert!(whole <= MOST, "{whole} allocations a token");
        }
    }
}

#[test]
fn a_token_of_the_default_models() {
    for id in ["smollm2-135m-instruct", "gemma-3-270m"] {
        let Some(files) = model(id) else { continue };
        let (backend, whole) = generate(files, 0.0);
        println!("{id}: {whole} allocations a token in the whole engine");
        assert_eq!(backend, 0);
        assert!(whole <= MOST, "{whole} allocations a token");
    }
}
