//! `cargo xtask test`: every test there is, in one run. A failing step does not hide the later ones.

use crate::counts::Counts;
use crate::process::{self, seconds};
use crate::{bench, build, fuzz, models, npm, paths, setup, size, tidy};
use anyhow::{Result, bail};
use std::process::Command;
use std::time::{Duration, Instant};

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run these steps only (what they need is expected to be built).
    #[arg(long, value_enum)]
    only: Vec<Step>,
    /// Also run every fuzz target of tests/fuzz.
    #[arg(long)]
    fuzz: bool,
    /// Seconds a fuzz target.
    #[arg(long, default_value_t = 60)]
    fuzz_seconds: u64,
}

/// The steps, in their order.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// rustfmt agrees with every file.
    Format,
    /// The house rules.
    Tidy,
    /// clippy, warnings are errors.
    Clippy,
    /// cargo test: ops, shaders, parsers, models against their references.
    Rust,
    /// The wasm module builds.
    Wasm,
    /// The wasm module is within its budget.
    Size,
    /// The npm package builds; types, publint, are-the-types-wrong.
    Package,
    /// The package's own tests, in Node.
    Node,
    /// The page and the op table for browsers build.
    Page,
    /// Headless Chromium on both backends, headless Firefox on Wasm.
    Browser,
    /// The packed package in fresh projects.
    Packaging,
    /// Each parser on hostile input.
    Fuzz,
}

const ORDER: &[Step] = &[
    Step::Format,
    Step::Tidy,
    Step::Clippy,
    Step::Rust,
    Step::Wasm,
    Step::Size,
    Step::Package,
    Step::Node,
    Step::Page,
    Step::Browser,
    Step::Packaging,
    Step::Fuzz,
];

impl Step {
    /// The step without which this one can tell nothing.
    fn needs(self) -> Option<Step> {
        match self {
            Step::Size | Step::Package => Some(Step::Wasm),
            Step::Node | Step::Page | Step::Packaging => Some(Step::Package),
            Step::Browser => Some(Step::Page),
            _ => None,
        }
    }

    fn run(self, options: &Options) -> Result<Counts> {
        let root = paths::root();
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&root);
        match self {
            Step::Format => check("rustfmt", cargo.args(["fmt", "--all", "--check"])),
            Step::Tidy => tidy::run().map(|()| Counts::one(true)),
            Step::Clippy => check(
                "clippy",
                cargo.args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
            ),
            Step::Rust => {
                setup::vulkan()?;
                models::fetch(|_| true)?;
                cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
                counted("cargo test", environment(&mut cargo))
            }
            Step::Wasm => build::wasm(build::PROFILE).map(|()| Counts::one(true)),
            Step::Size => size::run().map(|()| Counts::one(true)),
            Step::Package => {
                build::package()?;
                check("types, publint, are-the-types-wrong", &mut npm::script(&root.join("pkg"), "check"))
            }
            Step::Node => {
                models::fetch(|_| true)?;
                counted("the package's tests in Node", environment(&mut npm::script(&root.join("pkg"), "test")))
            }
            Step::Page => {
                build::page()?;
                build::ops(build::PROFILE).map(|()| Counts::one(true))
            }
            Step::Browser => {
                setup::firefox()?;
                node("tests/browser", "browser tests")
            }
            Step::Packaging => node("tests/packaging", "packaging tests"),
            Step::Fuzz => fuzz::run(options.fuzz_seconds),
        }
    }
}

/// What became of a step.
struct Outcome {
    step: Step,
    counts: Counts,
    elapsed: Duration,
    /// Why it did not run to its end.
    broke: Option<String>,
}

/// Runs the steps and prints `N passed, N failed, N skipped` as the last line; true when nothing failed.
pub(crate) fn run(options: &Options) -> bool {
    let started = Instant::now();
    let mut outcomes: Vec<Outcome> = Vec::new();
    for &step in ORDER {
        let wanted =
            if options.only.is_empty() { step != Step::Fuzz || options.fuzz } else { options.only.contains(&step) };
        if wanted {
            let outcome = one(step, options, &outcomes);
            println!("   {step:?}: {} in {}", outcome.counts, seconds(outcome.elapsed));
            outcomes.push(outcome);
        }
    }
    process::heading(&format!("everything, in {}", seconds(started.elapsed())));
    let mut sum = Counts::default();
    for outcome in &outcomes {
        let verdict = if outcome.counts.failed > 0 || outcome.broke.is_some() { "FAILED" } else { "ok" };
        let name = format!("{:?}", outcome.step);
        println!("   {name:<10} {verdict:<7} {:>12}  {}", seconds(outcome.elapsed), outcome.counts);
        if let Some(why) = &outcome.broke {
            println!("              {}", why.replace('\n', "\n              "));
        }
        sum += outcome.counts;
    }
    println!("{sum}");
    sum.failed == 0
}

fn one(step: Step, options: &Options, before: &[Outcome]) -> Outcome {
    process::heading(&format!("{step:?}"));
    let started = Instant::now();
    let broken = |needed: Step| before.iter().any(|outcome| outcome.step == needed && outcome.broke.is_some());
    if let Some(needed) = step.needs().filter(|&needed| broken(needed)) {
        let why = format!("not run: {needed:?} broke");
        println!("   {why}");
        return Outcome {
            step,
            counts: Counts { skipped: 1, ..Counts::default() },
            elapsed: started.elapsed(),
            broke: Some(why),
        };
    }
    let (counts, broke) = match step.run(options) {
        Ok(counts) => (counts, None),
        Err(error) => (Counts::one(false), Some(format!("{error:#}"))),
    };
    if let Some(why) = &broke {
        println!("   {why}");
    }
    Outcome { step, counts, elapsed: started.elapsed(), broke }
}

/// A program that is one check.
fn check(what: &str, command: &mut Command) -> Result<Counts> {
    process::run(what, command).map(|()| Counts::one(true))
}

/// A program that reports how many tests it ran. One that reports none is broken, whatever its exit code.
fn counted(what: &str, command: &mut Command) -> Result<Counts> {
    let finished = process::tee(what, command)?;
    let Some(mut counts) = Counts::read(&finished.text) else {
        bail!("{what} reported no tests ({})", finished.status);
    };
    if !finished.status.success() && counts.failed == 0 {
        // For instance: one test binary did not compile, or a run died after its last report.
        println!("   {what} ended with {} though no test failed", finished.status);
        counts.failed = 1;
    }
    Ok(counts)
}

/// `node <folder>/run.mjs` in headless Chromium.
fn node(folder: &str, what: &str) -> Result<Counts> {
    let path = paths::root().join(folder);
    setup::chromium()?;
    models::fetch(|_| true)?;
    // Packaging tests borrow the browser tests' driver.
    npm::install(&paths::root().join("tests/browser"), "the browser driver")?;
    npm::install(&path, what)?;
    counted(what, environment(Command::new("node").arg(path.join("run.mjs"))))
}

/// What makes a missing GPU or model a failure, and makes every machine's GPU the same one.
fn environment(command: &mut Command) -> &mut Command {
    bench::environment(command).env("REQUIRE_GPU", "1").env("REQUIRE_MODELS", "1");
    if let Some(driver) = paths::lavapipe().filter(|_| std::env::var_os("VK_ICD_FILENAMES").is_none()) {
        command.env("VK_ICD_FILENAMES", driver);
    }
    command
}
