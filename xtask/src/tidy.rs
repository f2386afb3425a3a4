//! The house rules, each a sentence in ARCHITECTURE.md or CONTRIBUTING.md, here as a check that fails.

mod catalog;
mod crates;
mod files;

use crate::{paths, process};
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;

/// A text file of the repository.
pub(crate) struct Source {
    /// Relative to the top, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `path` or `path:line`.
    pub(crate) at: String,
    pub(crate) what: String,
    /// Only worth a look; does not fail.
    pub(crate) warning: bool,
}

impl Finding {
    fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into(), warning: false }
    }

    fn line(source: &Source, index: usize, what: impl Into<String>) -> Self {
        Self::new(format!("{}:{}", source.path, index + 1), what)
    }
}

/// `cargo xtask tidy`.
pub(crate) fn run() -> Result<()> {
    let (sources, large) = read()?;
    let packages = crates::metadata()?;
    let mut findings = large;
    findings.extend(files::check(&sources));
    findings.extend(crates::check(&packages, &sources));
    findings.extend(catalog::check(&sources, &packages));
    for finding in &findings {
        println!("   {}: {}: {}", if finding.warning { "warning" } else { "error" }, finding.at, finding.what);
    }
    let errors = findings.iter().filter(|finding| !finding.warning).count();
    if errors > 0 {
        bail!("tidy: {errors} broken rules, listed above");
    }
    process::say(&format!("tidy: {} files, no broken rule", sources.len()));
    Ok(())
}

/// Every text file that is or could be committed, and a finding for each that is too large to be source. Weights that
/// come with the package are the exception: no registry has them.
fn read() -> Result<(Vec<Source>, Vec<Finding>)> {
    const LARGEST: u64 = 1_000_000;
    const WEIGHTS: &str = "pkg/models/";
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(paths::root());
    let list = process::answer(&mut git).context("git cannot list the files: tidy needs a git checkout")?;
    let (mut sources, mut large) = (Vec::new(), Vec::new());
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        let file = paths::root().join(path);
        let Ok(data) = fs::symlink_metadata(&file) else { continue };
        if !data.is_file() {
            continue;
        }
        if data.len() > LARGEST && !(path.starts_with(WEIGHTS) && path.ends_with(".gguf")) {
            large.push(Finding::new(path, format!("{} bytes: weights and built output are not committed", data.len())));
            continue;
        }
        if let Ok(text) = fs::read_to_string(&file) {
            sources.push(Source { path: path.to_owned(), text });
        }
    }
    Ok((sources, large))
}

#[cfg(test)]
pub(crate) fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}
