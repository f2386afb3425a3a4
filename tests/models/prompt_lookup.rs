//! Tokens that are guessed from what was written before change none of the answer.

use engine::{Engine, Event, Finish, FinishReason, GenerateOptions, Message, Prompt};

use std::ops::ControlFlow;

use super::support::{Device, full, load, model};
use super::tiny::{Layout, Random, VOCABULARY};
use super::tiny_decoders::{Variant, build};

fn options(lookup: bool, max_tokens: usize) -> GenerateOptions {
    GenerateOptions {
        max_tokens: Some(max_tokens),
        prompt_lookup: Some(lookup),
        ignore_eos: true,
        ..Default::default()
    }
}

/// What the sink saw until it had so many bytes, and how it went.
fn write(engine: &mut Engine, prompt: &Prompt, options: &GenerateOptions, wanted: usize) -> (String, Finish) {
    let mut text = String::new();
    let mut sink = |event: Event<'_>| {
        if let Event::Text { text: piece, .. } = event {
            text.push_str(piece);
        }
        if text.len() >= wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let finish = pollster::block_on(engine.generate(prompt, options, &mut sink)).unwrap();
    (text, finish)
}

/// A prompt that says something twice.
fn prompt() -> Prompt {
    let mut random = Random(77);
    let sentence: Vec<u32> = (0..12).map(|_| random.below(VOCABULARY as u32)).collect();
    Prompt::Tokens([&sentence[..], &[4, 5], &sentence, &[9], &sentence[..5]].concat())
}

fn guesses_change_no_token(device: Device) {
    let (mut guessed, mut right) = (0, 0);
    for variant in Variant::ALL {
        let Some(backend) = device.backend() else { return };
        let mut engine = load(backend, build(variant).0.files(Layout::Gguf), None).unwrap();
        let (whole, _) = write(&mut engine, &prompt(), &options(false, 60), usize::MAX);
        let stop = GenerateOptions { stop: vec![whole[20..24].into()], ..options(true, 60) };
        // To the end, to the end of the context, to a stop string, to a sink that has enough, and to every number of tokens
        // around a guess.
        let mut kinds = vec![(options(true, 60), usize::MAX), (options(true, 1000), usize::MAX), (stop, usize::MAX)];
        kinds.push((options(true, 60), 17));
        kinds.push((GenerateOptions { run_ahead: Some(3), ..options(true, 60) }, usize::MAX));
        kinds.extend((1..12).map(|tokens| (options(true, tokens), usize::MAX)));
        for (kind, wanted) in kinds {
            let mut outcomes = Vec::new();
            for lookup in [false, true] {
                let kind = GenerateOptions { prompt_lookup: Some(lookup), ..kind.clone() };
                let (text, finish) = write(&mut engine, &prompt(), &kind, wanted);
                (guessed, right) = (guessed + finish.proposed_tokens, right + finish.accepted_tokens);
                assert!(lookup || finish.proposed_tokens == 0);
                // The next turn finds the cache as it should be.
                let next = [&engine.cached()[..engine.cached().len().min(100) - 1], &[3, 2, 1]].concat();
                let (next, again) = write(&mut engine, &Prompt::Tokens(next), &options(lookup, 6), usize::MAX);
                outcomes.push((text, finish.reason, finish.tokens, next, again.cached_tokens));
            }
            assert_eq!(outcomes[0], outcomes[1], "{variant:?} {device:?} {kind:?}");
        }
    }
    println!("{right} of {guessed} guesses right");
    assert!(right > 0 && right < guessed, "{right} of {guessed}: right ones and wrong ones are tried");
}

#[test]
fn guesses_change_no_token_on_cpu() {
    guesses_change_no_token(Device::Cpu);
}

#[test]
fn guesses_change_no_token_on_gpu() {
    guesses_change_no_token(Device::Gpu);
}

/// A real model that quotes.
fn a_quotation_takes_fewer_steps(device: Device, tokens: usize) {
    let Some(files) = model("smollm2-135m-instruct") else { return };
    let Some(backend) = device.backend() else { return };
    let mut engine = load(backend, files, Some(512)).unwrap();
    let content = "Repeat this text word for word: The rushlight was the simplest candle there was. It was made at home by \
                   dipping the pith of a rush in fat. For centuries it lit the houses of the poor.";
    let prompt = Prompt::Chat(vec![Message { role: "user".into(), content: content.into() }]);
    let mut run = |lookup: bool| {
        let before = engine.counters();
        let (text, finish) = write(&mut engine, &prompt, &options(lookup, tokens), usize::MAX);
        (text, finish, engine.counters().submits - before.submits, engine.cached().to_vec())
    };
    run(false);
    let (plain, looked_up) = (run(false), run(true));
    println!("{device:?}: {} submits instead of {}, {:?}", looked_up.2, plain.2, looked_up.1);
    assert_eq!((&looked_up.0, &looked_up.3), (&plain.0, &plain.3));
    assert_eq!((looked_up.1.reason, looked_up.1.tokens), (FinishReason::Length, tokens));
    let accepted = looked_up.1.accepted_tokens;
    assert!(accepted >= tokens / 6, "{accepted} of {tokens} tokens were guessed");
    assert_eq!((plain.2, looked_up.2), (tokens as u64, (tokens - accepted) as u64));
}

#[test]
fn a_quotation_takes_fewer_steps_on_cpu() {
    a_quotation_takes_fewer_steps(Device::Cpu, 48);
}

#[test]
fn a_quotation_takes_fewer_steps_on_gpu() {
    a_quotation_takes_fewer_steps(Device::Gpu, if full() { 48 } else { 24 });
}

/// Drawn tokens and penalized ones are not guessed.
#[test]
fn only_the_likeliest_are_guessed() {
    let mut engine = load(Device::Cpu.backend().unwrap(), build(Variant::Llama).0.files(Layout::Gguf), None).unwrap();
    for other in [
        GenerateOptions { temperature: 0.1, ..options(true, 40) },
        GenerateOptions { presence_penalty: 0.1, ..options(true, 40) },
        options(false, 40),
    ] {
        assert_eq!(write(&mut engine, &prompt(), &other, usize::MAX).1.proposed_tokens, 0, "{other:?}");
    }
    assert!(write(&mut engine, &prompt(), &options(true, 40), usize::MAX).1.proposed_tokens > 0);
}
