//! Kernels that compute the same are compared on the device, in a bounded time, and the fastest are taken. Time is what the test
//! says it is.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::{future::Future, pin::Pin};

use cpu::CpuBackend;
use engine::{Device, Engine, GenerateOptions, Host, LoadOptions, Prompt};
use gpu::Tier;
use graph::{Activation, Backend, BackendError, Choice, Facts, Graph, Node, Op, PlanId};

use super::hooked::{Hooked, Hooks};
use super::support::{Shared, all, open_tier};
use super::tiny::Layout;
use super::tiny_decoders::{self, Variant};

/// Milliseconds, and how many more they are whenever somebody looks.
#[derive(Clone, Default)]
struct Clock(Rc<Cell<f64>>, f64);

impl Host for Clock {
    fn now(&self) -> f64 {
        self.0.set(self.0.get() + self.1);
        self.0.get()
    }

    fn unix_ms(&self) -> f64 {
        0.0
    }

    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// What is chosen, by choice.
type Chosen = BTreeMap<String, String>;

/// A device with two choices, whose runs take what a function says.
struct Timed {
    clock: Clock,
    /// Milliseconds of a run with these choices.
    cost: fn(&Chosen) -> f64,
    chosen: Rc<RefCell<Chosen>>,
    plans: BTreeMap<PlanId, f64>,
    runs: Rc<Cell<usize>>,
}

/// Names and options, the usual ones first.
const CHOICES: [(&str, &[&str]); 2] =
    [("tier", &["good", "better", "wrong", "refused"]), ("lanes.64", &["8", "4", "16"])];

impl Hooks for Timed {
    fn facts(&self, facts: Facts) -> Facts {
        Facts { device: "webgpu", ..facts }
    }

    fn choices(&self) -> Vec<Choice> {
        let options = |all: &[&str]| all.iter().map(|&option| option.into()).collect();
        CHOICES.map(|(name, all)| Choice { name: name.into(), options: options(all) }).into()
    }

    fn choose(&mut self, choice: &str, option: &str) -> bool {
        self.chosen.borrow_mut().insert(choice.into(), option.into());
        true
    }

    /// The way that is wrong has other gates.
    fn graph(&self, graph: &Graph) -> Graph {
        if self.chosen.borrow().get("tier").is_none_or(|tier| tier != "wrong") {
            return graph.clone();
        }
        let mut twisted = Graph::new();
        for (node, ty) in graph.nodes() {
            match node {
                Node::Leaf(leaf) => twisted.leaf(leaf.kind.clone(), &leaf.name, ty.dtype, ty.shape.clone()),
                Node::Op(Op::Activate { input, .. }) => twisted.activate(*input, Activation::Relu),
                Node::Op(Op::Mul { left, right }) => twisted.add(*left, *right),
                Node::Op(op) => twisted.record(op.clone()),
            };
        }
        for output in graph.outputs() {
            twisted.output(&output.name, output.value);
        }
        twisted.finish().unwrap()
    }

    fn prepared(&mut self, plan: PlanId, _graph: &Graph) {
        self.plans.insert(plan, (self.cost)(&self.chosen.borrow()));
    }

    fn run(&mut self, backend: &mut CpuBackend, plan: PlanId) -> Result<(), BackendError> {
        if is(&self.chosen.borrow(), "tier", "refused") {
            return Err(BackendError::Validation("no such thing".into()));
        }
        self.runs.set(self.runs.get() + 1);
        self.clock.0.set(self.clock.0.get() + self.plans[&plan]);
        backend.run(plan)
    }
}

/// A load, and what it did.
struct Loaded {
    engine: Engine,
    chosen: Chosen,
    runs: usize,
    ms: f64,
}

fn loaded(cost: fn(&Chosen) -> f64, options: LoadOptions) -> Loaded {
    loaded_on(Clock::default(), cost, options)
}

fn loaded_on(clock: Clock, cost: fn(&Chosen) -> f64, options: LoadOptions) -> Loaded {
    let (chosen, runs) = (Rc::new(RefCell::new(Chosen::new())), Rc::new(Cell::new(0)));
    let timed =
        Timed { clock: clock.clone(), cost, chosen: chosen.clone(), plans: BTreeMap::new(), runs: runs.clone() };
    let device = Device::from(Box::new(Hooked::new(timed)) as Box<dyn Backend>);
    let files = tiny_decoders::build(Variant::Llama).0.files(Layout::Gguf);
    let engine = pollster::block_on(Engine::load(device, files, options, Box::new(clock.clone()), &mut all)).unwrap();
    let chosen = chosen.borrow().clone();
    Loaded { engine, chosen, runs: runs.get(), ms: clock.now() }
}

fn tuned(cost: fn(&Chosen) -> f64) -> Loaded {
    loaded(cost, LoadOptions { tune: true, ..Default::default() })
}

fn is(chosen: &Chosen, choice: &str, option: &str) -> bool {
    chosen.get(choice).is_some_and(|own| own == option)
}

/// Half the time with the better tier, less with four lanes; a wrong tier would be the fastest.
fn two_gains(chosen: &Chosen) -> f64 {
    let tier = if is(chosen, "tier", "wrong") { 0.1 } else { 1.0 };
    let tier = if is(chosen, "tier", "better") { 0.5 } else { tier };
    tier * if is(chosen, "lanes.64", "4") { 1.6 } else { 2.0 }
}

#[test]
fn the_fastest_way_is_taken() {
    let Loaded { mut engine, chosen, ms, .. } = tuned(two_gains);
    let details = engine.info().details.clone();
    assert_eq!(details["tuning"], "tier=better lanes.64=4");
    assert_eq!(chosen, Chosen::from([("tier".into(), "better".into()), ("lanes.64".into(), "4".into())]));
    let why = &details["tuningReason"];
    assert!(
        why.starts_with("a token takes 0.800 ms, as usual 2.000 ms; 1.000 ms with tier=better, another token"),
        "{why}"
    );
    assert!(why.contains("tier=refused failed: "), "{why}");
    assert!(ms <= 700.0, "{ms} ms");
    // What was computed meanwhile is forgotten.
    let mut other = loaded(two_gains, LoadOptions::default()).engine;
    let options = GenerateOptions { max_tokens: Some(8), ignore_eos: true, ..Default::default() };
    let answer = |engine: &mut Engine| {
        pollster::block_on(engine.generate(&Prompt::Tokens(vec![5, 6, 7]), &options, &mut all)).unwrap();
        engine.cached().to_vec()
    };
    assert_eq!(answer(&mut engine), answer(&mut other));
}

/// A wait of several tokens' length hides no gain.
#[test]
fn a_wait_hardly_counts() {
    let cost = |chosen: &Chosen| if is(chosen, "tier", "better") { 1.7 } else { 2.0 };
    let wait = LoadOptions { tune: true, ..Default::default() };
    let Loaded { engine, .. } = loaded_on(Clock(Rc::default(), 9.0), cost, wait);
    let details = &engine.info().details;
    assert_eq!(details["tuning"], "tier=better lanes.64=8", "{}", details["tuningReason"]);
}

#[test]
fn noise_changes_nothing() {
    let noise = |chosen: &Chosen| if is(chosen, "tier", "better") || is(chosen, "lanes.64", "16") { 1.96 } else { 2.0 };
    let Loaded { engine, .. } = tuned(noise);
    assert_eq!(engine.info().details["tuning"], "tier=good lanes.64=8");
}

/// It takes less than a second, whatever a token costs.
#[test]
fn the_time_is_bounded() {
    for (cost, note) in [
        ((|_| 0.01) as fn(&Chosen) -> f64, "0.010 ms with tier=better"),
        (|_| 50.0, "no time for lanes.64=16"),
        (|_| 60.0, "no time for lanes.64=16"),
        (|_| 900.0, "too long to compare"),
    ] {
        let Loaded { engine, ms, runs, .. } = tuned(cost);
        let why = &engine.info().details["tuningReason"];
        assert!(why.contains(note), "{why}");
        let each = cost(&Chosen::new());
        assert!(ms <= 1000.0 || runs == 2, "{runs} runs of {each} ms: {ms} ms");
    }
}

#[test]
fn it_can_be_left_out() {
    let Loaded { engine, runs, chosen, .. } = loaded(two_gains, LoadOptions::default());
    assert_eq!((runs, chosen.len(), engine.info().details.get("tuning")), (0, 0, None));
}

#[test]
fn what_was_chosen_before_is_not_measured_again() {
    let known = "tier=better lanes.64=16";
    let options = LoadOptions { tune: true, tuning: Some(known.into()), ..Default::default() };
    let Loaded { engine, runs, chosen, .. } = loaded(two_gains, options);
    assert!(runs == 0 && is(&chosen, "tier", "better") && is(&chosen, "lanes.64", "16"), "{runs}, {chosen:?}");
    let details = &engine.info().details;
    assert_eq!((details["tuning"].as_str(), details["tuningReason"].as_str()), (known, "measured before"));
}

/// A GPU chooses between its tiers and lanes, a processor that pretends to be one has none but those asked for; the answer is
/// the same with each.
#[test]
fn a_gpu_has_choices() {
    let load = |tier: Tier, tune: bool, tuning: Option<&str>| {
        let backend = Rc::new(RefCell::new(open_tier(tier)?));
        let device = Device::from(Box::new(Shared(backend.clone())) as Box<dyn Backend>);
        let files = tiny_decoders::build(Variant::Llama).0.files(Layout::Gguf);
        let options = LoadOptions { tune, tuning: tuning.map(String::from), context: Some(64) };
        // A step takes as long as any other: nothing is faster.
        let host = Box::new(Clock(Rc::default(), 8.0));
        let engine = pollster::block_on(Engine::load(device, files, options, host, &mut all)).unwrap();
        Some((engine, backend))
    };
    let answer = |engine: &mut Engine| {
        let options = GenerateOptions { max_tokens: Some(8), ignore_eos: true, ..Default::default() };
        pollster::block_on(engine.generate(&Prompt::Tokens(vec![5, 6, 7]), &options, &mut all)).unwrap();
        engine.cached().to_vec()
    };
    let Some((mut usual, _)) = load(Tier::Fused, false, None) else { return };
    let usual = answer(&mut usual);
    for (tier, first) in [(Tier::Subgroups, "tier=subgroups lanes."), (Tier::Fused, "lanes.")] {
        let Some((mut engine, _)) = load(tier, true, None) else { continue };
        let details = engine.info().details.clone();
        assert!(details["tuning"].starts_with(first), "{details:?}");
        assert!(details["tuningReason"].contains("ms with lanes."), "{details:?}");
        assert!(!details["tuningReason"].contains("another token"), "{details:?}");
        assert_eq!(answer(&mut engine), usual);
    }
    let Some((engine, _)) = load(Tier::Plain, true, None) else { return };
    assert_eq!(engine.info().details["tuningReason"], "the device leaves no choice");
    let Some((mut engine, backend)) = load(Tier::Subgroups, true, Some("tier=fused lanes.64=1")) else { return };
    assert_eq!(engine.info().details["tier"], "fused");
    assert_eq!((backend.borrow().limits().tier, backend.borrow().limits().tuning.lanes(2)), (Tier::Fused, Some(1)));
    assert_eq!(answer(&mut engine), usual);
}
