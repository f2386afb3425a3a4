//! The fuzz targets of `tests/fuzz`: hostile bytes for each parser, with libFuzzer and a memory limit.
//!
//! `cargo-fuzz` is not needed: its instrumentation flags are stable compiler flags, and nothing here needs a sanitizer,
//! because what we look for in safe Rust is a panic, an abort, a hang or a large allocation.

use crate::counts::Counts;
use crate::{paths, process};
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;

/// libFuzzer's coverage, as `cargo fuzz` asks for it.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions=on -Coverflow-checks=on";

/// Runs every target for `seconds`; each is one test.
pub(crate) fn run(seconds: u64) -> Result<Counts> {
    let folder = paths::root().join("tests/fuzz");
    let targets = targets(&fs::read_to_string(folder.join("Cargo.toml")).context("tests/fuzz has no Cargo.toml")?);
    if targets.is_empty() {
        bail!("tests/fuzz has no [[bin]]");
    }
    let host = process::answer(Command::new("rustc").arg("-vV")).context("rustc -vV failed")?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc -vV names no host")?;
    let build = paths::target().join("fuzz");
    let mut cargo = Command::new("cargo");
    // With --target, build scripts and macros are compiled without the instrumentation.
    cargo.args(["build", "--release", "--bins", "--target", host]).current_dir(&folder);
    process::run("building the fuzz targets", cargo.env("CARGO_TARGET_DIR", &build).env("RUSTFLAGS", FLAGS))?;
    let mut counts = Counts::default();
    for target in targets {
        let corpus = build.join("corpus").join(&target);
        let found = build.join("found").join(&target);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&found)?;
        let mut fuzz = Command::new(build.join(host).join("release").join(&target));
        fuzz.arg(&corpus);
        let seeds = folder.join("seeds").join(&target);
        if seeds.is_dir() {
            fuzz.arg(seeds);
        }
        fuzz.arg(format!("-artifact_prefix={}/", found.display()));
        fuzz.args([&format!("-max_total_time={seconds}"), "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"]);
        let result = process::run(&format!("fuzzing {target} for {seconds} s"), &mut fuzz);
        if let Err(error) = &result {
            process::say(&format!("{error:#}\n   the input that did it is in {}", found.display()));
        }
        counts += Counts::one(result.is_ok());
    }
    Ok(counts)
}

/// The names of the `[[bin]]`s of a manifest.
fn targets(manifest: &str) -> Vec<String> {
    let tables = manifest.split("[[bin]]").skip(1);
    tables
        .filter_map(|table| {
            table.lines().take_while(|line| !line.starts_with('[')).find_map(|line| line.trim().strip_prefix("name"))
        })
        .filter_map(|rest| rest.split('"').nth(1).map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_bin_is_a_target() {
        let manifest = "[package]\nname = \"fuzz\"\n\n[[bin]]\nname = \"gguf\"\npath = \"gguf.rs\"\n\n[[bin]]\npath = \"t.rs\"\nname=\"t\"\n[x]\nname = \"no\"\n";
        assert_eq!(super::targets(manifest), ["gguf", "t"]);
    }
}
