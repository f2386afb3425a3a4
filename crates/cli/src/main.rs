//! `rushlight`: the native driver. Runs models on files of this machine, with the same engine that pages use.

mod bench;
mod commands;
mod files;
mod host;
mod random;

use clap::{Parser, Subcommand};

/// Runs small models on this machine.
#[derive(Parser)]
#[command(name = "rushlight", version)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Continue a prompt, or chat line by line if there is none.
    Run(commands::Run),
    /// Print one vector a text, as JSON lines.
    Embed(commands::Texts),
    /// Print the labels of each text with their scores, as JSON lines.
    Classify(commands::Texts),
    /// Print each text with its spelling tricks undone, as JSON lines.
    Normalize(commands::Normalize),
    /// Print a file's perplexity.
    Score(commands::Score),
    /// Print the recorded graph of a step.
    DumpGraph(commands::DumpGraph),
    /// Measure models on both backends side by side and print JSON lines.
    Bench(bench::Options),
    /// Write a model of random weights, to measure a shape whose weights are not at hand.
    Random(random::Options),
}

fn main() -> anyhow::Result<()> {
    match Options::parse().command {
        Command::Run(options) => commands::run(&options),
        Command::Embed(options) => commands::embed(&options),
        Command::Classify(options) => commands::classify(&options),
        Command::Normalize(options) => commands::normalize(&options),
        Command::Score(options) => commands::score(&options),
        Command::DumpGraph(options) => commands::dump_graph(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Random(options) => random::run(&options),
    }
}
