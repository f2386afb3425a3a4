//! The fuzz targets of `tests/fuzz`: hostile bytes for each parser, with libFuzzer. A panic, an abort, a hang or a large
//! allocation fails. Its README says how to run one by hand.

use crate::counts::Counts;
use crate::{paths, process};
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;

/// Runs every target for `seconds`; each is one test.
pub(crate) fn run(seconds: u64) -> Result<Counts> {
    let folder = paths::root().join("tests/fuzz");
    let targets = targets(&fs::read_to_string(folder.join("Cargo.toml")).context("tests/fuzz has no Cargo.toml")?);
    if targets.is_empty() {
        bail!("tests/fuzz has no [[bin]]");
    }
    let cargo = |subcommand: &str| {
        // In this folder, so that cargo finds the coverage flags of its own `.cargo/config.toml`, and none but those.
        let mut cargo = Command::new("cargo");
        cargo.args([subcommand, "--release", "--locked"]).current_dir(&folder);
        cargo.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo
    };
    process::run("building the fuzz targets", cargo("build").arg("--bins"))?;
    let mut counts = Counts::default();
    for target in targets {
        let found = folder.join("artifacts");
        fs::create_dir_all(folder.join("corpus").join(&target))?;
        fs::create_dir_all(&found)?;
        let mut fuzz = cargo("run");
        fuzz.args(["--quiet", "--bin", &target, "--", &format!("corpus/{target}")]);
        fuzz.arg(format!("-artifact_prefix=artifacts/{target}-"));
        fuzz.args([&format!("-max_total_time={seconds}"), "-timeout=20", "-print_final_stats=1"]);
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
