//! What the machine must have: looked for first, installed only when absent.

use crate::{npm, paths, process, toolchain};
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

/// The folders whose npm packages are locked and installed.
const NPM_FOLDERS: &[(&str, &str)] = &[
    ("xtask/tools", "wasm-opt"),
    ("pkg", "TypeScript and its checks"),
    ("www", "the page's bundler"),
    ("tests/browser", "the browser driver"),
    ("tests/packaging", "what customers build with"),
];

/// `cargo xtask setup`.
pub(crate) fn everything() -> Result<()> {
    process::heading("setup");
    npm::node()?;
    for (what, variant) in [("wasm", &toolchain::SIMD128), ("wasm with threads", &toolchain::THREADS)] {
        process::say(&format!("{what}: {}", toolchain::choose(variant)?.describe()));
    }
    chromium()?;
    firefox()?;
    vulkan()?;
    for (folder, why) in NPM_FOLDERS {
        npm::install(&paths::root().join(folder), why)?;
    }
    process::say("everything is there: `cargo xtask demo` runs the page, `cargo xtask test` the tests");
    Ok(())
}

/// Chromium, for anything that opens a page.
pub(crate) fn chromium() -> Result<()> {
    browser(&paths::CHROMIUM, "the browser that runs the page and the browser tests")
}

/// Firefox, for the tests that run in both.
pub(crate) fn firefox() -> Result<()> {
    browser(&paths::FIREFOX, "the second browser of the browser tests")
}

fn browser(browser: &paths::Browser, why: &str) -> Result<()> {
    let paths::Browser { title, package, variable, .. } = browser;
    if let Some(path) = browser.path() {
        if path.is_file() {
            process::say(&format!("browser: {}", path.display()));
            return Ok(());
        }
        bail!("{variable} names {}, which is not a file.\n  Point it at a {title}, or unset it.", path.display());
    }
    apt(&[package], why, &format!("set {variable} to a {title} you have"))?;
    match browser.path() {
        Some(path) => process::say(&format!("browser: {}", path.display())),
        None => {
            bail!("the package {package} is installed, but there is no {title} on the path.\n  Set {variable} to it.")
        }
    }
    Ok(())
}

/// A Vulkan driver that runs on the CPU, so that native GPU tests run on every machine.
pub(crate) fn vulkan() -> Result<()> {
    let mut packages = Vec::new();
    if paths::lavapipe().is_none() {
        packages.push("mesa-vulkan-drivers");
    }
    let triple = format!("/usr/lib/{}-linux-gnu/libvulkan.so.1", std::env::consts::ARCH);
    if ![triple.as_str(), "/usr/lib64/libvulkan.so.1", "/usr/lib/libvulkan.so.1"]
        .iter()
        .any(|path| Path::new(path).exists())
    {
        packages.push("libvulkan1");
    }
    if packages.is_empty() {
        return Ok(());
    }
    apt(
        &packages,
        "native GPU tests run on Mesa's CPU driver (lavapipe)",
        "install lavapipe and the Vulkan loader yourself",
    )
}

/// Installs Debian packages: as root, or with sudo, or says who should do it.
pub(crate) fn apt(packages: &[&str], why: &str, otherwise: &str) -> Result<()> {
    let list = packages.join(" ");
    process::say(&format!("missing: {list} ({why})"));
    if paths::on_path("apt-get").is_none() {
        bail!(
            "{list} missing: {why}.\n  This system has no apt-get, so it is not installed for you: {otherwise}, then run this again."
        );
    }
    let root = process::answer(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    if !root && paths::on_path("sudo").is_none() {
        bail!(
            "{list} missing: {why}.\n  Installing packages needs root, and there is no sudo here.\n  \
             Ask an administrator to run: apt-get install {list}\n  or {otherwise}, then run this again."
        );
    }
    let apt = |arguments: &[&str]| {
        let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
        if !root {
            process::say("sudo may ask for your password");
            command.arg("apt-get");
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-y"]).args(arguments);
        command
    };
    // One dead third-party source must not stop us: the install below tells whether the lists were good enough.
    if let Err(error) = process::run("refreshing the package lists", &mut apt(&["update"])) {
        process::say(&format!("{error:#}; going on with the lists there are"));
    }
    let mut install = apt(&["install", "--no-install-recommends"]);
    install.args(packages);
    process::run(&format!("installing {list}"), &mut install).map_err(|error| {
        error.context(format!(
            "{list} could not be installed: {why}.\n  Without a network, or where your distribution has no such package: {otherwise}, then run this again"
        ))
    })
}
