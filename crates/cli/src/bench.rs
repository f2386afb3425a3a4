//! Figures of both backends side by side, as JSON lines. Nothing is asserted about them.

use std::io::{Write, stdout};
use std::time::Instant;

use anyhow::Result;
use engine::{EmbedOptions, Engine, GenerateOptions, Prompt};
use pollster::block_on;
use serde_json::{Value, json};

use crate::files;
use crate::host::{Device, load, quiet};

/// Arguments of `bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Models: folders, files or ids; all of the model folder if none is given.
    models: Vec<String>,
    /// Only one backend.
    #[arg(long, value_enum)]
    device: Option<Device>,
    /// Measurements of each kind after a first one that is not counted.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Tokens of the prompt.
    #[arg(long, default_value_t = 256)]
    prompt: usize,
    /// Threads of the CPU backend.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Tokens to generate.
    #[arg(long, default_value_t = 32)]
    tokens: usize,
}

/// Batches of texts: how many, and of how many tokens each.
const BATCHES: [(usize, usize); 3] = [(1, 16), (1, 256), (32, 64)];

/// Prints the machine, then each measurement.
pub(crate) fn run(options: &Options) -> Result<()> {
    let threads = std::thread::available_parallelism().map_or(0, usize::from);
    print(json!({
        "kind": "native", "os": std::env::consts::OS, "arch": std::env::consts::ARCH, "threads": threads,
        "optimised": !cfg!(debug_assertions), "version": env!("CARGO_PKG_VERSION"),
    }))?;
    let models = if options.models.is_empty() { installed()? } else { options.models.clone() };
    for model in &models {
        for device in [Device::Cpu, Device::Gpu] {
            if options.device.is_none_or(|only| only == device) {
                measure(options, model, device)?;
            }
        }
    }
    Ok(())
}

/// The folders of the model folder.
fn installed() -> Result<Vec<String>> {
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

fn measure(options: &Options, model: &str, device: Device) -> Result<()> {
    let started = Instant::now();
    let mut engine = match load(model, device, None, options.threads.into()) {
        Ok(engine) => engine,
        Err(error) => {
            return print(json!({"kind": "skipped", "model": model, "device": format!("{device:?}"),
                                "why": error.to_string()}));
        }
    };
    let info = engine.info().clone();
    let print = |what: &str, figures: Value| {
        let mut line = json!({
            "kind": what, "model": model, "device": info.device, "adapter": info.adapter, "dtype": info.dtype,
            "threads": info.details.get("threads"),
        });
        if let (Some(line), Value::Object(figures)) = (line.as_object_mut(), figures) {
            line.extend(figures);
        }
        self::print(line)
    };
    print("load", json!({ "seconds": started.elapsed().as_secs_f64(), "weightBytes": info.weight_bytes }))?;
    match info.task {
        "generate" => {
            let rates = generation(options, &mut engine)?;
            let (prefill, decode): (Vec<f64>, Vec<f64>) = rates.into_iter().unzip();
            print("prefill", json!({"tokens": options.prompt, "tokensPerSecond": prefill}))?;
            print("decode", json!({"tokens": options.tokens, "tokensPerSecond": decode}))?;
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

/// Tokens a second of prefill and of decoding, a pair a run.
fn generation(options: &Options, engine: &mut Engine) -> Result<Vec<(f64, f64)>> {
    let generate = GenerateOptions { max_tokens: Some(options.tokens), ignore_eos: true, ..Default::default() };
    let mut rates = Vec::new();
    for run in 0..=options.runs {
        // Another first token each time, so that no prefix is reused.
        let ids = (0..options.prompt).map(|index| ((index * 37 + run * 101 + 11) % engine.info().vocabulary) as u32);
        let finish = block_on(engine.generate(&Prompt::Tokens(ids.collect()), &generate, &mut quiet))?;
        let decoded = finish.tokens.saturating_sub(1) as f64;
        rates.push((options.prompt as f64 / (finish.prefill_ms / 1e3), decoded / (finish.decode_ms / 1e3)));
    }
    Ok(rates.split_off(1))
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

fn print(line: Value) -> Result<()> {
    Ok(writeln!(stdout(), "{line}")?)
}
