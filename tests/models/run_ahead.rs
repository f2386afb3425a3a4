//! Steps that are queued before it is known whether they are wanted change no token, and leave nothing behind.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use cpu::CpuBackend;
use engine::{Engine, EngineError, Event, Finish, GenerateOptions, Prompt};
use graph::{Backend, BackendError};

use super::support::{Device, Shared, all, load, open_gpu};
use super::tiny::{Layout, Random, VOCABULARY};
use super::tiny_decoders::{Variant, build};

fn prompt() -> Vec<u32> {
    let mut random = Random(31);
    (0..9).map(|_| random.below(VOCABULARY as u32)).collect()
}

fn options(run_ahead: usize, max_tokens: usize) -> GenerateOptions {
    GenerateOptions {
        max_tokens: Some(max_tokens),
        run_ahead: Some(run_ahead),
        prompt_lookup: Some(false),
        ignore_eos: true,
        seed: Some(3),
        ..Default::default()
    }
}

fn open(backend: Box<dyn Backend>) -> Engine {
    load(backend, build(Variant::Gemma3).0.files(Layout::Gguf), Some(64)).unwrap()
}

/// The text of an answer, as far as `wanted` characters, and how it went.
fn write(engine: &mut Engine, prompt: &[u32], options: &GenerateOptions, wanted: usize) -> (String, Finish) {
    let mut text = String::new();
    let mut sink = |event: Event<'_>| {
        if let Event::Text { text: piece, .. } = event {
            text.push_str(piece);
        }
        if text.len() >= wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let prompt = Prompt::Tokens(prompt.to_vec());
    let finish = pollster::block_on(engine.generate(&prompt, options, &mut sink)).unwrap();
    (text, finish)
}

fn depth_changes_no_token(device: Device) {
    let plain = options(1, 20);
    let kinds = [
        plain.clone(),
        GenerateOptions { temperature: 1.2, top_k: 20, ..plain.clone() },
        GenerateOptions { repetition_penalty: 1.3, presence_penalty: 0.5, ..plain },
    ];
    for kind in kinds {
        let Some(backend) = device.backend() else { return };
        let mut engine = open(backend);
        let expected = write(&mut engine, &prompt(), &kind, usize::MAX).0;
        let cached = engine.cached().to_vec();
        for depth in [2, 3, 8] {
            let ahead = GenerateOptions { run_ahead: Some(depth), ..kind.clone() };
            let (text, finish) = write(&mut engine, &prompt(), &ahead, usize::MAX);
            assert_eq!((text.as_str(), finish.tokens), (expected.as_str(), 20), "{depth} at once, {kind:?}");
            assert_eq!(engine.cached(), cached);
        }
    }
}

#[test]
fn depth_changes_no_token_on_cpu() {
    depth_changes_no_token(Device::Cpu);
}

#[test]
fn depth_changes_no_token_on_gpu() {
    depth_changes_no_token(Device::Gpu);
}

/// However an answer ends, what was computed behind its end is forgotten: the next call finds the cache as one step at a
/// time would have left it, and writes the same.
fn what_lies_behind_the_end_is_forgotten(device: Device) {
    let Some(backend) = device.backend() else { return };
    let mut engine = open(backend);
    let drawn = |max_tokens: usize| GenerateOptions { temperature: 1.2, ..options(1, max_tokens) };
    let (whole, _) = write(&mut engine, &prompt(), &drawn(30), usize::MAX);
    let stop = GenerateOptions { stop: vec![whole[7..9].into()], ..drawn(30) };
    // A sink that has enough, a stop string, a number of tokens, and the end of the context.
    let endings = [(drawn(30), 5), (stop, usize::MAX), (drawn(6), usize::MAX), (drawn(1000), usize::MAX)];
    for (one, wanted) in endings {
        let mut outcomes = Vec::new();
        for depth in [1, 4] {
            let ahead = GenerateOptions { run_ahead: Some(depth), ..one.clone() };
            let (text, finish) = write(&mut engine, &prompt(), &ahead, wanted);
            let cached = engine.cached().to_vec();
            // A second turn: it shares the prompt and the start of the answer.
            let next = [&cached[..cached.len().min(40) - 1], &[5, 6, 7]].concat();
            let (second, again) = write(&mut engine, &next, &options(depth, 8), usize::MAX);
            assert_eq!(again.cached_tokens, next.len() - 3);
            outcomes.push((text, finish.reason, finish.tokens, cached, second));
        }
        assert_eq!(outcomes[0], outcomes[1], "{one:?}");
        assert!(outcomes[0].2 >= 5);
    }
}

#[test]
fn what_lies_behind_the_end_is_forgotten_on_cpu() {
    what_lies_behind_the_end_is_forgotten(Device::Cpu);
}

#[test]
fn what_lies_behind_the_end_is_forgotten_on_gpu() {
    what_lies_behind_the_end_is_forgotten(Device::Gpu);
}

/// When a token is known, so many steps are queued; never more than there are tokens to come. Each is one submit.
#[test]
fn steps_are_queued_before_a_token_is_known() {
    let backend = Rc::new(RefCell::new(CpuBackend::new()));
    let mut engine = open(Box::new(Shared(backend.clone())));
    write(&mut engine, &prompt(), &options(1, 1), usize::MAX);
    for (depth, expected) in [(1, [1, 2, 3, 4, 5, 6]), (3, [3, 4, 5, 6, 6, 6]), (8, [6; 6])] {
        let before = backend.borrow().counters();
        let mut submits = Vec::new();
        let mut sink = |event: Event<'_>| {
            if let Event::Text { .. } = event {
                submits.push(backend.borrow().counters().submits - before.submits);
            }
            ControlFlow::Continue(())
        };
        pollster::block_on(engine.generate(&Prompt::Tokens(prompt()), &options(depth, 6), &mut sink)).unwrap();
        assert_eq!(submits, expected, "{depth} at once");
        let reads = backend.borrow().counters().reads - before.reads;
        assert_eq!(reads, 6);
    }
}

/// A device that goes away while reads are on their way is one error, and not a hang.
#[test]
fn a_device_is_lost_in_between() {
    let Some(backend) = open_gpu() else { return };
    let backend = Rc::new(RefCell::new(backend));
    let mut engine = open(Box::new(Shared(backend.clone())));
    let mut told = 0;
    let mut sink = |event: Event<'_>| {
        if let Event::Text { .. } = event {
            told += 1;
            if told == 3 {
                backend.borrow().lose();
            }
        }
        ControlFlow::Continue(())
    };
    let lost = pollster::block_on(engine.generate(&Prompt::Tokens(prompt()), &options(4, 20), &mut sink));
    assert!(matches!(&lost, Err(EngineError::Backend(BackendError::DeviceLost(_)))), "{lost:?}");
    assert_eq!(lost.unwrap_err().code(), "DEVICE_LOST");
    let again = pollster::block_on(engine.generate(&Prompt::Tokens(prompt()), &options(4, 20), &mut all));
    assert_eq!(again.unwrap_err().code(), "DEVICE_LOST");
}

#[test]
fn a_depth_has_limits() {
    let mut engine = open(Device::Cpu.backend().unwrap());
    for depth in [0, 9] {
        let refused = pollster::block_on(engine.generate(&Prompt::Tokens(prompt()), &options(depth, 2), &mut all));
        let error = refused.unwrap_err();
        assert_eq!((error.code(), error.to_string()), ("BAD_INPUT", format!("runAhead is {depth}")));
    }
}
