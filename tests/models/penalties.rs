//! Penalties against the plain forward pass, whose logits are penalized in f64 by counting.

use engine::{Engine, EngineError, GenerateOptions, Prompt};
use graph::Penalties;
use tests::reference;

use super::forward;
use super::support::{Device, all, load};
use super::tiny::{Layout, Random, VOCABULARY};
use super::tiny_decoders::{Variant, build};

const TOKENS: usize = 24;

fn prompt() -> Vec<u32> {
    let mut random = Random(5);
    (0..11).map(|_| random.below(VOCABULARY as u32)).collect()
}

fn options(penalties: Penalties) -> GenerateOptions {
    GenerateOptions {
        max_tokens: Some(TOKENS + 1),
        repetition_penalty: penalties.repetition,
        repetition_window: penalties.window,
        frequency_penalty: penalties.frequency,
        presence_penalty: penalties.presence,
        ignore_eos: true,
        ..Default::default()
    }
}

fn generate(engine: &mut Engine, options: &GenerateOptions) -> Result<Vec<u32>, EngineError> {
    pollster::block_on(engine.generate(&Prompt::Tokens(prompt()), options, &mut all))?;
    Ok(engine.cached()[prompt().len()..].to_vec())
}

/// The likeliest token each time, of logits that are penalized in f64.
fn expected(variant: Variant, penalties: Penalties) -> Vec<u32> {
    let (tiny, config) = build(variant);
    let mut ids = prompt();
    for _ in 0..TOKENS {
        let logits = forward::decoder(&config, &tiny.tensors, &ids);
        let words = Penalties { prompt: prompt().len() as u32, length: ids.len() as u32, ..penalties }.to_words();
        let row = reference::penalize(logits.last().unwrap(), &ids, &words);
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        assert!(row[order[0]] - row[order[1]] > 1e-3, "the tiny model is undecided; take another prompt");
        ids.push(order[0] as u32);
    }
    ids.split_off(prompt().len())
}

fn tokens_are_those_of_penalized_logits(device: Device) {
    let none = Penalties { repetition: 1.0, frequency: 0.0, presence: 0.0, window: 64, prompt: 0, length: 0 };
    let all = [
        none,
        Penalties { repetition: 1.3, ..none },
        Penalties { repetition: 1.5, window: 1, ..none },
        Penalties { frequency: 0.1, ..none },
        Penalties { presence: 1.1, ..none },
        Penalties { repetition: 1.1, window: 9, frequency: 0.2, presence: -0.4, ..none },
    ];
    for variant in [Variant::Llama, Variant::Gemma3] {
        let Some(backend) = device.backend() else { return };
        let mut engine = load(backend, build(variant).0.files(Layout::Safetensors), None).unwrap();
        let mut chains: Vec<Vec<u32>> = Vec::new();
        // The first leaves keys and values of the prompt in the cache, but no ids: the others find it there.
        for penalties in all {
            let found = generate(&mut engine, &options(penalties)).unwrap();
            assert_eq!(found, expected(variant, penalties), "{variant:?} {device:?} {penalties:?}");
            assert!(!chains.contains(&found), "{variant:?}: {penalties:?} changes nothing: {chains:?}");
            chains.push(found);
        }
    }
}

#[test]
fn tokens_are_those_of_penalized_logits_on_cpu() {
    tokens_are_those_of_penalized_logits(Device::Cpu);
}

#[test]
fn tokens_are_those_of_penalized_logits_on_gpu() {
    tokens_are_those_of_penalized_logits(Device::Gpu);
}

#[test]
fn both_backends_draw_the_same_penalized_tokens() {
    let mut drawn = Vec::new();
    for device in [Device::Cpu, Device::Gpu] {
        let Some(backend) = device.backend() else { continue };
        let mut engine = load(backend, build(Variant::Qwen3).0.files(Layout::Safetensors), None).unwrap();
        let plain = GenerateOptions { max_tokens: Some(TOKENS), temperature: 1.5, seed: Some(1), ..Default::default() };
        let penalized = GenerateOptions { repetition_penalty: 1.2, presence_penalty: 0.5, ..plain.clone() };
        let found = generate(&mut engine, &penalized).unwrap();
        assert_ne!(found, generate(&mut engine, &plain).unwrap());
        drawn.push(found);
    }
    assert!(drawn.windows(2).all(|pair| pair[0] == pair[1]), "{drawn:?}");
}

#[test]
fn penalties_that_make_no_sense_are_refused() {
    let mut engine = load(Device::Cpu.backend().unwrap(), build(Variant::Llama).0.files(Layout::Gguf), None).unwrap();
    let refused: [(&str, GenerateOptions); 6] = [
        ("repetitionPenalty is 0", GenerateOptions { repetition_penalty: 0.0, ..Default::default() }),
        ("repetitionPenalty is 101", GenerateOptions { repetition_penalty: 101.0, ..Default::default() }),
        ("repetitionPenalty is NaN", GenerateOptions { repetition_penalty: f32::NAN, ..Default::default() }),
        ("frequencyPenalty is 2.5", GenerateOptions { frequency_penalty: 2.5, ..Default::default() }),
        ("presencePenalty is -3", GenerateOptions { presence_penalty: -3.0, ..Default::default() }),
        ("presencePenalty is NaN", GenerateOptions { presence_penalty: f32::NAN, ..Default::default() }),
    ];
    for (message, options) in refused {
        let error = generate(&mut engine, &options).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), ("BAD_INPUT", message));
    }
}
