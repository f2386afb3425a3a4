//! `cargo xtask`: one entry point for people and CI.
//!
//! A fresh Debian or Ubuntu machine with cargo, node and npm needs nothing else: each command sets up
//! what it misses, says what it does and why, and when it cannot go on says what is missing and what to do.
#![expect(clippy::print_stdout, reason = "a command line tool talks on stdout")]

mod bench;
mod build;
mod counts;
mod demo;
mod download;
mod fuzz;
mod models;
mod npm;
mod paths;
mod process;
mod serve;
mod setup;
mod size;
mod test;
mod tidy;
mod toolchain;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Everything one does to this repository.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    about = "Set up, build, test and run Rushlight.",
    long_about = "Set up, build, test and run Rushlight.\n\n\
        Start with `cargo xtask demo`: it installs what is missing, builds, fetches the default models, \
        serves the page on loopback and prints its address. `cargo xtask test` runs every test there is.\n\n\
        RUSHLIGHT_OFFLINE=1   use package registries only (never rustup's server)\n\
        RUSHLIGHT_MODELS=DIR  the model folder (default ~/.cache/rushlight/models)\n\
        CHROMIUM=PATH, FIREFOX=PATH  the browsers for browser tests (default: those on the path)"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing: a wasm toolchain, a browser, a software Vulkan driver, npm packages.
    Setup,
    /// Build the wasm module, the npm package and the page.
    Build(build::Options),
    /// Run every test; ends with `N passed, N failed, N skipped`.
    Test(test::Options),
    /// Set up, build and serve the page; with --check, prove in headless Chromium that it works.
    Demo(demo::Options),
    /// Measure both backends, natively and in Chromium, as JSON lines. Asserts nothing.
    Bench(bench::Options),
    /// Fetch model files and check them by SHA-256.
    Models(models::Options),
    /// Check the house rules: arrows between crates, file budgets, what may be named where.
    Tidy,
    /// Print the wasm module's size, raw, gzip and brotli; fail above the budget.
    Size,
    /// Serve a folder on loopback with the strict headers, and the model folder at /models/.
    Serve(serve::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Setup => setup::everything(),
        Command::Build(options) => build::build(&options),
        // Its last line is its answer, so it is not followed by an error.
        Command::Test(options) if test::run(&options) => Ok(()),
        Command::Test(_) => return ExitCode::FAILURE,
        Command::Demo(options) => demo::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Models(options) => models::run(&options),
        Command::Tidy => tidy::run(),
        Command::Size => size::run(),
        Command::Serve(options) => serve::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Shared by every command that can end in "some checks failed".
pub(crate) fn ensure(ok: bool, message: &str) -> Result<()> {
    if ok { Ok(()) } else { Err(anyhow::anyhow!("{message}")) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    /// Options that clash show only when the command runs.
    #[test]
    fn every_command_can_be_parsed() {
        super::Arguments::command().debug_assert();
    }
}
