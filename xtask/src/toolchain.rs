//! A compiler that targets wasm32: the first of three that works.
//!
//! 1. A wasm32 std that is installed already (a rustup target, or a distribution's `libstd-rust-dev-wasm32`).
//! 2. rustup adds the target, unless `RUSHLIGHT_OFFLINE=1`.
//! 3. Debian's `rustc-web`, `cargo-web`, `rust-web-src` and `lld-22`: no prebuilt std, so it is built with `-Z build-std`.

use crate::{paths, process, setup};
use anyhow::{Context, Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target triple of every browser.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// One set of target features is one wasm file and one target folder: changing flags rebuilds everything.
pub(crate) struct Variant {
    /// The folder inside `target` that it is built in.
    pub(crate) folder: &'static str,
    /// rustc's `target-feature`.
    pub(crate) features: &'static str,
}

/// The floor: every browser with WebGPU or Wasm SIMD runs it.
pub(crate) const SIMD128: Variant = Variant { folder: "wasm", features: "+simd128" };

/// How wasm32 code is compiled on this machine.
pub(crate) enum Toolchain {
    /// The cargo on the path has a std for wasm32.
    Installed,
    /// Debian's compiler for browsers' build systems; std is built from its sources.
    Debian {
        /// `wasm-ld` of the LLVM that this rustc uses.
        linker: PathBuf,
    },
}

/// Finds or installs a toolchain.
pub(crate) fn choose() -> Result<Toolchain> {
    if installed() {
        return Ok(Toolchain::Installed);
    }
    let offline = env::var("RUSHLIGHT_OFFLINE").is_ok_and(|value| !value.is_empty() && value != "0");
    if !offline && rustup() && installed() {
        return Ok(Toolchain::Installed);
    }
    if let Some(linker) = debian() {
        return Ok(Toolchain::Debian { linker });
    }
    let why = "compiling to wasm32 needs a standard library for it, and neither rustc nor rustup has one";
    let otherwise = "run `rustup target add wasm32-unknown-unknown` where rustup's server can be reached";
    setup::apt(&["rustc-web", "cargo-web", "rust-web-src", "lld-22"], why, otherwise)?;
    match debian() {
        Some(linker) => Ok(Toolchain::Debian { linker }),
        None => bail!("Debian's rustc-web is installed but not complete.\n  {otherwise}, then run this again."),
    }
}

impl Toolchain {
    /// Which one it is, for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Toolchain::Installed => format!("the installed Rust has a std for {TARGET}"),
            Toolchain::Debian { linker } => {
                format!("Debian's /usr/bin/rustc, std built from source, linker {}", linker.display())
            }
        }
    }

    /// `cargo <subcommand>` for wasm32 with this variant's flags and target folder.
    pub(crate) fn cargo(&self, subcommand: &str, variant: &Variant) -> Command {
        let folder = paths::target().join(variant.folder);
        let mut command = match self {
            Toolchain::Installed => Command::new("cargo"),
            Toolchain::Debian { .. } => Command::new("/usr/bin/cargo"),
        };
        // What the cargo that started us told its children must not leak into another toolchain.
        for name in ["CARGO", "RUSTC", "RUSTC_WRAPPER", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "LD_LIBRARY_PATH"] {
            command.env_remove(name);
        }
        command
            .arg(subcommand)
            .env("CARGO_TARGET_DIR", folder)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", format!("-C target-feature={}", variant.features))
            .args(["--target", TARGET]);
        if let Toolchain::Debian { linker } = self {
            command
                .args(["-Z", "build-std=std,panic_abort"])
                // In this command's environment only: set for all, it would let `#![feature]` slip into our code.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("RUSTC", "/usr/bin/rustc")
                .env_remove("RUSTUP_TOOLCHAIN")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        command
    }
}

fn installed() -> bool {
    let sysroot = process::answer(Command::new("rustc").args(["--print", "sysroot"]).current_dir(paths::root()));
    sysroot.is_some_and(|root| Path::new(&root).join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

/// Asks rustup for the target; false when there is no rustup or it cannot reach its server.
fn rustup() -> bool {
    if paths::on_path("rustup").is_none() {
        return false;
    }
    let added = process::run(
        "adding the wasm32 target with rustup",
        Command::new("rustup").args(["target", "add", TARGET]).current_dir(paths::root()),
    )
    .context("rustup could not add the target");
    if let Err(error) = &added {
        process::say(&format!("{error:#}; trying Debian's packages (RUSHLIGHT_OFFLINE=1 skips this attempt)"));
    }
    added.is_ok()
}

/// The linker of a complete Debian toolchain.
fn debian() -> Option<PathBuf> {
    let parts = ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/lib/rustlib/src/rust/library/std/Cargo.toml"];
    if !parts.iter().all(|path| Path::new(path).exists()) {
        return None;
    }
    ["/usr/bin/wasm-ld-22", "/usr/lib/llvm-22/bin/wasm-ld"].iter().map(PathBuf::from).find(|path| path.exists())
}
