//! What a token costs on the CPU, as allocations.

use std::cell::Cell;
use std::rc::Rc;

use allocation_counter::{AllocationInfo, measure};
use cpu::CpuBackend;
use engine::{GenerateOptions, Prompt};
use graph::{Backend, BackendError, PlanId};
use weights::File;

use super::hooked::{Hooked, Hooks};
use super::support::{all, load, model};
use super::tiny::Layout;
use super::tiny_decoders::{Variant, build};

/// Small ones that the engine makes: the pieces of text it hands out, and futures.
const MOST: f64 = 8.0;

/// Plans run so far, and the allocations of their runs.
#[derive(Default)]
struct Counted(Rc<Cell<(u64, u64)>>);

impl Hooks for Counted {
    fn run(&mut self, backend: &mut CpuBackend, plan: PlanId) -> Result<(), BackendError> {
        let mut result = Ok(());
        let AllocationInfo { count_total, .. } = measure(|| result = backend.run(plan));
        let (runs, allocations) = self.0.get();
        self.0.set((runs + 1, allocations + count_total));
        result
    }
}

/// Generates after a prompt that is in the cache already, so that every step is one of one token; allocations of all runs,
/// and of the whole engine for one token more.
fn generate(files: Vec<File>, temperature: f32) -> (u64, f64) {
    const TOKENS: usize = 8;
    let counted = Counted::default();
    let spent = counted.0.clone();
    let backend = Hooked::new(counted);
    let mut engine = load(Box::new(backend) as Box<dyn Backend>, files, Some(64)).unwrap();
    let prompt = Prompt::Tokens(vec![5, 6, 7]);
    let mut run = |tokens: usize| {
        let options = GenerateOptions {
            max_tokens: Some(tokens),
            temperature,
            seed: Some(1),
            ignore_eos: true,
            prompt_lookup: Some(false),
            ..Default::default()
        };
        let generated = || {
            pollster::block_on(engine.generate(&prompt, &options, &mut all)).unwrap();
        };
        measure(generated).count_total
    };
    run(2 * TOKENS);
    let (runs, before) = spent.get();
    let (few, many) = (run(TOKENS), run(2 * TOKENS));
    let (after, allocations) = spent.get();
    assert!(after - runs >= 3 * TOKENS as u64, "every token is a run");
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
