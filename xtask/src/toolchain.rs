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
    features: &'static str,
    /// Arguments of the linker.
    link: &'static [&'static str],
    /// What wasm-opt must be told beyond what every module has.
    pub(crate) wasm_opt: &'static [&'static str],
    /// The parts of the standard library that it needs.
    std: &'static str,
}

/// What most modules need.
const STD: &str = "std,panic_abort";

/// Lets a module be given functions while it runs.
const GROWABLE: &str = "--growable-table";

/// The floor: every browser with WebGPU or Wasm SIMD runs it.
pub(crate) const SIMD128: Variant =
    Variant { folder: "wasm", features: "+simd128", link: &[GROWABLE], wasm_opt: &[], std: STD };

/// The whole runtime with multiply-adds whose last bits are the machine's to choose. Measured, not shipped.
pub(crate) const RELAXED: Variant = Variant {
    folder: "wasm-relaxed",
    features: "+simd128,+relaxed-simd",
    link: &[],
    wasm_opt: &["--enable-relaxed-simd"],
    std: STD,
};

/// Memory that threads share, for pages that are cross-origin isolated. std has to be built with the same features.
pub(crate) const THREADS: Variant = Variant {
    folder: "wasm-threads",
    features: "+simd128,+atomics,+bulk-memory,+mutable-globals",
    link: &[
        GROWABLE,
        "--shared-memory",
        "--import-memory",
        "--max-memory=4294967296",
        // For wasm-bindgen, which takes them out again.
        "--export=__wasm_init_tls",
        "--export=__tls_size",
        "--export=__tls_align",
        "--export=__tls_base",
    ],
    wasm_opt: &["--enable-threads"],
    std: STD,
};

/// Without a stack: what would use one traps, instead of writing into somebody else's.
const NO_STACK: &str = "-zstack-size=0";

/// The kernels of crates/relaxed, over the memory of whoever carries them.
pub(crate) const KERNELS: Variant = Variant {
    folder: "wasm-kernels",
    features: "+simd128,+relaxed-simd",
    link: &["--import-memory", NO_STACK],
    wasm_opt: &["--enable-relaxed-simd"],
    std: "core",
};

/// The same over memory that threads share. Nothing in them is atomic; a module has to say so to be given such memory.
pub(crate) const KERNELS_THREADS: Variant = Variant {
    folder: "wasm-kernels-threads",
    features: "+simd128,+relaxed-simd,+atomics,+bulk-memory,+mutable-globals",
    link: &["--import-memory", "--shared-memory", "--max-memory=4294967296", NO_STACK],
    wasm_opt: &["--enable-relaxed-simd", "--enable-threads"],
    std: "core",
};

impl Variant {
    fn rustflags(&self) -> String {
        let link = self.link.iter().map(|argument| format!(" -C link-arg={argument}"));
        // Without a red zone whoever uses a stack moves its pointer, and can be found out.
        let red_zone = if self.link.contains(&NO_STACK) { " -C no-redzone" } else { "" };
        format!("-C target-feature={}{}{red_zone}", self.features, link.collect::<String>())
    }

    /// Whether a std that somebody else has built will do.
    fn has_plain_std(&self) -> bool {
        !self.features.contains("+atomics")
    }
}

/// How wasm32 code is compiled on this machine.
pub(crate) enum Toolchain {
    /// The cargo on the path has a std for wasm32.
    Installed,
    /// The cargo on the path has the sources of std, from which it is built.
    Source,
    /// Debian's compiler for browsers' build systems; std is built from its sources.
    Debian {
        /// `wasm-ld` of the LLVM that this rustc uses.
        linker: PathBuf,
    },
}

/// Finds or installs a toolchain for a variant.
pub(crate) fn choose(variant: &Variant) -> Result<Toolchain> {
    let (there, what, found) = if variant.has_plain_std() {
        (installed as fn() -> bool, ["target", "add", TARGET], Toolchain::Installed)
    } else {
        (source as fn() -> bool, ["component", "add", "rust-src"], Toolchain::Source)
    };
    if there() {
        return Ok(found);
    }
    let offline = env::var("RUSHLIGHT_OFFLINE").is_ok_and(|value| !value.is_empty() && value != "0");
    if !offline && rustup(&what) && there() {
        return Ok(found);
    }
    if let Some(linker) = debian() {
        return Ok(Toolchain::Debian { linker });
    }
    let why = "compiling to wasm32 needs a standard library for it, and neither rustc nor rustup has one";
    let otherwise = format!("run `rustup {}` where rustup's server can be reached", what.join(" "));
    setup::apt(&["rustc-web", "cargo-web", "rust-web-src", "lld-22"], why, &otherwise)?;
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
            Toolchain::Source => "the installed Rust, std built from its rust-src".to_owned(),
            Toolchain::Debian { linker } => {
                format!("Debian's /usr/bin/rustc, std built from source, linker {}", linker.display())
            }
        }
    }

    /// `cargo <subcommand>` for wasm32 with this variant's flags and target folder.
    pub(crate) fn cargo(&self, subcommand: &str, variant: &Variant) -> Command {
        let folder = paths::target().join(variant.folder);
        let mut command = match self {
            Toolchain::Installed | Toolchain::Source => Command::new("cargo"),
            Toolchain::Debian { .. } => Command::new("/usr/bin/cargo"),
        };
        // What the cargo that started us told its children must not leak into another toolchain.
        for name in ["CARGO", "RUSTC", "RUSTC_WRAPPER", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "LD_LIBRARY_PATH"] {
            command.env_remove(name);
        }
        command
            .arg(subcommand)
            .env("CARGO_TARGET_DIR", folder)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", variant.rustflags())
            .args(["--target", TARGET]);
        if !matches!(self, Toolchain::Installed) {
            // In this command's environment only: set for all, it would let `#![feature]` slip into our code.
            command.args(["-Z", &format!("build-std={}", variant.std)]).env("RUSTC_BOOTSTRAP", "1");
        }
        if let Toolchain::Debian { linker } = self {
            command
                .env("RUSTC", "/usr/bin/rustc")
                .env_remove("RUSTUP_TOOLCHAIN")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        command
    }
}

fn installed() -> bool {
    in_sysroot(&format!("{TARGET}/lib"))
}

fn source() -> bool {
    in_sysroot("src/rust/library/std")
}

/// Whether the rustc on the path has this folder.
fn in_sysroot(folder: &str) -> bool {
    let sysroot = process::answer(Command::new("rustc").args(["--print", "sysroot"]).current_dir(paths::root()));
    sysroot.is_some_and(|root| Path::new(&root).join("lib/rustlib").join(folder).is_dir())
}

/// Asks rustup for a target or a component; false when there is no rustup or it cannot reach its server.
fn rustup(what: &[&str]) -> bool {
    if paths::on_path("rustup").is_none() {
        return false;
    }
    let added = process::run(
        &format!("rustup {}", what.join(" ")),
        Command::new("rustup").args(what).current_dir(paths::root()),
    )
    .context("rustup could not add it");
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
