//! How likely an ending is: scored on the cache of the prompt, it is what the whole text says by itself.

use std::ops::ControlFlow;

use engine::{CallOptions, Continuation, Engine, EngineError, Event, Message, Prompt};

use super::forward::{self, Decoder, Tensors};
use super::gguf::Meta;
use super::support::{Device, all, load};
use super::tiny::{Layout, VOCABULARY};
use super::tiny_decoders::{CONTEXT, Variant, build};
use super::tiny_encoders::{self, Naming};

const PROMPT: &str = "The quick brown fox jumps over the lazy dog, and then it is";
const ENDINGS: [&str; 4] = [" tired", "!", " a rather long story that goes on", " tired"];

fn continuations(
    engine: &mut Engine,
    prompt: impl Into<Prompt>,
    endings: &[&str],
) -> Result<Vec<Continuation>, EngineError> {
    let endings: Vec<String> = endings.iter().map(|ending| ending.to_string()).collect();
    pollster::block_on(engine.continuations(&prompt.into(), &endings, &CallOptions::default(), &mut all))
}

/// Log-probability of the ids from `start` on, by the plain forward pass over all of them.
fn expected(config: &Decoder, tensors: &Tensors, ids: &[u32], start: usize) -> f64 {
    let logits = forward::decoder(config, tensors, ids);
    (start..ids.len()).map(|at| forward::log_softmax(&logits[at - 1])[ids[at] as usize]).sum()
}

fn whole_texts_say_the_same(device: Device) {
    for variant in [Variant::Llama, Variant::Gemma3] {
        let (tiny, mut config) = build(variant);
        if let Some(gemma) = &mut config.gemma {
            gemma.scalar = config.head_dim as f64; // GGUF has no key for it
        }
        let Some(backend) = device.backend() else { return };
        let mut engine = load(backend, tiny.files(Layout::Gguf), None).unwrap();
        // From an empty cache, from that of the same prompt, and from one that parts in the middle of the prompt.
        for prompt in [PROMPT, PROMPT, "The quick brown cat is"] {
            let start = engine.tokenize(prompt).unwrap().len();
            let found = continuations(&mut engine, prompt, &ENDINGS).unwrap();
            assert_eq!(found.len(), ENDINGS.len());
            for (ending, found) in ENDINGS.iter().zip(&found) {
                let ids = engine.tokenize(&format!("{prompt}{ending}")).unwrap();
                let expected = expected(&config, &tiny.tensors, &ids, start);
                assert_eq!(found.tokens, ids.len() - start);
                let tolerance = device.plain(2e-4).max(1e-3) * found.tokens as f64;
                let difference = (f64::from(found.log_probability) - expected).abs();
                assert!(difference <= tolerance, "{variant:?} {device:?} {prompt:?} {ending:?}: {found:?}, {expected}");
            }
            let last = engine.tokenize(&format!("{prompt}{}", ENDINGS[3])).unwrap();
            assert_eq!(engine.cached(), &last[..last.len() - 1]);
        }
    }
}

#[test]
fn whole_texts_say_the_same_on_cpu() {
    whole_texts_say_the_same(Device::Cpu);
}

#[test]
fn whole_texts_say_the_same_on_gpu() {
    whole_texts_say_the_same(Device::Gpu);
}

/// A token may reach over the end of the prompt. All endings are then scored from where the first one parts from it, so
/// that they can be compared.
#[test]
fn endings_that_change_the_prompts_last_token() {
    let (mut tiny, config) = build(Variant::Llama);
    for (key, value) in &mut tiny.metadata {
        match (key.as_str(), value) {
            ("tokenizer.ggml.tokens", Meta::Texts(tokens)) => tokens[93] = "ab".into(),
            ("tokenizer.ggml.merges", Meta::Texts(merges)) => merges.push("a b".into()),
            _ => {}
        }
    }
    let mut engine = load(Device::Cpu.backend().unwrap(), tiny.files(Layout::Gguf), None).unwrap();
    let found = continuations(&mut engine, "xya", &["b", "c"]).unwrap();
    assert_eq!(engine.tokenize("xyab").unwrap(), [87, 88, 93]);
    for (ids, found) in [vec![87, 88, 93], vec![87, 88, 64, 66]].iter().zip(&found) {
        assert_eq!(found.tokens, ids.len() - 2);
        let expected = expected(&config, &tiny.tensors, ids, 2);
        assert!((f64::from(found.log_probability) - expected).abs() < 1e-2, "{found:?} against {expected}");
    }
    // Nothing is left to condition on.
    let error = continuations(&mut engine, "a", &["b"]).unwrap_err();
    assert_eq!(error.code(), "BAD_INPUT");
}

/// Turns are rendered with the opening of the answer, and ids are followed as they are.
#[test]
fn endings_of_chats_and_ids() {
    let (mut tiny, _) = build(Variant::Llama);
    let template = "{% for m in messages %}{{ m.content }}:{% endfor %}".to_string();
    tiny.metadata.push(("tokenizer.chat_template".into(), Meta::Text(template)));
    let mut engine = load(Device::Cpu.backend().unwrap(), tiny.files(Layout::Gguf), None).unwrap();
    let text = continuations(&mut engine, "Is it?:", &["yes", "no"]).unwrap();
    let chat = Prompt::Chat(vec![Message { role: "user".into(), content: "Is it?".into() }]);
    assert_eq!(continuations(&mut engine, chat, &["yes", "no"]).unwrap(), text);
    let ids = Prompt::Tokens(engine.tokenize("Is it?:").unwrap());
    assert_eq!(continuations(&mut engine, ids, &["yes", "no"]).unwrap(), text);
}

#[test]
fn it_stops_between_endings() {
    let (tiny, _) = build(Variant::Llama);
    let mut engine = load(Device::Cpu.backend().unwrap(), tiny.files(Layout::Gguf), None).unwrap();
    let whole = continuations(&mut engine, PROMPT, &ENDINGS).unwrap();
    let mut scored = 0;
    let mut sink = |event: Event<'_>| match event {
        Event::Embedded { done, total } => {
            assert_eq!(total, ENDINGS.len());
            scored = done;
            if done == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
        _ => ControlFlow::Continue(()),
    };
    let endings = ENDINGS.map(String::from);
    let stopped =
        pollster::block_on(engine.continuations(&PROMPT.into(), &endings, &CallOptions::default(), &mut sink));
    assert!(matches!(stopped, Err(EngineError::Cancelled)), "{stopped:?}");
    assert_eq!(scored, 2);
    // What it left in the cache is right.
    for (after, before) in continuations(&mut engine, PROMPT, &ENDINGS).unwrap().iter().zip(&whole) {
        assert!((after.log_probability - before.log_probability).abs() < 1e-4, "{after:?} against {before:?}");
    }
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let (tiny, _) = build(Variant::Llama);
    let mut engine = load(Device::Cpu.backend().unwrap(), tiny.files(Layout::Gguf), None).unwrap();
    assert_eq!(continuations(&mut engine, "a", &[]).unwrap(), []);
    let error = continuations(&mut engine, "a", &["b", ""]).unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), ("BAD_INPUT", "ending 1 adds no token to the prompt"));
    assert_eq!(continuations(&mut engine, "", &["b"]).unwrap_err().code(), "BAD_INPUT");
    let long = "x".repeat(CONTEXT);
    let error = continuations(&mut engine, long.as_str(), &["b"]).unwrap_err();
    assert!(matches!(error, EngineError::ContextOverflow { limit: CONTEXT, requested } if requested == CONTEXT + 1));
    let error = continuations(&mut engine, Prompt::Tokens(vec![VOCABULARY as u32]), &["b"]).unwrap_err();
    assert_eq!(error.code(), "BAD_INPUT");
    let (encoder, _) = tiny_encoders::build(Naming::Bert, None, Vec::new());
    let mut engine = load(Device::Cpu.backend().unwrap(), encoder.files(Layout::Gguf), None).unwrap();
    let error = continuations(&mut engine, "a", &["b"]).unwrap_err();
    assert!(matches!(error, EngineError::WrongTask { call: "continuations", task: "embed" }), "{error}");
}
