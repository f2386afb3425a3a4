//! Answers within a constraint: what it does not allow never comes, whatever else is asked for.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use engine::{Constraint, Engine, EngineError, Event, Finish, FinishReason, GenerateOptions, Grammar, Prompt};
use graph::{Backend, BufferId, DType, TensorType};

use super::forward;
use super::gguf::Meta;
use super::hooked::{Hooked, Hooks};
use super::support::{Device, Shared, all, load, model, open_gpu};
use super::tiny::{Layout, Random, VOCABULARY};
use super::tiny_decoders::{Variant, build};

const TOKENS: usize = 12;
/// `~`, in the vocabulary of bytes.
const END: u32 = 93;

fn prompt() -> Vec<u32> {
    let mut random = Random(5);
    (0..11).map(|_| random.below(VOCABULARY as u32)).collect()
}

/// Allows every third id, another third after each token, and notes what came.
#[derive(Default)]
struct Thirds(Vec<u32>);

impl Thirds {
    fn allows(step: usize, id: u32) -> bool {
        (id as usize + step).is_multiple_of(3)
    }
}

impl Constraint for Thirds {
    fn allow(&mut self, allowed: &mut [u32]) -> Result<bool, EngineError> {
        assert!(allowed.iter().all(|&word| word == 0));
        let ids = (0..VOCABULARY as u32).filter(|&id| Thirds::allows(self.0.len(), id));
        ids.for_each(|id| allowed[id as usize / 32] |= 1 << (id % 32));
        Ok(false)
    }

    fn push(&mut self, token: u32) -> Result<(), EngineError> {
        self.0.push(token);
        Ok(())
    }
}

fn within(engine: &mut Engine, options: &GenerateOptions) -> Vec<u32> {
    let mut thirds = Thirds::default();
    let prompt_len = prompt().len();
    let prompt = Prompt::Tokens(prompt());
    let finish = pollster::block_on(engine.generate_within(&mut thirds, &prompt, options, &mut all)).unwrap();
    assert_eq!((finish.tokens, finish.reason), (TOKENS, FinishReason::Length));
    assert_eq!(finish.proposed_tokens, 0);
    // No step has read the last one, and nothing is asked about it.
    assert_eq!(thirds.0, engine.cached()[prompt_len..]);
    thirds.0
}

/// The likeliest of those that are allowed, each time.
fn expected(variant: Variant) -> Vec<u32> {
    let (tiny, config) = build(variant);
    let mut ids = prompt();
    for step in 0..TOKENS - 1 {
        let logits = forward::decoder(&config, &tiny.tensors, &ids);
        let row = logits.last().unwrap();
        let mut order: Vec<usize> = (0..row.len()).filter(|&id| Thirds::allows(step, id as u32)).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        assert!(row[order[0]] - row[order[1]] > 1e-3, "the tiny model is undecided; take another prompt");
        ids.push(order[0] as u32);
    }
    ids.split_off(prompt().len())
}

fn masked_tokens_are_the_likeliest_of_those_allowed(device: Device) {
    for variant in [Variant::Llama, Variant::Gemma3] {
        let Some(backend) = device.backend() else { return };
        let mut engine = load(backend, build(variant).0.files(Layout::Safetensors), None).unwrap();
        // Neither of these says anything of a step that waits for the one before.
        let plain = GenerateOptions { max_tokens: Some(TOKENS), run_ahead: Some(8), ..Default::default() };
        let options = GenerateOptions { prompt_lookup: Some(true), ignore_eos: true, ..plain };
        let found = within(&mut engine, &options);
        assert_eq!(found, expected(variant), "{variant:?} {device:?}");
        // What an earlier mask left is not there any more.
        assert_eq!(within(&mut engine, &options), found);
    }
}

#[test]
fn masked_tokens_are_the_likeliest_of_those_allowed_on_cpu() {
    masked_tokens_are_the_likeliest_of_those_allowed(Device::Cpu);
}

#[test]
fn masked_tokens_are_the_likeliest_of_those_allowed_on_gpu() {
    masked_tokens_are_the_likeliest_of_those_allowed(Device::Gpu);
}

#[test]
fn drawn_and_penalized_tokens_are_allowed_and_alike_on_both_backends() {
    let base = GenerateOptions { max_tokens: Some(TOKENS), ignore_eos: true, seed: Some(1), ..Default::default() };
    let kinds = [
        GenerateOptions { temperature: 1.5, ..base.clone() },
        GenerateOptions { temperature: 1.5, top_k: 40, top_p: 0.9, min_p: 0.01, ..base.clone() },
        GenerateOptions { repetition_penalty: 1.5, presence_penalty: 0.5, ..base.clone() },
        GenerateOptions { temperature: 1.5, frequency_penalty: 0.5, ..base },
    ];
    let mut chains: Vec<Vec<Vec<u32>>> = Vec::new();
    for device in [Device::Cpu, Device::Gpu] {
        let Some(backend) = device.backend() else { continue };
        let mut engine = load(backend, build(Variant::Qwen3).0.files(Layout::Safetensors), None).unwrap();
        chains.push(kinds.iter().map(|options| within(&mut engine, options)).collect());
    }
    for found in &chains {
        for (options, ids) in kinds.iter().zip(found) {
            let is_allowed = ids.iter().enumerate().all(|(step, &id)| Thirds::allows(step, id));
            assert!(is_allowed && ids.len() == TOKENS - 1, "{ids:?} {options:?}");
        }
        assert_ne!(found[0], found[3], "penalties change nothing");
    }
    assert!(chains.windows(2).all(|pair| pair[0] == pair[1]), "{chains:?}");
}

fn bytes_model(device: Device) -> Option<Engine> {
    let (mut tiny, _) = build(Variant::Llama);
    tiny.metadata.push(("tokenizer.ggml.eos_token_id".into(), Meta::U32(END)));
    Some(load(device.backend()?, tiny.files(Layout::Gguf), None).unwrap())
}

fn regex(source: &str) -> Option<Grammar> {
    Some(Grammar::Regex { source: source.into(), flags: String::new() })
}

fn answer(engine: &mut Engine, options: &GenerateOptions) -> Result<(String, Finish), EngineError> {
    answer_to(engine, &Prompt::Tokens(prompt()), options)
}

fn answer_to(engine: &mut Engine, prompt: &Prompt, options: &GenerateOptions) -> Result<(String, Finish), EngineError> {
    let mut text = String::new();
    let mut sink = |event: Event<'_>| {
        if let Event::Text { text: piece, .. } = event {
            text.push_str(piece);
        }
        ControlFlow::Continue(())
    };
    let finish = pollster::block_on(engine.generate(prompt, options, &mut sink))?;
    Ok((text, finish))
}

/// Greedy and drawn, a text is always one of those that the grammar has, and it ends where the grammar does: without a token
/// where nothing can follow, and by the model's own end where something could.
fn answers_end_where_the_grammar_ends(device: Device) {
    let Some(mut engine) = bytes_model(device) else { return };
    for seed in 0..8 {
        let temperature = if seed == 0 { 0.0 } else { 3.0 };
        let options = |source| GenerateOptions {
            temperature,
            seed: Some(seed),
            max_tokens: Some(60),
            constraint: regex(source),
            ..Default::default()
        };
        let (text, finish) = answer(&mut engine, &options("(cat|dog|cow)s?!")).unwrap();
        let all = ["cat!", "dog!", "cow!", "cats!", "dogs!", "cows!"];
        assert!(all.contains(&text.as_str()), "{text}");
        assert_eq!((finish.reason, finish.tokens), (FinishReason::Stop, text.len()));

        let (text, finish) = answer(&mut engine, &options("ab{2,4}")).unwrap();
        assert!(["abb", "abbb", "abbbb"].contains(&text.as_str()), "{text}");
        assert_eq!((finish.reason, finish.tokens), (FinishReason::Stop, text.len()));

        let (text, _) = answer(&mut engine, &options("")).unwrap();
        assert_eq!(text, "");

        // A limit cuts what the grammar would go on with.
        let short = GenerateOptions { max_tokens: Some(5), ..options("[a-f]{9}") };
        let (text, finish) = answer(&mut engine, &short).unwrap();
        assert_eq!((text.len(), finish.reason, finish.tokens), (5, FinishReason::Length, 5));
    }
    let schema = r#"{"type":"object","properties":{"b":{"type":"boolean"},"a":{"enum":["x","yy"]}},"required":["b","a"],"additionalProperties":false}"#;
    let options = |seed| GenerateOptions {
        temperature: if seed == 0 { 0.0 } else { 3.0 },
        seed: Some(seed),
        constraint: Some(Grammar::JsonSchema(schema.into())),
        ..Default::default()
    };
    for seed in 0..4 {
        let (text, finish) = answer(&mut engine, &options(seed)).unwrap();
        let all = ["true", "false"].iter().flat_map(|b| ["x", "yy"].map(|a| format!(r#"{{"b": {b}, "a": "{a}"}}"#)));
        assert!(all.into_iter().any(|one| one == text), "{text}");
        assert_eq!(finish.reason, FinishReason::Stop);
    }
}

#[test]
fn answers_end_where_the_grammar_ends_on_cpu() {
    answers_end_where_the_grammar_ends(Device::Cpu);
}

#[test]
fn answers_end_where_the_grammar_ends_on_gpu() {
    answers_end_where_the_grammar_ends(Device::Gpu);
}

/// Lets the model choose between a token and an end.
struct MayEnd(bool);

impl Constraint for MayEnd {
    fn allow(&mut self, allowed: &mut [u32]) -> Result<bool, EngineError> {
        // More than may come: the end among it, and bits behind the last token.
        allowed[0] = 1 << 9;
        allowed[END as usize / 32] |= 1 << (END % 32);
        Ok(self.0)
    }

    fn push(&mut self, token: u32) -> Result<(), EngineError> {
        assert_eq!(token, 9);
        Ok(())
    }
}

#[test]
fn an_end_comes_only_where_the_constraint_may_end() {
    let mut engine = bytes_model(Device::Cpu).unwrap();
    let mut ended = 0;
    for seed in 0..10 {
        let options =
            GenerateOptions { temperature: 100.0, seed: Some(seed), max_tokens: Some(8), ..Default::default() };
        let mut run = |may_end| {
            let prompt = Prompt::Tokens(prompt());
            pollster::block_on(engine.generate_within(&mut MayEnd(may_end), &prompt, &options, &mut all)).unwrap()
        };
        assert_eq!((run(false).reason, run(false).tokens), (FinishReason::Length, 8));
        ended += usize::from(run(true).reason == FinishReason::Stop);
    }
    assert!(ended > 5, "{ended} of 10 ended, at one in two for each of eight tokens");
}

#[test]
fn a_constraint_without_a_way_on_is_an_error() {
    struct Nothing;
    impl Constraint for Nothing {
        fn allow(&mut self, _: &mut [u32]) -> Result<bool, EngineError> {
            Ok(false)
        }

        fn push(&mut self, _: u32) -> Result<(), EngineError> {
            Ok(())
        }
    }
    let mut engine = bytes_model(Device::Cpu).unwrap();
    let prompt = Prompt::Tokens(prompt());
    let options = GenerateOptions::default();
    let refused = pollster::block_on(engine.generate_within(&mut Nothing, &prompt, &options, &mut all));
    assert_eq!(refused.unwrap_err().code(), "UNSUPPORTED_CONSTRAINT");
}

#[test]
fn grammars_that_cannot_be_used_are_refused_before_anything_runs() {
    let mut engine = bytes_model(Device::Cpu).unwrap();
    let schema = |schema: &str| Grammar::JsonSchema(schema.into());
    let refused = [
        (schema("{"), "UNSUPPORTED_CONSTRAINT"),
        (schema(r#"{"type":"nothing"}"#), "UNSUPPORTED_CONSTRAINT"),
        (schema(r#"{"type":"object","dependentSchemas":{"a":{}}}"#), "UNSUPPORTED_CONSTRAINT"),
        (schema(r##"{"$ref":"#/$defs/none"}"##), "UNSUPPORTED_CONSTRAINT"),
        (schema(r#"{"type":"integer","minimum":3,"maximum":2}"#), "IMPOSSIBLE_CONSTRAINT"),
        (regex("a(").unwrap(), "UNSUPPORTED_CONSTRAINT"),
        (regex("(a)\\1").unwrap(), "UNSUPPORTED_CONSTRAINT"),
        (regex("(?=a)a").unwrap(), "UNSUPPORTED_CONSTRAINT"),
        (Grammar::Regex { source: "a".into(), flags: "i".into() }, "UNSUPPORTED_CONSTRAINT"),
    ];
    let before = engine.counters();
    for (grammar, code) in refused {
        let options = GenerateOptions { constraint: Some(grammar.clone()), ..Default::default() };
        let error = answer(&mut engine, &options).unwrap_err();
        assert_eq!(error.code(), code, "{grammar:?}: {error}");
        assert!(error.to_string().len() < 300, "{error}");
    }
    assert_eq!(engine.counters(), before);
    assert_eq!(
        answer(&mut engine, &GenerateOptions { constraint: regex("ok"), ..Default::default() }).unwrap().0,
        "ok"
    );
}

#[test]
fn a_constrained_answer_can_be_cancelled() {
    let mut engine = bytes_model(Device::Cpu).unwrap();
    let options = GenerateOptions { constraint: regex("a{100}"), ..Default::default() };
    let mut told = 0;
    let mut sink = |event: Event<'_>| {
        told += usize::from(matches!(event, Event::Text { .. }));
        if told == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let finish = pollster::block_on(engine.generate(&Prompt::Tokens(prompt()), &options, &mut sink)).unwrap();
    assert_eq!((finish.reason, finish.tokens), (FinishReason::Cancelled, 3));
    assert_eq!(answer(&mut engine, &options).unwrap().0, "a".repeat(100));
}

/// A token within a constraint is one submit, one launch more and one read, and makes no object.
#[test]
fn a_token_within_a_constraint_costs_one_launch() {
    let mut spent = Vec::new();
    for is_constrained in [false, true] {
        let Some(backend) = open_gpu() else { return };
        let backend = Rc::new(RefCell::new(backend));
        let (tiny, _) = build(Variant::Llama);
        let mut engine =
            load(Box::new(Shared(backend.clone())) as Box<dyn Backend>, tiny.files(Layout::Gguf), Some(64)).unwrap();
        let options = GenerateOptions { max_tokens: Some(4), ignore_eos: true, ..Default::default() };
        let mut generate = || {
            let prompt = Prompt::Tokens(vec![5, 6, 7]);
            let mut thirds = Thirds::default();
            let finish = match is_constrained {
                true => pollster::block_on(engine.generate_within(&mut thirds, &prompt, &options, &mut all)),
                false => pollster::block_on(engine.generate(&prompt, &options, &mut all)),
            };
            assert_eq!(finish.unwrap().tokens, 4);
        };
        generate();
        let before = backend.borrow().counters();
        generate();
        let after = backend.borrow().counters();
        assert_eq!(after.objects, before.objects);
        assert_eq!((after.submits - before.submits, after.reads - before.reads), (4, 4));
        spent.push((after.dispatches - before.dispatches, after.bytes_read - before.bytes_read));
    }
    assert_eq!(spent[1], (spent[0].0 + 4, spent[0].1), "plain, constrained: {spent:?}");
}

/// Notes what is written where masks are.
struct Uploads {
    masks: Vec<BufferId>,
    written: Rc<RefCell<Vec<usize>>>,
}

impl Hooks for Uploads {
    fn allocated(&mut self, id: BufferId, ty: &TensorType) {
        if *ty == TensorType::new(DType::U32, [VOCABULARY / 32]) {
            self.masks.push(id);
        }
    }

    fn bytes<'a>(&self, dst: BufferId, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if self.masks.contains(&dst) {
            self.written.borrow_mut().push(bytes.len());
        }
        bytes.into()
    }
}

#[test]
fn a_mask_is_a_bit_a_token() {
    let written = Rc::new(RefCell::new(Vec::new()));
    let backend = Hooked::new(Uploads { masks: Vec::new(), written: written.clone() });
    let files = build(Variant::Llama).0.files(Layout::Gguf);
    let mut engine = load(Box::new(backend) as Box<dyn Backend>, files, None).unwrap();
    let options = GenerateOptions { max_tokens: Some(TOKENS), ignore_eos: true, ..Default::default() };
    answer(&mut engine, &options).unwrap();
    assert_eq!(*written.borrow(), [0; 0]);
    within(&mut engine, &options);
    assert_eq!(*written.borrow(), [4 * VOCABULARY.div_ceil(32); TOKENS]);
}

/// A real model fills in a form, whatever it would rather say.
#[test]
fn a_real_model_writes_json_that_a_schema_accepts() {
    let Some(files) = model("smollm2-135m-instruct") else { return };
    let mut engine = load(Device::Cpu.backend().unwrap(), files, Some(512)).unwrap();
    let schema = r#"{"type":"object","properties":{
        "name":{"type":"string","maxLength":20},"sentiment":{"enum":["positive","negative","neutral"]},
        "stars":{"type":"integer","minimum":1,"maximum":5},"tags":{"type":"array","items":{"type":"string","maxLength":12},"maxItems":3}},
        "required":["name","sentiment","stars","tags"],"additionalProperties":false}"#;
    let prompt = "Describe this review as JSON: \"The lamp from Rushlight is bright and I love it.\"";
    let message = text::Message { role: "user".into(), content: prompt.into() };
    for (temperature, seed) in [(0.0, 0), (1.5, 1), (1.5, 2)] {
        let options = GenerateOptions {
            temperature,
            seed: Some(seed),
            max_tokens: Some(200),
            constraint: Some(Grammar::JsonSchema(schema.into())),
            ..Default::default()
        };
        let (said, finish) = answer_to(&mut engine, &Prompt::Chat(vec![message.clone()]), &options).unwrap();
        println!("{said} ({finish:?})");
        assert_eq!(finish.reason, FinishReason::Stop, "{said}");
        let value: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 4, "{said}");
        assert!(value["name"].as_str().unwrap().chars().count() <= 20, "{said}");
        assert!(["positive", "negative", "neutral"].contains(&value["sentiment"].as_str().unwrap()), "{said}");
        assert!((1..=5).contains(&value["stars"].as_u64().unwrap()), "{said}");
        let tags = value["tags"].as_array().unwrap();
        assert!(tags.len() <= 3 && tags.iter().all(|tag| tag.as_str().unwrap().chars().count() <= 12), "{said}");
    }
}
