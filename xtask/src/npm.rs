//! npm packages: installed from the lock file, once per lock file.

use crate::{paths, process};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The oldest Node.js that builds the page (Vite asks for it).
const NODE: (u32, u32) = (20, 19);

/// Installs `folder`'s locked packages unless that very lock file is installed already.
pub(crate) fn install(folder: &Path, why: &str) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let bytes = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let hash = hex(&Sha256::digest(&bytes));
    let stamp = folder.join("node_modules/.rushlight-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == hash) {
        return Ok(());
    }
    node()?;
    let mut command = Command::new("npm");
    command.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
    process::run(&format!("npm packages of {} ({why})", name(folder)), &mut command).context(
        "npm could not install the locked packages.\n  \
         It needs the npm registry (or a mirror: `npm config set registry URL`); check the network and run this again",
    )?;
    fs::write(&stamp, hash).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Runs a script of the folder's `package.json`.
pub(crate) fn script(folder: &Path, script: &str) -> Command {
    let mut command = Command::new("npm");
    command.args(["run", "--silent", script]).current_dir(folder);
    command
}

/// Node.js is there and new enough.
pub(crate) fn node() -> Result<()> {
    let wanted = format!("{}.{}", NODE.0, NODE.1);
    let Some(version) = process::answer(Command::new("node").arg("--version")) else {
        bail!(
            "node is not installed.\n  It builds the npm package and runs the browser tests.\n  \
             Install Node.js {wanted} or later with npm (https://nodejs.org or your system's packages), then run this again."
        );
    };
    if parse(&version).is_none_or(|found| found < NODE) {
        bail!("node is {version}, and {wanted} or later is needed.\n  Install a newer Node.js, then run this again.");
    }
    if paths::on_path("npm").is_none() {
        bail!("npm is not installed, though node is.\n  It fetches the build tools. Install npm, then run this again.");
    }
    Ok(())
}

/// `v20.19.4` -> (20, 19).
fn parse(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn name(folder: &Path) -> String {
    folder.strip_prefix(paths::root()).unwrap_or(folder).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_compare_by_number() {
        assert_eq!(parse("v20.19.4"), Some((20, 19)));
        assert!(parse("v20.9.0").is_some_and(|found| found < NODE));
        assert!(parse("v22.0.0").is_some_and(|found| found >= NODE));
        assert_eq!(parse("20"), None);
    }
}
