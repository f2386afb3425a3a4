//! The size of what a page downloads, and its budget.

use crate::{build, npm, paths, process};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::process::Command;

/// A whole module after gzip: what a visitor waits for before the first weight.
const BUDGET: u64 = 1_600_000;

/// Node has both compressors; the levels are the ones a static host uses.
const SCRIPT: &str = "const z = require('node:zlib'), b = require('node:fs').readFileSync(process.argv[1]), c = z.constants;\
    console.log(JSON.stringify({ raw: b.length, gzip: z.gzipSync(b, { level: 9 }).length, \
    brotli: z.brotliCompressSync(b, { params: { [c.BROTLI_PARAM_QUALITY]: 11, [c.BROTLI_PARAM_LGWIN]: 24 } }).length }))";

/// `cargo xtask size`.
pub(crate) fn run() -> Result<()> {
    npm::node()?;
    build::MODULES.iter().try_for_each(|(name, ..)| measure(name))
}

fn measure(name: &str) -> Result<()> {
    let file = paths::root().join(format!("pkg/wasm/{name}_bg.wasm"));
    if !file.is_file() {
        bail!("{} is not there.\n  `cargo xtask build --only wasm` makes it.", file.display());
    }
    let answer =
        process::answer(Command::new("node").args(["-e", SCRIPT]).arg(&file)).context("node could not compress it")?;
    let sizes: Value = serde_json::from_str(&answer).context("node said something else")?;
    let of = |name: &str| sizes[name].as_u64().context("node gave no number");
    process::say(&format!("{name}.wasm: {} bytes raw, {} gzip, {} brotli", of("raw")?, of("gzip")?, of("brotli")?));
    check(name, of("gzip")?)
}

fn check(name: &str, gzip: u64) -> Result<()> {
    crate::ensure(
        gzip <= BUDGET,
        &format!(
            "{name}.wasm is {gzip} bytes after gzip; the budget is {BUDGET}.\n  \
             Look for what came in (`cargo tree -p rushlight-web --target wasm32-unknown-unknown`)."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_a_budget() {
        assert!(check("runtime", BUDGET).is_ok());
        assert!(check("runtime", BUDGET + 1).is_err());
    }
}
