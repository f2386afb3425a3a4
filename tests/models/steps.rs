//! On the CPU, how tokens are cut into steps and texts into batches changes no bit: what a cache kept, a guess checked or a
//! batch took along says what a whole prompt, one token or one text says.

use engine::{CallOptions, Continuation, EmbedOptions, Engine, Prompt};
use weights::File;

use super::support::{Device, all, load, model};
use super::tiny::{Layout, Random};
use super::{tiny_decoders, tiny_encoders};

const TEXT: &str = include_str!("../golden/perplexity.txt");

fn open(files: Vec<File>) -> Engine {
    load(Device::Cpu.backend().unwrap(), files, Some(512)).unwrap()
}

/// How likely endings of a prompt are.
fn endings(engine: &mut Engine, ids: &[u32]) -> Vec<Continuation> {
    let endings = [" a".to_string(), " the story goes on".to_string()];
    let prompt = Prompt::Tokens(ids.to_vec());
    pollster::block_on(engine.continuations(&prompt, &endings, &CallOptions::default(), &mut all)).unwrap()
}

/// A prompt of which a beginning was cached, of each of the lengths.
fn beginnings(mut engine: Engine, length: usize, cached: impl Iterator<Item = usize>) {
    let mut random = Random(5);
    let vocabulary = engine.info().vocabulary as u32;
    let ids: Vec<u32> = (0..length).map(|_| random.below(vocabulary)).collect();
    let whole = endings(&mut engine, &ids);
    for cached in cached {
        let other = (ids[cached] + 1) % vocabulary;
        endings(&mut engine, &[&ids[..cached], &[other]].concat());
        assert_eq!(endings(&mut engine, &ids), whole, "{cached} of {length} cached, {}", engine.info().family);
    }
}

/// Texts in one batch, and alone.
fn batches(mut engine: Engine) {
    let texts: Vec<String> = [3, 10, 300, 4, 900, 40].map(|length| TEXT[..length].to_string()).into();
    let mut embed =
        |texts: &[String]| pollster::block_on(engine.embed(texts, &EmbedOptions::default(), &mut all)).unwrap().vectors;
    let together = embed(&texts);
    let alone: Vec<f32> = texts.iter().flat_map(|text| embed(std::slice::from_ref(text))).collect();
    assert!(together == alone, "a batch gives other bits");
}

#[test]
fn tiny_models_are_the_same_bits() {
    for variant in tiny_decoders::Variant::ALL {
        for layout in [Layout::Gguf, Layout::Safetensors] {
            beginnings(open(tiny_decoders::build(variant).0.files(layout)), 60, 1..60);
        }
    }
    batches(open(tiny_encoders::build(tiny_encoders::Naming::Bert, None, Vec::new()).0.files(Layout::Gguf)));
}

#[test]
fn real_models_are_the_same_bits() {
    for id in ["smollm2-135m-instruct", "gemma-3-270m"] {
        let Some(files) = model(id) else { return };
        beginnings(open(files), 40, [1, 8, 20, 35, 36, 37, 38, 39].into_iter());
    }
    let Some(files) = model("all-minilm-l6-v2") else { return };
    batches(open(files));
}
