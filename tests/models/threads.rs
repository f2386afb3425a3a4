//! Models on several threads of the CPU backend: the same bits as on one.

use cpu::{CpuBackend, Pool};
use engine::{EmbedOptions, Engine, GenerateOptions, Prompt};
use weights::File;

use super::support::{all, load, model};
use super::tiny::{Layout, Tiny};
use super::{tiny_decoders, tiny_encoders};

const TEXT: &str = include_str!("../golden/perplexity.txt");

/// What a model computes, as bits.
type Bits = Vec<u32>;

fn bits(numbers: &[f32]) -> Bits {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Scores of a prompt of `count` tokens, and what follows it, token by token.
fn language(engine: &mut Engine, count: usize) -> Bits {
    let ids: Vec<u32> = (0..count).map(|index| ((index * 37 + 11) % engine.info().vocabulary) as u32).collect();
    let mut found = bits(&pollster::block_on(engine.score(&ids, &mut all)).unwrap());
    let options = GenerateOptions { max_tokens: Some(8), ignore_eos: true, ..Default::default() };
    pollster::block_on(engine.generate(&Prompt::Tokens(ids), &options, &mut all)).unwrap();
    found.extend(engine.cached());
    found
}

/// Vectors of texts of different lengths, in one batch.
fn embeddings(engine: &mut Engine) -> Bits {
    let texts: Vec<String> = [10, 300, 4, 900].map(|length| TEXT[..length].to_string()).into();
    bits(&pollster::block_on(engine.embed(&texts, &EmbedOptions::default(), &mut all)).unwrap().vectors)
}

/// Runs `work` on 1, 2 and 3 threads. Ops of tiny models are shared only by eager pools.
fn assert_same(files: impl Fn() -> Option<Vec<File>>, is_eager: bool, work: impl Fn(&mut Engine) -> Bits) {
    let mut first = None;
    for threads in 1..=3 {
        let pool = Pool::start(threads).unwrap();
        let backend = CpuBackend::with_pool(if is_eager { pool.eager() } else { pool });
        let Some(files) = files() else { return };
        let mut engine = load(Box::new(backend) as Box<dyn graph::Backend>, files, Some(512)).unwrap();
        assert_eq!(engine.info().details["threads"], threads.to_string());
        let found = work(&mut engine);
        assert!(*first.get_or_insert_with(|| found.clone()) == found, "{threads} threads give other bits");
    }
}

fn tiny(tiny: &Tiny, work: impl Fn(&mut Engine) -> Bits) {
    assert_same(|| Some(tiny.files(Layout::Safetensors)), true, work);
}

#[test]
fn tiny_models_are_the_same_bits() {
    for variant in tiny_decoders::Variant::ALL {
        tiny(&tiny_decoders::build(variant).0, |engine| language(engine, 83));
    }
    tiny(&tiny_encoders::build(tiny_encoders::Naming::Bert, None, Vec::new()).0, embeddings);
}

#[test]
fn real_models_are_the_same_bits() {
    assert_same(|| model("all-minilm-l6-v2"), false, embeddings);
    assert_same(|| model("smollm2-135m-instruct"), false, |engine| language(engine, 150));
    assert_same(|| model("gemma-3-270m"), false, |engine| language(engine, 40));
}
