//! Rules over `cargo metadata`: who may import whom, and that everything listed is used.

use super::files::has_word;
use super::{Finding, Source};
use crate::{paths, process};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::process::Command;

/// Left may import right; nothing else may. `*`: everything.
const ARROWS: &[(&str, &[&str])] = &[
    ("rushlight-graph", &[]),
    ("rushlight-cpu", &["rushlight-graph"]),
    ("rushlight-relaxed", &[]),
    ("rushlight-gpu", &["rushlight-graph"]),
    ("rushlight-weights", &["rushlight-graph"]),
    ("rushlight-text", &[]),
    ("rushlight-models", &["rushlight-graph", "rushlight-weights"]),
    ("rushlight-engine", &["rushlight-graph", "rushlight-models", "rushlight-text", "rushlight-weights"]),
    ("rushlight-web", &["rushlight-engine", "rushlight-cpu", "rushlight-gpu"]),
    ("rushlight-cli", &["rushlight-engine", "rushlight-cpu", "rushlight-gpu", "rushlight-graph"]),
    ("tests", &["*"]),
    ("browser-ops", &["*"]),
    ("kernel-bench", &["*"]),
    ("rushlight-fuzz", &["*"]),
    ("xtask", &[]),
];

/// The stones, and the only rooms that stand on them.
const STONES: &[(&str, &[&str])] = &[
    ("candle-core", &["rushlight-cpu", "rushlight-weights", "tests", "kernel-bench"]),
    ("wgpu", &["rushlight-gpu", "tests", "browser-ops"]),
    ("tokenizers", &["rushlight-text"]),
    ("llguidance", &["rushlight-text"]),
    ("wasm-bindgen", &["rushlight-web", "browser-ops", "kernel-bench"]),
    ("web-sys", &["rushlight-web", "browser-ops"]),
    ("js-sys", &["rushlight-web", "browser-ops"]),
    ("serde-wasm-bindgen", &["rushlight-web", "browser-ops"]),
];

/// Used without being named: a feature switched on in somebody else's dependency, and what `#[wasm_bindgen] async fn`
/// expands to.
const UNNAMED: &[&str] = &["getrandom", "instant", "wasm-bindgen-futures"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    rename: Option<String>,
    /// Set for our own.
    path: Option<String>,
}

/// What cargo knows of the workspace's own packages.
pub(super) fn metadata() -> Result<Vec<Package>> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--locked"]).current_dir(paths::root());
    let text =
        process::answer(&mut cargo).context("cargo metadata failed: run `cargo metadata --locked` to see why")?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo metadata is not what it was")?;
    Ok(metadata.packages)
}

/// All of them.
pub(super) fn check(packages: &[Package], sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        findings.extend(arrows(package));
        findings.extend(stones(package));
        findings.extend(documented(package, sources));
        findings.extend(used(package, sources));
    }
    findings
}

fn arrows(package: &Package) -> Vec<Finding> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
        return vec![Finding::new(&package.manifest_path, format!("{} is not in the table of arrows", package.name))];
    };
    let ours = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
    let wrong = ours.filter(|dependency| !allowed.iter().any(|name| *name == "*" || *name == dependency.name));
    wrong.map(|wrong| Finding::new(&package.name, format!("imports {}: no such arrow", wrong.name))).collect()
}

fn stones(package: &Package) -> Vec<Finding> {
    let wrong = package.dependencies.iter().filter(|dependency| {
        STONES.iter().any(|(stone, rooms)| *stone == dependency.name && !rooms.contains(&package.name.as_str()))
    });
    wrong
        .map(|wrong| Finding::new(&package.name, format!("depends on {}, which is not its stone", wrong.name)))
        .collect()
}

/// A crate says what it is before it says anything else.
fn documented(package: &Package, sources: &[Source]) -> Option<Finding> {
    let root = own(package, sources)
        .find(|source| ["/src/lib.rs", "/src/main.rs", "tests/lib.rs"].iter().any(|end| source.path.ends_with(end)))?;
    let first = root.text.lines().next().unwrap_or_default().strip_prefix("//! ").unwrap_or_default();
    let stand_in = first.is_empty() || first.starts_with("Placeholder");
    stand_in.then(|| Finding::new(&root.path, "the crate's first line does not say what it is"))
}

/// Every listed dependency is really used.
fn used(package: &Package, sources: &[Source]) -> Vec<Finding> {
    let names = |dependency: &Dependency| dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_");
    let unused = package.dependencies.iter().filter(|dependency| {
        let word = names(dependency);
        !UNNAMED.contains(&dependency.name.as_str())
            && !own(package, sources).any(|source| source.path.ends_with(".rs") && has_word(&source.text, &word))
    });
    unused.map(|unused| Finding::new(&package.name, format!("lists {} and never uses it", unused.name))).collect()
}

/// The files of a package: those below its manifest that are below no deeper package of ours.
fn own<'a>(package: &Package, sources: &'a [Source]) -> impl Iterator<Item = &'a Source> {
    let top = paths::root();
    let manifest = std::path::Path::new(&package.manifest_path);
    let folder = manifest.strip_prefix(&top).unwrap_or(manifest).parent().map(|path| path.display().to_string());
    let prefix = format!("{}/", folder.unwrap_or_default());
    let inner: Vec<String> = sources
        .iter()
        .filter_map(|source| source.path.strip_suffix("Cargo.toml"))
        .filter(|deeper| deeper.len() > prefix.len() && deeper.starts_with(&prefix))
        .map(str::to_owned)
        .collect();
    let belongs = move |source: &&Source| {
        source.path.starts_with(&prefix) && !inner.iter().any(|deeper| source.path.starts_with(deeper.as_str()))
    };
    sources.iter().filter(belongs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    fn package(name: &str, dependencies: &[(&str, bool)]) -> Package {
        let dependencies = dependencies.iter().map(|(name, ours)| Dependency {
            name: (*name).to_owned(),
            rename: None,
            path: ours.then(|| "somewhere".to_owned()),
        });
        Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            manifest_path: format!("crates/{name}/Cargo.toml"),
            dependencies: dependencies.collect(),
        }
    }

    fn whats(package: &Package, text: &str) -> Vec<String> {
        let sources = [
            source(&format!("crates/{}/src/lib.rs", package.name), text),
            source(&format!("crates/{}/inner/Cargo.toml", package.name), ""),
            source(&format!("crates/{}/inner/a.rs", package.name), "use candle_core as _;"),
        ];
        check(std::slice::from_ref(package), &sources).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn only_listed_arrows() {
        let text = "//! Engine.\nuse rushlight_models as _; use rushlight_cpu as _;";
        assert!(whats(&package("rushlight-engine", &[("rushlight-models", true)]), text).is_empty());
        let wrong = whats(&package("rushlight-engine", &[("rushlight-cpu", true)]), text);
        assert_eq!(wrong, ["imports rushlight-cpu: no such arrow"]);
        assert_eq!(
            whats(&package("rushlight-new", &[]), "//! New.\n"),
            ["rushlight-new is not in the table of arrows"]
        );
    }

    #[test]
    fn a_stone_has_its_rooms() {
        let wrong = whats(&package("rushlight-engine", &[("wgpu", false)]), "//! Engine.\nuse wgpu::Device;");
        assert_eq!(wrong, ["depends on wgpu, which is not its stone"]);
    }

    #[test]
    fn what_is_listed_is_used() {
        let cpu = package("rushlight-cpu", &[("candle-core", false)]);
        assert!(whats(&cpu, "//! CPU.\nuse candle_core::Tensor;").is_empty());
        assert_eq!(whats(&cpu, "//! CPU.\n"), ["lists candle-core and never uses it"]);
    }

    #[test]
    fn a_crate_says_what_it_is() {
        for text in ["use std::fmt;\n", "//! Placeholder.\n", ""] {
            assert_eq!(
                whats(&package("rushlight-text", &[]), text),
                ["the crate's first line does not say what it is"]
            );
        }
    }
}
