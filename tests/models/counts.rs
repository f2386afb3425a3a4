//! What a token costs on the GPU, as counts: launches, submits, waits, objects and bytes.

use std::cell::RefCell;
use std::rc::Rc;

use engine::{Engine, GenerateOptions, Prompt};
use graph::{Backend, Counters};
use weights::{Checkpoint, File};

use super::support::{Shared, all, load, model, open_gpu};
use super::tiny::Layout;
use super::tiny_decoders::{Variant, build};

/// Tokens of the counted generation.
const TOKENS: u64 = 4;

/// What happened from one moment to a later one.
fn between(before: Counters, after: Counters) -> Counters {
    Counters {
        dispatches: after.dispatches - before.dispatches,
        submits: after.submits - before.submits,
        reads: after.reads - before.reads,
        bytes_read: after.bytes_read - before.bytes_read,
        objects: after.objects - before.objects,
        weight_bytes: after.weight_bytes - before.weight_bytes,
    }
}

/// Generates after a prompt that is in the cache already, so that every step is one of one token.
fn tokens(files: Vec<File>, temperature: f32, repetition_penalty: f32) -> Option<(Counters, u64)> {
    let backend = Rc::new(RefCell::new(open_gpu()?));
    let mut engine = load(Box::new(Shared(backend.clone())) as Box<dyn Backend>, files, Some(64)).unwrap();
    let layers = engine.info().layers as u64;
    let options = GenerateOptions {
        max_tokens: Some(TOKENS as usize),
        temperature,
        repetition_penalty,
        seed: Some(1),
        ignore_eos: true,
        ..Default::default()
    };
    let prompt = Prompt::Tokens(vec![5, 6, 7]);
    let generate = |engine: &mut Engine| pollster::block_on(engine.generate(&prompt, &options, &mut all)).unwrap();
    generate(&mut engine);
    let before = backend.borrow().counters();
    assert_eq!(generate(&mut engine).tokens as u64, TOKENS);
    let spent = between(before, backend.borrow().counters());
    println!("{layers} layers: {} launches a token", spent.dispatches / TOKENS);
    Some((spent, layers))
}

/// At most so many launches beside those of the layers.
fn assert_counts(spent: Counters, layers: u64, others: u64) {
    assert!(spent.dispatches <= TOKENS * (5 * layers + others), "{spent:?}");
    assert_eq!((spent.submits, spent.reads, spent.objects), (TOKENS, TOKENS, 0), "{spent:?}");
    assert!(spent.bytes_read <= TOKENS * 64, "{spent:?}");
}

#[test]
fn a_token_of_every_family() {
    for variant in Variant::ALL {
        for (layout, temperature) in [(Layout::Safetensors, 0.0), (Layout::Gguf, 1.0), (Layout::HalfWidth, 0.0)] {
            let (tiny, _) = build(variant);
            let Some((spent, layers)) = tokens(tiny.files(layout), temperature, 1.0) else { return };
            assert_counts(spent, layers, 5);
        }
    }
}

/// Penalties cost two launches, and nothing is read back for them.
#[test]
fn a_penalized_token() {
    for temperature in [0.0, 1.0] {
        let files = || build(Variant::Llama).0.files(Layout::Gguf);
        let Some((plain, layers)) = tokens(files(), temperature, 1.0) else { return };
        let Some((spent, _)) = tokens(files(), temperature, 1.2) else { return };
        assert_counts(spent, layers, 7);
        assert_eq!((spent.dispatches, spent.bytes_read), (plain.dispatches + 2 * TOKENS, plain.bytes_read));
    }
}

/// Files of the default models mix formats within a layer.
#[test]
fn a_token_of_the_default_models() {
    for id in ["smollm2-135m-instruct", "gemma-3-270m"] {
        let Some(files) = model(id) else { continue };
        let Some((spent, layers)) = tokens(files, 0.0, 1.0) else { return };
        assert_counts(spent, layers, 5);
    }
}

/// Bytes of the matrices that a token takes whole; the embedding, if it is not the output layer too, is only looked into.
fn matrices(files: Vec<File>) -> u64 {
    let checkpoint = Checkpoint::open(files).unwrap();
    let tensors = checkpoint.tensors();
    let has_output = ["output.weight", "lm_head.weight"].iter().any(|name| tensors.contains_key(*name));
    let is_looked_into = |name: &str| has_output && ["token_embd.weight", "model.embed_tokens.weight"].contains(&name);
    let read = tensors.iter().filter(|(name, tensor)| tensor.ty.shape.dims().len() == 2 && !is_looked_into(name));
    read.map(|(_, tensor)| tensor.bytes()).sum()
}

/// What launches bind of weights, and read, is what the file has: each byte once, and at most 6 % of padding.
#[track_caller]
fn assert_read_once(name: &str, files: impl Fn() -> Vec<File>) {
    let Some((spent, _)) = tokens(files(), 0.0, 1.0) else { return };
    let (read, stored) = (spent.weight_bytes as f64 / TOKENS as f64, matrices(files()) as f64);
    println!("{name}: {read} bytes of weights a token, {stored} in the file");
    assert!((1.0..=1.06).contains(&(read / stored)), "{name}: {read} bytes read, {stored} stored");
}

#[test]
fn a_token_reads_each_weight_once() {
    for variant in Variant::ALL {
        for layout in [Layout::Safetensors, Layout::Gguf] {
            assert_read_once(&format!("{variant:?}, {layout:?}"), || build(variant).0.files(layout));
        }
    }
    for id in ["smollm2-135m-instruct", "gemma-3-270m"] {
        if model(id).is_some() {
            assert_read_once(id, || model(id).unwrap());
        }
    }
}

/// Between the steps of a prompt something is read that was queued behind the step: a copy for the host that an earlier step
/// made would say nothing of what this one takes.
#[test]
fn a_step_of_a_prompt_is_waited_for() {
    let Some(backend) = open_gpu() else { return };
    let backend = Rc::new(RefCell::new(backend));
    let files = build(Variant::Llama).0.files(Layout::Gguf);
    let mut engine = load(Box::new(Shared(backend.clone())) as Box<dyn Backend>, files, Some(64)).unwrap();
    let options = GenerateOptions { max_tokens: Some(1), ..Default::default() };
    let mut read = |prompt: Vec<u32>| {
        let before = backend.borrow().counters();
        pollster::block_on(engine.generate(&Prompt::Tokens(prompt), &options, &mut all)).unwrap();
        let spent = between(before, backend.borrow().counters());
        (spent.submits, spent.reads)
    };
    assert_eq!(read(vec![90, 91]), (1, 1));
    // 32 tokens, a read with a submit of its own, 8 tokens, the token.
    assert_eq!(read((1..41).collect()), (3, 2));
}
