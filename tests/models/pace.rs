//! A GPU gets as much work at once as it does in a tenth of a second.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::{future::Future, pin::Pin};

use cpu::CpuBackend;
use engine::{CallOptions, Device, EmbedOptions, Engine, GenerateOptions, Host, LoadOptions, Priority, Prompt};
use graph::{Backend, BackendError, Facts, Graph, LeafKind, PlanId};

use super::hooked::{Hooked, Hooks};
use super::support::all;
use super::tiny::Layout;
use super::tiny_decoders::{self, Variant};
use super::tiny_encoders::{self, Naming};

/// Milliseconds, and how often a frame was let through.
#[derive(Clone, Default)]
struct Clock(Rc<Cell<f64>>, Rc<Cell<usize>>);

impl Host for Clock {
    fn now(&self) -> f64 {
        self.0.get()
    }

    fn unix_ms(&self) -> f64 {
        0.0
    }

    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(std::future::ready(()))
    }

    fn frame(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        self.1.set(self.1.get() + 1);
        self.pause()
    }
}

/// A GPU that takes so many milliseconds a token.
struct Slow {
    each: f64,
    clock: Clock,
    plans: BTreeMap<PlanId, usize>,
    /// Tokens of each run.
    runs: Rc<RefCell<Vec<usize>>>,
}

impl Hooks for Slow {
    fn facts(&self, facts: Facts) -> Facts {
        Facts { device: "webgpu", ..facts }
    }

    fn prepared(&mut self, plan: PlanId, graph: &Graph) {
        let ids = graph.leaves().find(|(_, leaf, _)| leaf.kind == LeafKind::Input && leaf.name == "ids");
        self.plans.insert(plan, ids.unwrap().2.shape.rows() * ids.unwrap().2.shape.columns());
    }

    fn run(&mut self, backend: &mut CpuBackend, plan: PlanId) -> Result<(), BackendError> {
        let tokens = self.plans[&plan];
        self.runs.borrow_mut().push(tokens);
        self.clock.0.set(self.clock.0.get() + self.each * tokens as f64);
        backend.run(plan)
    }
}

/// An engine on it, the tokens of each run, and the frames.
type Opened = (Engine, Rc<RefCell<Vec<usize>>>, Rc<Cell<usize>>);

fn open(each: f64, files: Vec<weights::File>) -> Opened {
    let clock = Clock::default();
    let runs = Rc::new(RefCell::new(Vec::new()));
    let backend = Hooked::new(Slow { each, clock: clock.clone(), plans: BTreeMap::new(), runs: runs.clone() });
    let device = Device::from(Box::new(backend) as Box<dyn Backend>);
    let frames = clock.1.clone();
    let host = Box::new(clock);
    let engine = pollster::block_on(Engine::load(device, files, LoadOptions::default(), host, &mut all));
    (engine.unwrap(), runs, frames)
}

#[test]
fn prompts_go_to_a_gpu_in_submits_of_a_tenth_of_a_second() {
    for (each, expected) in [(0.01, vec![32, 96]), (5.0, vec![32, 16, 16, 16, 16, 16, 4]), (60.0, vec![32])] {
        let (mut engine, runs, _) = open(each, tiny_decoders::build(Variant::Llama).0.files(Layout::Gguf));
        let ids: Vec<u32> = (0..115).map(|i| i % 90).collect();
        let options = GenerateOptions { max_tokens: Some(1), ..Default::default() };
        let prompt = Prompt::Tokens(ids.clone());
        pollster::block_on(engine.generate(&prompt, &options, &mut all)).unwrap();
        let found = runs.borrow().clone();
        assert_eq!(found[..expected.len()], expected, "{each} ms a token: {found:?}");
        assert!(found[1..].iter().all(|&tokens| tokens as f64 * each <= 100.0 || tokens <= 4), "{found:?}");
        assert_eq!(engine.cached(), ids);
    }
}

#[test]
fn batches_of_texts_too() {
    let (mut engine, runs, _) = open(2.0, tiny_encoders::build(Naming::Bert, None, Vec::new()).0.files(Layout::Gguf));
    let texts = vec!["a b c d e f".to_string(); 40];
    pollster::block_on(engine.embed(&texts, &EmbedOptions::default(), &mut all)).unwrap();
    let found = runs.borrow().clone();
    assert!(found.len() > 3 && found.iter().all(|&tokens| tokens <= 64), "{found:?}");
}

/// In the background submits are half as long, the first one is small, and a frame comes after each.
#[test]
fn in_the_background_a_frame_comes_after_each_submit() {
    for (each, expected) in [(0.01, vec![4, 16, 64, 32]), (2.0, vec![4, 16, 24, 24, 24, 24]), (60.0, vec![4, 1, 1, 1])]
    {
        let (mut engine, runs, frames) = open(each, tiny_decoders::build(Variant::Llama).0.files(Layout::Gguf));
        let ids: Vec<u32> = (0..115).map(|i| i % 90).collect();
        let priority = Priority::Background;
        let options = GenerateOptions { max_tokens: Some(1), priority, ..Default::default() };
        pollster::block_on(engine.generate(&Prompt::Tokens(ids), &options, &mut all)).unwrap();
        let found = runs.borrow().clone();
        assert_eq!(found[..expected.len()], expected, "{each} ms a token: {found:?}");
        // One more after the token.
        assert!(frames.get() >= found.len(), "{} frames, {} submits", frames.get(), found.len());
        // The next call is as usual.
        let before = frames.get();
        let options = GenerateOptions { max_tokens: Some(1), ..Default::default() };
        pollster::block_on(engine.generate(&Prompt::Tokens(vec![1, 2, 3, 4, 5]), &options, &mut all)).unwrap();
        assert_eq!(frames.get(), before);
    }
    let (mut engine, runs, frames) =
        open(2.0, tiny_encoders::build(Naming::Bert, None, Vec::new()).0.files(Layout::Gguf));
    let texts = vec!["a b c d e f".to_string(); 40];
    let options = EmbedOptions { priority: Priority::Background, ..Default::default() };
    pollster::block_on(engine.embed(&texts, &options, &mut all)).unwrap();
    assert!(runs.borrow().iter().all(|&tokens| tokens <= 32), "{:?}", runs.borrow());
    assert_eq!(frames.get(), runs.borrow().len());
}

/// What has no options but the priority: labels, and how likely endings are.
#[test]
fn labels_and_endings_are_found_in_the_background_too() {
    let in_background = CallOptions { priority: Priority::Background };
    let classifier = tiny_encoders::build(Naming::Bert, Some("multi_label_classification"), Vec::new()).0;
    let (mut engine, runs, frames) = open(2.0, classifier.files(Layout::Gguf));
    let texts = vec!["a b c d e f".to_string(); 40];
    pollster::block_on(engine.classify(&texts, &in_background, &mut all)).unwrap();
    assert!(runs.borrow().iter().all(|&tokens| tokens <= 32), "{:?}", runs.borrow());
    assert_eq!(frames.get(), runs.borrow().len());
    pollster::block_on(engine.classify(&texts, &CallOptions::default(), &mut all)).unwrap();
    assert!(runs.borrow().iter().any(|&tokens| tokens > 32), "{:?}", runs.borrow());

    let (mut engine, runs, frames) = open(2.0, tiny_decoders::build(Variant::Llama).0.files(Layout::Gguf));
    let endings = [" tired", " a rather long story"].map(String::from);
    pollster::block_on(engine.continuations(&"The fox is".into(), &endings, &in_background, &mut all)).unwrap();
    assert!(frames.get() >= runs.borrow().len(), "{} frames, {} submits", frames.get(), runs.borrow().len());
    let before = frames.get();
    pollster::block_on(engine.continuations(&"The hen is".into(), &endings, &CallOptions::default(), &mut all))
        .unwrap();
    assert_eq!(frames.get(), before);
}

/// While an answer is written, a frame comes after as many tokens as 50 ms hold, and nothing is queued ahead.
#[test]
fn in_the_background_frames_come_between_tokens() {
    for (each, frames_of_thirty) in [(60.0, 30), (20.0, 15)] {
        let (mut engine, runs, frames) = open(each, tiny_decoders::build(Variant::Llama).0.files(Layout::Gguf));
        let mut run = |tokens: usize| {
            let options = GenerateOptions {
                max_tokens: Some(tokens),
                priority: Priority::Background,
                ignore_eos: true,
                ..Default::default()
            };
            let before = (frames.get(), runs.borrow().len());
            pollster::block_on(engine.generate(&Prompt::Tokens(vec![1, 2]), &options, &mut all)).unwrap();
            (frames.get() - before.0, runs.borrow().len() - before.1)
        };
        run(1);
        let (one, thirty) = (run(1), run(31));
        assert_eq!((one.1, thirty.1), (1, 31));
        let between = thirty.0 - one.0;
        assert!(between.abs_diff(frames_of_thirty) <= 2, "{between} frames in 30 tokens of {each} ms");
    }
}
