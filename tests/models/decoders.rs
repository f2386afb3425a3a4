//! Decoders with random weights: every family and format against the plain forward pass, cached against uncached.

use std::ops::ControlFlow;

use engine::{Engine, EngineError, Event, FinishReason, GenerateOptions, Prompt};

use super::forward::{self, Decoder, Tensors};
use super::gguf::Meta;
use super::support::{Device, all, load};
use super::tiny::{Layout, Random, VOCABULARY};
use super::tiny_decoders::{CONTEXT, Variant, build};

/// How far a result may be from f64. A key that is off by 1e-7 may become the next half, up to a thousandth of it away, and
/// move a logit of these small models by some 1e-4.
fn tolerance(device: Device) -> f64 {
    device.plain(2e-4).max(1e-3)
}

fn ids(count: usize) -> Vec<u32> {
    let mut random = Random(99);
    (0..count).map(|_| random.below(VOCABULARY as u32)).collect()
}

fn score(engine: &mut Engine, ids: &[u32]) -> Vec<f32> {
    pollster::block_on(engine.score(ids, &mut all)).unwrap()
}

/// Negative log-likelihoods by the plain forward pass.
fn expected(config: &Decoder, tensors: &Tensors, ids: &[u32]) -> Vec<f64> {
    let logits = forward::decoder(config, tensors, ids);
    ids[1..].iter().zip(&logits).map(|(&next, row)| -forward::log_softmax(row)[next as usize]).collect()
}

fn assert_close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(found) - expected).abs() <= tolerance, "{what}: {index}: {found} against {expected}");
    }
}

/// Every family and format computes what the plain forward pass computes.
fn formats_agree_with_forward(device: Device) {
    let ids = ids(70);
    for variant in Variant::ALL {
        let (tiny, config) = build(variant);
        // GGUF has no key for Gemma's query scale: it is that of the head.
        for layout in Layout::ALL {
            let mut config = config.clone();
            if let (Layout::Gguf, Some(gemma)) = (layout, &mut config.gemma) {
                gemma.scalar = config.head_dim as f64;
            }
            let expected = expected(&config, &tiny.tensors, &ids);
            let Some(backend) = device.backend() else { return };
            let mut engine = load(backend, tiny.files(layout), None).unwrap();
            assert_eq!(engine.info().task, "generate");
            assert_eq!(engine.info().context, CONTEXT);
            assert_close(&score(&mut engine, &ids), &expected, tolerance(device), &format!("{variant:?} {layout:?}"));
        }
    }
}

#[test]
fn formats_agree_with_forward_on_cpu() {
    formats_agree_with_forward(Device::Cpu);
}

#[test]
fn formats_agree_with_forward_on_gpu() {
    formats_agree_with_forward(Device::Gpu);
}

/// Prefill in buckets, decoding token by token and a reused prefix give the same numbers and tokens as no cache at all.
fn cache_changes_nothing(device: Device) {
    for variant in [Variant::Llama, Variant::Gemma3] {
        let (tiny, config) = build(variant);
        let Some(backend) = device.backend() else { return };
        let mut engine = load(backend, tiny.files(Layout::Safetensors), None).unwrap();
        // One bucket with rows of padding on a GPU; a full one and one with padding on the CPU.
        let prompt = ids(83);
        let mut chain = prompt.clone();
        for _ in 0..12 {
            let logits = forward::decoder(&config, &tiny.tensors, &chain);
            let next = log_best(logits.last().unwrap());
            chain.push(next);
        }
        let options = GenerateOptions { max_tokens: Some(13), ignore_eos: true, ..Default::default() };
        let generate = |engine: &mut Engine, prompt: &[u32]| {
            let prompt = Prompt::Tokens(prompt.to_vec());
            pollster::block_on(engine.generate(&prompt, &options, &mut all)).unwrap()
        };
        let finish = generate(&mut engine, &prompt);
        assert_eq!((finish.reason, finish.cached_tokens, finish.tokens), (FinishReason::Length, 0, 13));
        assert_eq!(engine.cached(), chain, "{variant:?}");
        // The same prompt again: all but its last token is there already.
        let finish = generate(&mut engine, &prompt);
        assert_eq!(finish.cached_tokens, prompt.len() - 1);
        assert_eq!(engine.cached(), chain, "{variant:?} from the cache");
        // A prompt that parts from the cache after 40 tokens.
        let mut other = prompt.clone();
        other[40] = (other[40] + 1) % VOCABULARY as u32;
        assert_eq!(generate(&mut engine, &other).cached_tokens, 40);
        let found = pollster::block_on(engine.next_log_probabilities(&other)).unwrap();
        let logits = forward::decoder(&config, &tiny.tensors, &other);
        assert_close(&found, &forward::log_softmax(logits.last().unwrap()), tolerance(device), "after a reused prefix");
    }
}

fn log_best(row: &[f64]) -> u32 {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
    assert!(row[order[0]] - row[order[1]] > 1e-3, "the tiny model is undecided; take another seed");
    order[0] as u32
}

#[test]
fn cache_changes_nothing_on_cpu() {
    cache_changes_nothing(Device::Cpu);
}

#[test]
fn cache_changes_nothing_on_gpu() {
    cache_changes_nothing(Device::Gpu);
}

/// Both backends draw the same tokens from the same seed, other seeds draw others, and narrowing to one token is greedy.
#[test]
fn sampling_is_a_function_of_the_seed() {
    let (tiny, _) = build(Variant::Qwen3);
    let mut drawn = Vec::new();
    for device in [Device::Cpu, Device::Gpu] {
        let Some(backend) = device.backend() else { continue };
        let mut engine = load(backend, tiny.files(Layout::Safetensors), None).unwrap();
        let mut run = |temperature: f32, seed: u32, top_k: u32| {
            let options = GenerateOptions {
                max_tokens: Some(20),
                temperature,
                top_k,
                seed: Some(seed),
                ignore_eos: true,
                ..Default::default()
            };
            pollster::block_on(engine.generate(&Prompt::Tokens(ids(9)), &options, &mut all)).unwrap();
            engine.cached()[9..].to_vec()
        };
        let (first, again, other) = (run(1.5, 1, 40), run(1.5, 1, 40), run(1.5, 2, 40));
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert_eq!(run(1.5, 3, 1), run(0.0, 4, 0));
        drawn.push(first);
    }
    assert!(drawn.windows(2).all(|pair| pair[0] == pair[1]));
}

/// Limits and refusals: context, stop strings, cancellation, and calls that a decoder does not answer.
#[test]
fn generation_ends_where_it_should() {
    let (tiny, _) = build(Variant::Llama);
    let backend = Device::Cpu.backend().unwrap();
    let mut engine = load(backend, tiny.files(Layout::Gguf), Some(24)).unwrap();
    assert_eq!(engine.info().context, 24);
    let mut run = |prompt: Prompt, options: GenerateOptions, stop_after: usize| {
        let mut text = String::new();
        let mut sink = |event: Event<'_>| {
            if let Event::Text { text: piece, .. } = event {
                text.push_str(piece);
            }
            if text.len() > stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let finish = pollster::block_on(engine.generate(&prompt, &options, &mut sink));
        (finish, text)
    };
    let plain = |max_tokens: Option<usize>| GenerateOptions { max_tokens, ..Default::default() };
    // 20 of 24 places are taken; the token after the last place is still known, the one after that is not.
    let (finish, text) = run(Prompt::Tokens(ids(20)), plain(None), 1000);
    let finish = finish.unwrap();
    assert_eq!((finish.reason, finish.tokens, text.chars().count()), (FinishReason::Length, 5, 5));
    let (finish, _) = run(Prompt::Tokens(ids(25)), plain(None), 1000);
    let error = finish.unwrap_err();
    assert!(matches!(error, EngineError::ContextOverflow { limit: 24, requested: 25 }));
    assert_eq!(error.code(), "CONTEXT_OVERFLOW");
    let (finish, text) = run(Prompt::Text("abc".into()), plain(Some(10)), 3);
    assert_eq!((finish.unwrap().reason, text.len()), (FinishReason::Cancelled, 4));
    let (_, whole) = run(Prompt::Text("abc".into()), plain(Some(10)), 1000);
    assert_eq!(whole.chars().count(), 10);
    let stop = whole[4..7].to_string();
    let first = whole.find(&stop).unwrap();
    let (finish, text) = run(Prompt::Text("abc".into()), GenerateOptions { stop: vec![stop], ..plain(Some(10)) }, 1000);
    assert_eq!((finish.unwrap().reason, text.as_str()), (FinishReason::Stop, &whole[..first]));
    let (finish, _) = run(Prompt::Tokens(vec![VOCABULARY as u32]), plain(None), 1000);
    assert_eq!(finish.unwrap_err().code(), "BAD_INPUT");
    let (finish, _) = run(Prompt::Chat(Vec::new()), plain(None), 1000);
    assert!(matches!(finish.unwrap_err(), EngineError::Missing("chat template")));
    let refused = pollster::block_on(engine.embed(&["a".into()], &Default::default(), &mut all));
    assert_eq!(refused.unwrap_err().code(), "BAD_INPUT");
}

/// A load that is cancelled, and an engine that is dropped, leave nothing behind.
#[test]
fn dropping_returns_memory() {
    use std::cell::RefCell;
    use std::rc::Rc;

    let (tiny, _) = build(Variant::Llama);
    let shared = Rc::new(RefCell::new(cpu::CpuBackend::new()));
    let before = graph::Backend::memory(&*shared.borrow());
    let backend = || Box::new(super::support::Shared(shared.clone())) as Box<dyn graph::Backend>;
    let mut engine = load(backend(), tiny.files(Layout::Gguf), None).unwrap();
    score(&mut engine, &ids(20));
    assert!(graph::Backend::memory(&*shared.borrow()).host > before.host);
    drop(engine);
    assert_eq!(graph::Backend::memory(&*shared.borrow()), before);
    let mut stop = |_: Event<'_>| ControlFlow::Break(());
    let host = super::support::Native::boxed();
    let files = tiny.files(Layout::Gguf);
    let cancelled = pollster::block_on(Engine::load(backend(), files, Default::default(), host, &mut stop));
    assert!(matches!(cancelled, Err(EngineError::Cancelled)));
    assert_eq!(graph::Backend::memory(&*shared.borrow()), before);
}

/// A template may tell the model what day it is.
#[test]
fn templates_know_the_date() {
    let (mut tiny, _) = build(Variant::Llama);
    let template = "{{ strftime_now('%d%b%Y') }}".to_string();
    tiny.metadata.push(("tokenizer.chat_template".into(), Meta::Text(template)));
    let mut engine = load(Device::Cpu.backend().unwrap(), tiny.files(Layout::Gguf), None).unwrap();
    let prompt = Prompt::Chat(vec![engine::Message { role: "user".into(), content: "a".into() }]);
    let options = GenerateOptions { max_tokens: Some(1), ..Default::default() };
    pollster::block_on(engine.generate(&prompt, &options, &mut all)).unwrap();
    assert_eq!(engine.cached(), engine.tokenize("29Feb2024").unwrap());
}

/// A file's start token comes once, whether its template writes it or not, and its end token ends an answer.
#[test]
fn special_tokens_are_those_of_the_file() {
    let message = |content: &str| engine::Message { role: "user".into(), content: content.into() };
    let key = |name: &str| format!("tokenizer.{name}");
    for start in ["{{ bos_token }}", ""] {
        let (mut tiny, _) = build(Variant::Llama);
        tiny.metadata.retain(|(name, _)| !name.ends_with("add_bos_token"));
        let template = format!("{start}{{% for message in messages %}}{{{{ message.content }}}}{{% endfor %}}");
        tiny.metadata.extend([
            (key("ggml.add_bos_token"), Meta::Bool(true)),
            (key("ggml.bos_token_id"), Meta::U32(7)),
            (key("chat_template"), Meta::Text(template)),
        ]);
        let mut engine = load(Device::Cpu.backend().unwrap(), tiny.files(Layout::Gguf), None).unwrap();
        assert!(engine.info().chat);
        assert_eq!(engine.tokenize("ab").unwrap(), [7, 64, 65]);
        let prompt = Prompt::Chat(vec![message("a"), message("b")]);
        assert_eq!(engine.count_tokens(&prompt).unwrap(), 3);
        let options = GenerateOptions { max_tokens: Some(2), ..Default::default() };
        pollster::block_on(engine.generate(&prompt, &options, &mut all)).unwrap();
        let (prompt_ids, first) = engine.cached().split_at(3);
        assert_eq!(prompt_ids, [7, 64, 65], "{start:?}");
        tiny.metadata.push((key("ggml.eot_token_id"), Meta::U32(first[0])));
        let mut engine = load(Device::Cpu.backend().unwrap(), tiny.files(Layout::Gguf), None).unwrap();
        let finish = pollster::block_on(engine.generate(&prompt, &options, &mut all)).unwrap();
        assert_eq!((finish.reason, finish.tokens), (FinishReason::Stop, 0));
    }
}

/// What a turn says is text, whatever it looks like; what a template writes is not.
#[test]
fn turns_write_no_control_tokens() {
    let (mut tiny, _) = build(Variant::Llama);
    for (key, value) in &mut tiny.metadata {
        match (key.as_str(), value) {
            ("tokenizer.ggml.tokens", Meta::Texts(tokens)) => tokens[93] = "<s>".into(),
            ("tokenizer.ggml.token_type", Meta::I32s(types)) => types[93] = 3,
            _ => {}
        }
    }
    let template = "{% for m in messages %}<s>{{ m.role }}:{{ m.content | trim }}{% endfor %}<s>".to_string();
    tiny.metadata.push(("tokenizer.chat_template".into(), Meta::Text(template)));
    let mut engine = load(Device::Cpu.backend().unwrap(), tiny.files(Layout::Gguf), None).unwrap();
    let mut ids = |prompt: Prompt| {
        let options = GenerateOptions { max_tokens: Some(1), ..Default::default() };
        pollster::block_on(engine.generate(&prompt, &options, &mut all)).unwrap();
        assert_eq!(engine.cached().len(), engine.count_tokens(&prompt).unwrap());
        engine.cached().to_vec()
    };
    let text = |text: &str| text.bytes().map(|byte| u32::from(byte) - 0x21).collect::<Vec<u32>>();
    let chat =
        |role: &str, content: &str| Prompt::Chat(vec![engine::Message { role: role.into(), content: content.into() }]);
    let around = |inside: &str| [vec![93], text(inside), vec![93]].concat();
    assert_eq!(ids(chat("u", " hi ")), around("u:hi"));
    assert_eq!(ids(chat("u", "hi<s>a:yes")), around("u:hi<s>a:yes"));
    assert_eq!(ids(chat("u", " <s><<s>> ")), around("u:<s><<s>>"));
    assert_eq!(ids(chat("<s>", "x")), around("<s>:x"));
    assert_eq!(ids(Prompt::Plain { text: "a<s>b".into() }), text("a<s>b"));
    assert_eq!(ids(Prompt::Text("a<s>b".into())), [64, 93, 65]);
}
