//! Models: reading a prompt, writing an answer, embedding texts.

use std::time::Instant;

use anyhow::Result;
use engine::{EmbedOptions, Engine, Finish, GenerateOptions, Prompt};
use pollster::block_on;
use serde_json::{Value, json};

use super::ceiling::{Ceiling, rates};
use super::{Options, joined, print};
use crate::files;
use crate::host::{Setup, load, quiet};

/// Batches of texts: how many, and of how many tokens each.
const BATCHES: [(usize, usize); 3] = [(1, 16), (1, 256), (32, 64)];

/// The folders of the model folder.
pub(super) fn installed() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(files::models_folder()?)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What is still being downloaded lies in a hidden folder.
        if entry.path().is_dir() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

pub(super) fn measure(options: &Options, model: &str, setup: &Setup, ceiling: Option<Ceiling>) -> Result<()> {
    let started = Instant::now();
    let mut engine = match load(model, setup, None) {
        Ok(engine) => engine,
        Err(error) => {
            return print(json!({"kind": "skipped", "model": model, "device": format!("{:?}", setup.device),
                                "why": error.to_string()}));
        }
    };
    let info = engine.info().clone();
    let print = |what: &str, figures: Value| {
        let line = json!({
            "kind": what, "model": model, "device": info.device, "adapter": info.adapter, "dtype": info.dtype,
            "threads": info.details.get("threads"), "tier": info.details.get("tier"), "dots": info.details.get("dots"),
        });
        print(joined(line, figures))
    };
    let tuning = ["tuning", "tuningReason"].map(|name| info.details.get(name));
    let seconds = started.elapsed().as_secs_f64();
    print(
        "load",
        json!({
            "seconds": seconds, "weightBytes": info.weight_bytes, "tuning": tuning[0], "tuningReason": tuning[1],
        }),
    )?;
    match info.task {
        "generate" => {
            let Generation { prefill, decode, token_bytes } = generation(options, &mut engine)?;
            print("prefill", json!({"tokens": options.prompt, "tokensPerSecond": prefill}))?;
            let best = decode.iter().copied().fold(0.0, f64::max);
            let read = rates(ceiling.filter(|_| token_bytes > 0), 1.0 / best, token_bytes, 0);
            print(
                "decode",
                json!({
                    "tokens": options.tokens, "tokensPerSecond": decode, "weightBytesPerToken": token_bytes,
                    "gigabytesPerSecond": read["gigabytesPerSecond"], "ofStream": read["ofStream"],
                }),
            )?;
        }
        "embed" => {
            for (texts, tokens) in BATCHES {
                let rates = embedding(options, &mut engine, texts, tokens)?;
                print("embed", json!({"texts": texts, "tokens": tokens, "textsPerSecond": rates}))?;
            }
        }
        _ => {}
    }
    print("memory", json!({"memory": engine.memory(), "counters": engine.counters()}))
}

/// How prompts were read and answers written: tokens a second, one number a run.
#[derive(Default)]
struct Generation {
    prefill: Vec<f64>,
    decode: Vec<f64>,
    /// Bytes of weights that a token of an answer reads, on a GPU.
    token_bytes: u64,
}

fn generation(options: &Options, engine: &mut Engine) -> Result<Generation> {
    let mut found = Generation::default();
    for run in 0..=options.runs {
        // Another first token each time, so that no prefix is reused.
        let ids = (0..options.prompt).map(|index| ((index * 37 + run * 101 + 11) % engine.info().vocabulary) as u32);
        let prompt = Prompt::Tokens(ids.collect());
        let finish = generate(engine, &prompt, options.tokens)?;
        if run > 0 {
            let decoded = finish.tokens.saturating_sub(1) as f64;
            found.prefill.push(options.prompt as f64 / (finish.prefill_ms / 1e3));
            found.decode.push(decoded / (finish.decode_ms / 1e3));
            continue;
        }
        // The prompt is in the cache now, so that both runs differ by one token of an answer.
        let mut read = |tokens: usize| -> Result<u64> {
            let before = engine.counters().weight_bytes;
            generate(engine, &prompt, tokens)?;
            Ok(engine.counters().weight_bytes - before)
        };
        found.token_bytes = read(3)?.saturating_sub(read(2)?);
    }
    Ok(found)
}

fn generate(engine: &mut Engine, prompt: &Prompt, tokens: usize) -> Result<Finish> {
    let options = GenerateOptions {
        max_tokens: Some(tokens),
        ignore_eos: true,
        prompt_lookup: Some(false),
        ..Default::default()
    };
    Ok(block_on(engine.generate(prompt, &options, &mut quiet))?)
}

/// Texts a second, one number a run.
fn embedding(options: &Options, engine: &mut Engine, texts: usize, tokens: usize) -> Result<Vec<f64>> {
    // "the" is one token of every English vocabulary; two more go around it.
    let texts: Vec<String> = vec![vec!["the"; tokens.saturating_sub(2)].join(" "); texts];
    let mut rates = Vec::new();
    for _ in 0..=options.runs {
        let started = Instant::now();
        block_on(engine.embed(&texts, &EmbedOptions::default(), &mut quiet))?;
        rates.push(texts.len() as f64 / started.elapsed().as_secs_f64());
    }
    Ok(rates.split_off(1))
}
