//! The default models against what other programs computed of the same files (`tests/golden`, see `make.py` there).
//!
//! The goldens are fp32 arithmetic on exactly dequantized weights. Software GPUs are slow, so a part of each golden is
//! compared by default ([`Share`]); `RUSHLIGHT_FULL=1` compares all of it. Scores are causal: the first ones of a longer
//! run are the scores of a shorter one.

use engine::{EmbedOptions, Engine, FinishReason, GenerateOptions, Prompt};
use serde::Deserialize;

use super::support::{Device, all, full, load, model};

const TEXT: &str = include_str!("../golden/perplexity.txt");
const PREFILL: &str = include_str!("../golden/prefill.txt");

#[derive(Deserialize)]
struct Sentences {
    sentences: Vec<String>,
    input_ids: Vec<Vec<u32>>,
    embeddings: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Language {
    prompts: Vec<String>,
    greedy: Vec<Greedy>,
    prefill256_top20: Vec<(u32, f32)>,
    nll: Vec<f32>,
}

/// 32 greedy steps after a prompt, with the 20 likeliest tokens of each.
#[derive(Deserialize)]
struct Greedy {
    prompt_ids: Vec<u32>,
    ids: Vec<u32>,
    top20: Vec<Vec<(u32, f32)>>,
}

/// Margin of the oracle's two likeliest tokens, in nats, below which either may be taken.
const UNDECIDED: f32 = 0.01;

/// Tokens of a sentence that a software GPU embeds only once, in the batch.
const LONG: usize = 64;

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn minilm(device: Device, least: f64) {
    let (Some(files), Some(backend)) = (model("all-minilm-l6-v2"), device.backend()) else { return };
    let golden: Sentences = serde_json::from_str(include_str!("../golden/minilm.json")).unwrap();
    let mut engine = load(backend, files, None).unwrap();
    let info = engine.info();
    assert_eq!((info.family, info.task, info.dimensions, info.context), ("bert", "embed", 384, 512));
    let options = EmbedOptions::default();
    let batch = pollster::block_on(engine.embed(&golden.sentences, &options, &mut all)).unwrap();
    let mut worst: f64 = 1.0;
    let mut difference: f32 = 0.0;
    for (index, sentence) in golden.sentences.iter().enumerate() {
        let mut ids = engine.tokenize(sentence).unwrap();
        if ids.len() > 512 {
            ids.drain(511..ids.len() - 1);
        }
        assert_eq!(ids, golden.input_ids[index], "{sentence:?}");
        assert_eq!(batch.tokens[index] as usize, ids.len());
        let found = &batch.vectors[index * 384..(index + 1) * 384];
        worst = worst.min(cosine(found, &golden.embeddings[index]));
        if ids.len() > LONG && device == Device::Gpu && !full() {
            continue;
        }
        let alone = pollster::block_on(engine.embed(std::slice::from_ref(sentence), &options, &mut all)).unwrap();
        let apart = found.iter().zip(&alone.vectors).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        difference = difference.max(apart);
    }
    println!("{device:?}: least cosine {worst:.7}, batched against single {difference:.1e}");
    assert!(worst >= least, "least cosine {worst}");
    // On the CPU no sum depends on what else is computed.
    let most = if device == Device::Cpu { 0.0 } else { 1e-5 };
    assert!(difference <= most, "batched against single {difference}");
}

#[test]
fn minilm_on_cpu() {
    minilm(Device::Cpu, 0.99999);
}

#[test]
fn minilm_on_gpu() {
    minilm(Device::Gpu, 0.9999);
}

struct Case {
    id: &'static str,
    golden: &'static str,
    family: &'static str,
}

const SMOLLM2: Case =
    Case { id: "smollm2-135m-instruct", golden: include_str!("../golden/smollm2.json"), family: "llama" };
const GEMMA3: Case = Case { id: "gemma-3-270m", golden: include_str!("../golden/gemma3.json"), family: "gemma3" };

/// How much of a language golden is compared. The 32 greedy tokens of every prompt always are.
struct Share {
    /// The log-probabilities of every so many-th greedy step.
    every: usize,
    /// The log-probabilities after the prompt of 256 tokens.
    prefill: bool,
    /// Tokens of the text that are scored.
    scored: usize,
}

impl Share {
    fn of(device: Device) -> Share {
        match device {
            _ if full() => Share { every: 1, prefill: true, scored: 2048 },
            Device::Cpu => Share { every: 1, prefill: true, scored: 256 },
            Device::Gpu => Share { every: 15, prefill: false, scored: 64 },
        }
    }
}

/// Greedy tokens, log-probabilities and perplexity.
fn language(case: &Case, device: Device) {
    let Share { every, prefill, scored } = Share::of(device);
    let (Some(files), Some(backend)) = (model(case.id), device.backend()) else { return };
    let golden: Language = serde_json::from_str(case.golden).unwrap();
    let mut engine = load(backend, files, Some(2048)).unwrap();
    assert_eq!(engine.info().family, case.family);
    let mut differences = Vec::new();
    for (prompt, run) in golden.prompts.iter().zip(&golden.greedy) {
        assert_eq!(engine.tokenize(prompt).unwrap(), run.prompt_ids, "{prompt:?}");
        greedy(&mut engine, run);
        for (step, top) in run.top20.iter().enumerate().step_by(every) {
            let tokens = [&run.prompt_ids[..], &run.ids[..step]].concat();
            compare(&mut engine, &tokens, top, &mut differences);
        }
    }
    // What a conversation takes. Scoring, below, takes logits of 64 rows at a time on top.
    let memory = engine.memory();
    let held = memory.host + memory.device;
    println!("{} {device:?}: {:.1} MB held for {:.1} MB of weights", case.id, mega(held), mega(memory.weights));
    if device == Device::Cpu {
        assert!(mega(held) <= 1.15 * mega(memory.weights) + 64.0, "{held} bytes held");
    }
    if prefill {
        let ids = engine.tokenize(PREFILL).unwrap();
        compare(&mut engine, &ids[..256], &golden.prefill256_top20, &mut differences);
    }
    differences.sort_by(f32::total_cmp);
    let median = differences[differences.len() / 2];
    let ids = engine.tokenize(TEXT).unwrap();
    let found = pollster::block_on(engine.score(&ids[..scored], &mut all)).unwrap();
    let mean = |all: &[f32]| all.iter().map(|&x| f64::from(x)).sum::<f64>() / all.len() as f64;
    let perplexity = mean(&found).exp();
    let expected = mean(&golden.nll[..scored - 1]).exp();
    let apart: Vec<f32> = found.iter().zip(&golden.nll).map(|(a, b)| (a - b).abs()).collect();
    println!(
        "{} {device:?}: top-20 log-probabilities {median:.5} nats median, {:.5} most; perplexity of {scored} tokens \
         {perplexity:.4} against {expected:.4}, {:.5} nats a token",
        case.id,
        differences[differences.len() - 1],
        mean(&apart),
    );
    assert!(median <= 0.01, "{median} nats median");
    assert!((perplexity / expected - 1.0).abs() <= 0.001, "perplexity {perplexity} against {expected}");
}

/// What rounding activations to 8 bits costs: no more than it costs llama.cpp on the same files (mean difference of a token's
/// negative log-likelihood over 2,048 tokens: 0.053 and 0.068 nats), and 0.3 % of the perplexity.
fn quickly(case: &Case, most: f64) {
    let Some(files) = model(case.id) else { return };
    let golden: Language = serde_json::from_str(case.golden).unwrap();
    let backend = cpu::CpuBackend::new().rounding(cpu::Precision::Quick(None));
    let mut engine = load(Box::new(backend) as Box<dyn graph::Backend>, files, Some(2048)).unwrap();
    assert_eq!(engine.info().details["precision"], "quick");
    let ids = engine.tokenize(TEXT).unwrap();
    let scored = if full() { 2048 } else { 512 };
    let found = pollster::block_on(engine.score(&ids[..scored], &mut all)).unwrap();
    let expected = &golden.nll[..scored - 1];
    let mean = |all: &mut dyn Iterator<Item = f32>| all.map(f64::from).sum::<f64>() / (scored - 1) as f64;
    let apart = mean(&mut found.iter().zip(expected).map(|(a, b)| (a - b).abs()));
    let ratio = (mean(&mut found.iter().copied()) - mean(&mut expected.iter().copied())).exp();
    println!("{}, activations of 8 bits: {apart:.5} nats a token, perplexity {ratio:.5} times", case.id);
    // It would be less than a thousandth if nothing was rounded.
    assert!(apart > 1e-3 && apart <= most, "{apart} nats a token");
    // Over fewer tokens the differences do not even out.
    let bound = if full() { 0.003 } else { 0.01 };
    assert!((ratio - 1.0).abs() <= bound, "perplexity {ratio} times");
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Generates and follows the oracle until it is undecided.
fn greedy(engine: &mut Engine, run: &Greedy) {
    let options = GenerateOptions { max_tokens: Some(33), ignore_eos: true, ..Default::default() };
    let prompt = Prompt::Tokens(run.prompt_ids.clone());
    let finish = pollster::block_on(engine.generate(&prompt, &options, &mut all)).unwrap();
    assert_eq!(finish.reason, FinishReason::Length);
    let found = &engine.cached()[run.prompt_ids.len()..];
    assert_eq!(found.len(), 32);
    for (step, top) in run.top20.iter().enumerate() {
        if found[step] != run.ids[step] {
            assert!(top[0].1 - top[1].1 < UNDECIDED, "step {step}: {found:?} against {:?}", run.ids);
            return;
        }
    }
}

fn compare(engine: &mut Engine, tokens: &[u32], top: &[(u32, f32)], differences: &mut Vec<f32>) {
    let found = pollster::block_on(engine.next_log_probabilities(tokens)).unwrap();
    differences.extend(top.iter().map(|&(token, expected)| (found[token as usize] - expected).abs()));
}

#[test]
fn smollm2_on_cpu() {
    language(&SMOLLM2, Device::Cpu);
}

#[test]
fn smollm2_on_gpu() {
    language(&SMOLLM2, Device::Gpu);
}

#[test]
fn smollm2_quickly_on_cpu() {
    quickly(&SMOLLM2, 0.053);
}

#[test]
fn gemma3_quickly_on_cpu() {
    quickly(&GEMMA3, 0.068);
}

#[test]
fn gemma3_on_cpu() {
    language(&GEMMA3, Device::Cpu);
}

#[test]
fn gemma3_on_gpu() {
    language(&GEMMA3, Device::Gpu);
}

/// A chat model renders its template, ends its turn by itself and can be stopped before.
#[test]
fn smollm2_chats() {
    let (Some(files), Some(backend)) = (model(SMOLLM2.id), Device::Cpu.backend()) else { return };
    let mut engine = load(backend, files, None).unwrap();
    assert!(engine.info().chat);
    let message = |role: &str, content: &str| engine::Message { role: role.into(), content: content.into() };
    let prompt = Prompt::Chat(vec![message("user", "What is 2 + 2? Answer with one number.")]);
    let mut text = String::new();
    let mut sink = |event: engine::Event<'_>| {
        if let engine::Event::Text { text: piece, .. } = event {
            text.push_str(piece);
        }
        std::ops::ControlFlow::Continue(())
    };
    let options = GenerateOptions { max_tokens: Some(64), ..Default::default() };
    let finish = pollster::block_on(engine.generate(&prompt, &options, &mut sink)).unwrap();
    assert_eq!(finish.reason, FinishReason::Stop, "{text:?}");
    assert!(text.contains('4') && !text.contains("<|im_end|>"), "{text:?}");
    assert_eq!(engine.count_tokens(&prompt).unwrap(), finish.prompt_tokens);
}
