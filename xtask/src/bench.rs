//! `cargo xtask bench`: figures, never a verdict. Seconds mean something only beside other seconds of the same run.

use crate::{build, models, npm, paths, process, setup};
use anyhow::Result;
use serde_json::json;
use std::fs;
use std::process::Command;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the native program.
    #[arg(long, conflicts_with = "browser")]
    native: bool,
    /// Only the package in headless Chromium.
    #[arg(long)]
    browser: bool,
    /// Other runtimes beside the package, taking turns in one headless Chromium, and nothing else: installs them, writes
    /// tests/bench/peers.md and peers.svg. With GPU=1 all on WebGPU on the machine's own GPU, into peers-gpu.md and peers-gpu.svg.
    #[arg(long, conflicts_with_all = ["native", "browser"])]
    peers: bool,
    /// Matrix products of the CPU backend beside candle-core's in headless Chromium, by format and build, and nothing else.
    #[arg(long, conflicts_with_all = ["native", "browser", "peers"])]
    kernels: bool,
    /// The GPU alone, natively, and nothing else: what it can do at most, kernels by themselves, and models of random weights in
    /// the shape of Qwen2.5-1.5B beside llama.cpp (an npm package, on Linux for x64). PROMPT, TOKENS and ROUNDS are how much.
    #[arg(long, conflicts_with_all = ["native", "browser", "peers", "kernels"])]
    gpu: bool,
}

/// Formats of the random models.
const FORMATS: [&str; 2] = ["q4_0", "q4_k"];

/// Prints JSON lines: the machine's facts, then one line a measurement.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.kernels {
        npm::node()?;
        setup::chromium()?;
        npm::install(&paths::root().join("tests/browser"), "the browser driver")?;
        let folder = build::kernels()?;
        println!("{}", machine());
        let mut kernels = Command::new("node");
        kernels.arg(paths::root().join("tests/bench/kernels.mjs")).arg(folder);
        return process::run("kernels", environment(&mut kernels));
    }
    if options.gpu {
        return gpu();
    }
    models::fetch(|_| true)?;
    if !options.native {
        npm::node()?;
        setup::chromium()?;
        npm::install(&paths::root().join("tests/browser"), "the browser driver")?;
        build::build(&build::Options::default())?;
    }
    process::heading("bench");
    println!("{}", machine());
    if options.peers {
        let folder = paths::root().join("tests/bench");
        npm::install(&folder, "the peers (half a gigabyte)")?;
        let mut peers = Command::new("node");
        peers.arg(folder.join("peers.mjs"));
        return process::run("the peers", environment(&mut peers));
    }
    if !options.browser {
        let mut native = Command::new("cargo");
        native
            .args(["run", "--release", "--locked", "--package", "rushlight-cli", "--", "bench"])
            .current_dir(paths::root());
        process::run("native", environment(&mut native))?;
    }
    if !options.native {
        let mut browser = Command::new("node");
        browser.arg(paths::root().join("tests/browser/bench.mjs"));
        process::run("headless Chromium", environment(&mut browser))?;
    }
    Ok(())
}

/// Figures of a GPU, out of the release build.
fn gpu() -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--package", "rushlight-cli"]).current_dir(paths::root());
    process::run("the native driver", &mut cargo)?;
    let program = paths::target().join("release").join(format!("rushlight{}", std::env::consts::EXE_SUFFIX));
    let rushlight = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments);
        command
    };
    let folder = paths::target().join("bench");
    fs::create_dir_all(&folder)?;
    process::heading("bench");
    println!("{}", machine());
    process::run("kernels", &mut rushlight(&["bench", "--kernels", "--device", "gpu"]))?;
    let number = |name: &str, otherwise: &str| std::env::var(name).unwrap_or_else(|_| otherwise.into());
    let [prompt, tokens, rounds] =
        [("PROMPT", "256"), ("TOKENS", "64"), ("ROUNDS", "3")].map(|(name, n)| number(name, n));
    let has_llama = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    let llama = paths::root().join("tests/bench/llama");
    if has_llama {
        npm::install(&llama, "llama.cpp")?;
    }
    for format in FORMATS {
        let model = folder.join(format!("qwen2.5-1.5b-{format}.gguf"));
        if !model.is_file() {
            let what = format!("a random model of 1 GB in {format}");
            process::run(&what, rushlight(&["random", "--dtype", format]).arg(&model))?;
        }
        let sizes = ["--prompt", &prompt, "--tokens", &tokens, "--runs", &rounds];
        // The plain tier is the first, so that the others stand beside it.
        let tiers = ["--tier", "plain", "--tier", "fused", "--tier", "subgroups"];
        let mut bench = rushlight(&["bench", "--device", "gpu"]);
        process::run(&format!("{format} on every tier"), bench.args(tiers).args(sizes).arg(&model))?;
        if has_llama {
            let mut node = Command::new("node");
            node.arg(llama.join("llama.mjs")).args([&model, &program]);
            process::run(&format!("{format} beside llama.cpp"), &mut node)?;
        }
    }
    Ok(())
}

/// What the programs we start look for: the model folder, the browser, lavapipe unless the user chose a driver.
pub(crate) fn environment(command: &mut Command) -> &mut Command {
    command.env("RUSHLIGHT_MODELS", paths::models()).env("MODELS", paths::models());
    for browser in [paths::CHROMIUM, paths::FIREFOX] {
        if let Some(path) = browser.path() {
            command.env(browser.variable, path);
        }
    }
    command
}

/// What the figures were measured on.
fn machine() -> serde_json::Value {
    let cpu = fs::read_to_string("/proc/cpuinfo").ok();
    let model =
        cpu.as_deref().and_then(|text| text.lines().find(|line| line.starts_with("model name"))?.split(": ").nth(1));
    let memory = fs::read_to_string("/proc/meminfo").ok();
    let kilobytes =
        memory.as_deref().and_then(|text| text.lines().next()?.split_whitespace().nth(1)?.parse::<u64>().ok());
    json!({
        "kind": "machine",
        "cpu": model,
        "cores": std::thread::available_parallelism().ok().map(usize::from),
        "memoryBytes": kilobytes.map(|value| value * 1024),
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "load": fs::read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next().map(str::to_owned)),
        "rustc": process::answer(Command::new("rustc").arg("--version")),
        "node": process::answer(Command::new("node").arg("--version")),
        "chromium": paths::CHROMIUM.path().and_then(|path| process::answer(Command::new(path).arg("--version"))),
        "commit": process::answer(Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(paths::root())),
    })
}
