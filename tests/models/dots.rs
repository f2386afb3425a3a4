//! Packed products of bytes are taken where they are faster and right, and nowhere else. Time is what the test says it is.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::{future::Future, pin::Pin};

use cpu::CpuBackend;
use engine::{Device, Engine, Host, LoadOptions, RandomDecoder};
use gpu::{GpuBackend, Options, Tier};
use graph::Backend;

use super::files::file;
use super::random;
use super::support::{Shared, all, model};

type Gpu = Rc<RefCell<GpuBackend>>;

/// A launch takes so many milliseconds, by whether packed products are on.
type Cost = fn(bool) -> f64;

struct Clock {
    gpu: Gpu,
    cost: Cost,
    launches: Cell<u64>,
    ms: Cell<f64>,
}

impl Host for Clock {
    fn now(&self) -> f64 {
        let gpu = self.gpu.borrow();
        let launches = gpu.counters().dispatches;
        let new = launches - self.launches.replace(launches);
        self.ms.set(self.ms.get() + new as f64 * (self.cost)(gpu.limits().tuning.dots));
        self.ms.get()
    }

    fn unix_ms(&self) -> f64 {
        0.0
    }

    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(std::future::ready(()))
    }
}

fn open(dots: bool) -> Option<GpuBackend> {
    let options = Options { default_limits: true, tier: Some(Tier::Fused), dots, ..Default::default() };
    match pollster::block_on(GpuBackend::new(options)) {
        Ok(backend) => Some(backend),
        Err(error) => {
            assert!(std::env::var_os("REQUIRE_GPU").is_none(), "{error}");
            println!("skipped: no adapter");
            None
        }
    }
}

/// A model in Q4_0, tried and tuned.
fn load(gpu: GpuBackend, cost: Cost) -> Engine {
    let gpu = Rc::new(RefCell::new(gpu));
    let host = Clock { gpu: gpu.clone(), cost, launches: Cell::default(), ms: Cell::default() };
    let reference = Some(Box::new(CpuBackend::new()) as Box<dyn Backend>);
    let device = Device { backend: Box::new(Shared(gpu)), reference };
    // Rows of 8 units, where the self-test has some of 16.
    let files = vec![file("random.gguf", random::written(&RandomDecoder { inner: 256, ..random::decoder() }))];
    let options = LoadOptions { tune: true, ..Default::default() };
    pollster::block_on(Engine::load(device, files, options, Box::new(host), &mut all)).unwrap()
}

/// What every token of a prompt costs in nats.
fn scores(engine: &mut Engine) -> Vec<f32> {
    pollster::block_on(engine.score(&(5..45).collect::<Vec<u32>>(), &mut all)).unwrap()
}

const FASTER: Cost = |dots| if dots { 0.5 } else { 1.0 };
const AS_FAST: Cost = |_| 1.0;

#[test]
fn what_is_faster_is_taken() {
    let Some(gpu) = open(false) else { return };
    let mut fast = load(gpu, FASTER);
    let details = &fast.info().details;
    assert!(details["tuning"].ends_with(" dots=on"), "{details:?}");
    assert!(details["tuningReason"].contains("; a prompt takes"), "{details:?}");
    assert_eq!((details["dots"].as_str(), details["tier"].as_str()), ("on", "fused"));
    for cost in [AS_FAST, |dots| if dots { 2.0 } else { 1.0 }] {
        let Some(gpu) = open(false) else { return };
        let mut usual = load(gpu, cost);
        let details = &usual.info().details;
        assert!(details["tuning"].ends_with(" dots=off"), "{details:?}");
        assert_eq!(details["dots"], "off");
        let (usual, fast) = (scores(&mut usual), scores(&mut fast));
        assert_ne!(usual, fast, "inputs are rounded");
        let [want, got] = [usual, fast].map(|all| all.into_iter().map(f64::from).collect::<Vec<f64>>());
        let error = tests::ops::nmse(&want, &got);
        println!("packed products: error {error:e}, {} nats a token", want.iter().sum::<f64>() / want.len() as f64);
        // As of the table's models whose activations are rounded.
        assert!(error < 2e-7, "{error:e}");
    }
}

/// A model that visitors use gives what it gave.
#[test]
fn a_default_model_loses_nothing() {
    let scores = |dots| {
        let device = Device::from(Box::new(open(dots)?) as Box<dyn Backend>);
        let mut engine = super::support::load(device, model("smollm2-135m-instruct")?, Some(64)).unwrap();
        Some(pollster::block_on(engine.score(&(300..340).collect::<Vec<u32>>(), &mut all)).unwrap())
    };
    let (Some(usual), Some(packed)) = (scores(false), scores(true)) else { return };
    assert_ne!(usual, packed, "inputs are rounded");
    let off = usual.iter().zip(&packed).map(|(a, b)| (a - b).abs());
    let mean = off.clone().sum::<f32>() / usual.len() as f32;
    let most = off.fold(0.0, f32::max);
    println!("off by {mean} nats a token, at most {most}, of {}", usual.iter().sum::<f32>() / usual.len() as f32);
    // The CPU, which rounds as finely, is off by 0.00098 on average.
    assert!(mean < 2e-3, "{mean} nats a token");
}

/// Where a token takes long, a prompt is not even begun.
#[test]
fn what_is_slow_is_not_compared() {
    let Some(gpu) = open(false) else { return };
    let details = load(gpu, |dots| if dots { 5.0 } else { 10.0 }).info().details.clone();
    assert!(!details["tuning"].contains("dots") && details["dots"] == "off", "{details:?}");
    assert!(details["tuningReason"].ends_with("; too long to compare"), "{details:?}");
}

/// A GPU whose packed products go wrong where rows have 16 units, which the model's have not.
fn crooked(dots: bool) -> Option<GpuBackend> {
    let mut gpu = open(dots)?;
    let (from, to) = ("= peak / LARGEST;", "= select(peak / LARGEST, 0.0, params.units == 16u);");
    gpu.edit_shaders(move |label, source| if label.contains("dots") { source.replace(from, to) } else { source });
    Some(gpu)
}

#[test]
fn what_is_faster_and_wrong_is_not() {
    let Some(gpu) = crooked(false) else { return };
    let mut engine = load(gpu, FASTER);
    let details = &engine.info().details;
    assert!(details["tuning"].ends_with(" dots=off"), "{details:?}");
    assert!(details["tuningReason"].contains("dots=on failed: "), "{details:?}");
    assert_eq!((details["dots"].as_str(), details.get("tierReason").map(String::as_str)), ("off", Some("asked for")));
    let Some(sound) = open(false) else { return };
    assert_eq!(scores(&mut engine), scores(&mut load(sound, AS_FAST)));
}

#[test]
fn what_was_asked_for_is_tried() {
    let Some(gpu) = open(true) else { return };
    let details = load(gpu, AS_FAST).info().details.clone();
    assert!(details["dots"] == "on" && details["tuning"].ends_with(" dots=on"), "{details:?}");
    let Some(gpu) = crooked(true) else { return };
    let details = load(gpu, AS_FAST).info().details.clone();
    assert_eq!((details["dots"].as_str(), details["tier"].as_str()), ("none", "fused"));
    assert!(details["tierReason"].starts_with("dots: "), "{details:?}");
    assert!(!details["tuning"].contains("dots"), "{details:?}");
}
