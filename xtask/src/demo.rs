//! `cargo xtask demo`: from a fresh checkout to a page that runs, or to proof that it does.

use crate::{build, models, npm, paths, process, serve, setup};
use anyhow::Result;
use std::process::Command;
use std::time::Instant;

/// How to run the demo.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Open the page in headless Chromium, run every task on both backends, print what came out, and end.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    serve: serve::Options,
}

/// Sets up, builds, serves; checks if asked.
pub(crate) fn run(options: &Options) -> Result<()> {
    let started = Instant::now();
    npm::node()?;
    if options.check {
        setup::chromium()?;
        npm::install(&paths::root().join("tests/browser"), "the browser driver")?;
    }
    models::fetch(|model| model.demo)?;
    build::build(&build::Options::default())?;
    process::heading("demo");
    let mut serve = options.serve.clone();
    if options.check {
        serve.port = 0;
    }
    let (address, server) = serve::start(&serve)?;
    let address = format!("http://{address}/");
    process::say(&format!("ready after {}", process::seconds(started.elapsed())));
    if !options.check {
        println!("\n   {address}\n\n   Open it in a browser; Ctrl-C stops the server.");
        return server.join().map_err(|_| anyhow::anyhow!("the server stopped"))?;
    }
    let mut check = Command::new("node");
    check.arg(paths::root().join("tests/browser/demo-check.mjs")).arg(&address);
    check.env("MODELS", paths::models());
    if let Some(browser) = paths::CHROMIUM.path() {
        check.env("CHROMIUM", browser);
    }
    process::run("demo in headless Chromium, on both backends", &mut check)
}
