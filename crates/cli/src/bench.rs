//! Figures of both backends side by side, as JSON lines. Nothing is asserted about them.

mod attention;
mod ceiling;
mod linear;
mod models;
mod plans;

use std::io::{Write, stdout};

use anyhow::Result;
use graph::DType;
use serde_json::{Value, json};

use crate::host::{Device, Setup};
use ceiling::Ceiling;

/// Arguments of `bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Models: folders, files or ids; all of the model folder if none is given.
    models: Vec<String>,
    /// Only one backend.
    #[arg(long, value_enum)]
    device: Option<Device>,
    /// Kernels by themselves, and no model that is not given.
    #[arg(long)]
    kernels: bool,
    /// Formats of weights that kernels are measured with; the most usual ones by default.
    #[arg(long = "dtype", value_parser = crate::random::dtype)]
    dtypes: Vec<DType>,
    /// Rows and columns of their weights, as 4096x2048; by default some of a model's.
    #[arg(long = "shape", value_parser = shape)]
    shapes: Vec<[usize; 2]>,
    /// Tokens of a matrix product; by default 1 to 8 and many.
    #[arg(long = "batch")]
    batches: Vec<usize>,
    /// Do not measure what the GPU can do at most; shares of it are left out.
    #[arg(long)]
    no_ceiling: bool,
    /// Sets of kernels of the GPU, each measured: plain, fused or subgroups; by default what the device would get.
    #[arg(long = "tier", value_parser = tier)]
    tiers: Vec<gpu::Tier>,
    /// Prompts by packed products of bytes, where the GPU's language has them and weights are in blocks.
    #[arg(long)]
    dots: bool,
    /// Do not look for the fastest kernels of the GPU; what is asked for is measured as it is.
    #[arg(long)]
    no_tune: bool,
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

fn shape(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once('x').and_then(|(rows, columns)| Some([rows.parse().ok()?, columns.parse().ok()?]));
    sides.filter(|sides| !sides.contains(&0)).ok_or_else(|| "rows and columns, as 4096x2048".into())
}

fn tier(name: &str) -> Result<gpu::Tier, String> {
    let names = || gpu::Tier::ALL.map(gpu::Tier::name).join(", ");
    gpu::Tier::of(name).ok_or_else(|| format!("there is no tier {name}, only {}", names()))
}

/// Prints the machine, what the GPU can do at most, then each measurement.
pub(crate) fn run(options: &Options) -> Result<()> {
    let threads = std::thread::available_parallelism().map_or(0, usize::from);
    print(json!({
        "kind": "native", "os": std::env::consts::OS, "arch": std::env::consts::ARCH, "threads": threads,
        "optimised": !cfg!(debug_assertions), "version": env!("CARGO_PKG_VERSION"),
    }))?;
    let is_wanted = |device: Device| options.device.is_none_or(|only| only == device);
    let ceiling = if is_wanted(Device::Gpu) && !options.no_ceiling { Ceiling::measure()? } else { None };
    let names = match options.models.as_slice() {
        [] if options.kernels => Vec::new(),
        [] => models::installed()?,
        given => given.to_vec(),
    };
    for setup in setups(options).filter(|setup| is_wanted(setup.device)) {
        if options.kernels {
            plans::kernels(&setup, ceiling, options)?;
        }
        for model in &names {
            models::measure(options, model, &setup, ceiling)?;
        }
    }
    Ok(())
}

/// Each backend, the GPU once a tier.
fn setups(options: &Options) -> impl Iterator<Item = Setup> {
    let asked = options.tiers.iter().map(|&tier| Some(tier));
    let tiers: Vec<_> = if options.tiers.is_empty() { vec![None] } else { asked.collect() };
    let (threads, dots, tune) = (options.threads.into(), options.dots, !options.no_tune);
    let setup = move |device, tier| Setup { device, threads, tier, dots, tune };
    let gpus = tiers.into_iter().map(move |tier| setup(Device::Gpu, tier));
    [setup(Device::Cpu, None)].into_iter().chain(gpus)
}

fn print(line: Value) -> Result<()> {
    Ok(writeln!(stdout(), "{line}")?)
}

/// A line with the figures of another behind its own.
fn joined(mut line: Value, figures: Value) -> Value {
    if let (Some(line), Value::Object(figures)) = (line.as_object_mut(), figures) {
        line.extend(figures);
    }
    line
}

/// Three digits: the others are noise.
fn rounded(figure: f64) -> f64 {
    format!("{figure:.2e}").parse().unwrap_or(figure)
}
