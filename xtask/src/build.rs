//! The wasm module, the npm package and the page.

mod sections;

use crate::toolchain::{self, KERNELS, KERNELS_THREADS, RELAXED, SIMD128, THREADS, Toolchain, Variant};
use crate::{npm, paths, process};
use anyhow::{Context, Result, bail};
use sections::{sections, without_exports};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use wasm_bindgen_cli_support::Bindgen;

/// The features our modules use, which wasm-opt must be told (toolchain.md, and the variant's own flags).
const WASM_FEATURES: &[&str] = &[
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-extended-const",
];

/// The profile of the module that is shipped, and of the one that is tested: they are the same bytes.
pub(crate) const PROFILE: &str = "wasm";

/// How the names of functions begin that a dependency, llguidance, exports for C wherever it is linked.
const FOREIGN: &str = "llg_";

/// What to build, and how.
#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    /// The cargo profile of the wasm module.
    #[arg(long, default_value = PROFILE)]
    pub(crate) profile: String,
    /// Build one part only.
    #[arg(long, value_enum)]
    pub(crate) only: Option<Part>,
}

impl Default for Options {
    /// Everything, as it is shipped.
    fn default() -> Self {
        Self { profile: PROFILE.to_owned(), only: None }
    }
}

/// The parts, in the order they need each other.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// crates/web -> pkg/wasm
    Wasm,
    /// tests/browser-ops -> target/browser-ops
    Ops,
    /// pkg -> pkg/dist
    Package,
    /// www -> www/dist
    Page,
}

/// A crate that becomes a wasm module with its JavaScript glue.
struct Module {
    manifest: &'static str,
    /// The name of the glue: `<name>.js`, `<name>.d.ts`, `<name>_bg.wasm`.
    name: &'static str,
    variant: &'static Variant,
    /// How the kernels are built that it carries.
    kernels: &'static Variant,
    out: PathBuf,
}

/// `cargo xtask build`.
pub(crate) fn build(options: &Options) -> Result<()> {
    let wanted = |part| options.only.is_none_or(|only| only == part);
    process::heading("build");
    if wanted(Part::Wasm) {
        wasm(&options.profile)?;
    }
    if options.only == Some(Part::Ops) {
        ops(&options.profile)?;
    }
    if wanted(Part::Package) {
        package()?;
    }
    if wanted(Part::Page) {
        page()?;
    }
    Ok(())
}

/// The modules of crates/web, each with its variant and that of the kernels it carries: a page downloads one of them.
pub(crate) const MODULES: [(&str, &Variant, &Variant); 2] =
    [("runtime", &SIMD128, &KERNELS), ("runtime-threads", &THREADS, &KERNELS_THREADS)];

/// crates/web -> pkg/wasm.
pub(crate) fn wasm(profile: &str) -> Result<()> {
    for (name, variant, kernels) in MODULES {
        let out = paths::root().join("pkg/wasm");
        module(&Module { manifest: "crates/web/Cargo.toml", name, variant, kernels, out }, profile)?;
    }
    Ok(())
}

/// tests/browser-ops -> target/browser-ops: the op table, to be run on a browser's WebGPU.
pub(crate) fn ops(profile: &str) -> Result<()> {
    let (manifest, out) = ("tests/browser-ops/Cargo.toml", paths::target().join("browser-ops"));
    module(&Module { manifest, name: "ops", variant: &SIMD128, kernels: &KERNELS, out }, profile)
}

/// tests/kernel-bench -> target/kernel-bench, a folder for each build that is measured.
pub(crate) fn kernels() -> Result<PathBuf> {
    let folder = paths::target().join("kernel-bench");
    for (build, variant) in [("simd128", &SIMD128), ("relaxed-simd", &RELAXED)] {
        let (manifest, out) = ("tests/kernel-bench/Cargo.toml", folder.join(build));
        module(&Module { manifest, name: "kernels", variant, kernels: &KERNELS, out }, PROFILE)?;
    }
    Ok(folder)
}

/// pkg -> pkg/dist.
pub(crate) fn package() -> Result<()> {
    let folder = paths::root().join("pkg");
    npm::install(&folder, "TypeScript and its checks")?;
    process::run("npm package", &mut npm::script(&folder, "build"))
}

/// www -> www/dist. The page imports the package by its name, so the package is built first.
pub(crate) fn page() -> Result<()> {
    let folder = paths::root().join("www");
    npm::install(&folder, "the page's bundler")?;
    process::run("page", &mut npm::script(&folder, "build"))
}

fn module(module: &Module, profile: &str) -> Result<()> {
    same_bindgen()?;
    let toolchain = toolchain::choose(module.variant)?;
    process::say(&format!("wasm toolchain: {}", toolchain.describe()));
    let kernels = relaxed(module.kernels)?;
    let compiled = compile(&toolchain, module, profile, &[("RUSHLIGHT_RELAXED", &kernels)])?;
    bind(&compiled, module)?;
    let bound = module.out.join(format!("{}_bg.wasm", module.name));
    optimize(&bound, module.variant)
}

/// crates/relaxed -> target/relaxed: the kernels that a module carries as bytes.
fn relaxed(variant: &'static Variant) -> Result<PathBuf> {
    let out = paths::target().join("relaxed");
    let (manifest, name) = ("crates/relaxed/Cargo.toml", variant.folder);
    let module = Module { manifest, name, variant, kernels: variant, out };
    let compiled = compile(&toolchain::choose(variant)?, &module, PROFILE, &[])?;
    fs::create_dir_all(&module.out).with_context(|| format!("cannot create {}", module.out.display()))?;
    let file = module.out.join(format!("{name}.wasm"));
    fs::copy(&compiled, &file).with_context(|| format!("cannot write {}", file.display()))?;
    optimize(&file, variant)?;
    for (section, content) in sections(&fs::read(&file)?) {
        if section == DATA_SECTION {
            bail!("{} has data, which would be written over its carrier's memory", file.display());
        }
        if section == GLOBAL_SECTION && content.windows(3).any(|bytes| bytes == STACK_POINTER) {
            bail!("{} uses a stack, and has none: keep what registers do not hold where it was given", file.display());
        }
    }
    Ok(file)
}

/// The section of a wasm file that says what memory holds at first.
const DATA_SECTION: u8 = 11;

/// The one of its globals, and how one begins that is an i32, changes, and is a number at first.
const GLOBAL_SECTION: u8 = 6;
const STACK_POINTER: [u8; 3] = [0x7f, 1, 0x41];

/// cargo, for the cdylib alone: an rlib beside it would be compiled twice under LTO.
fn compile(toolchain: &Toolchain, module: &Module, profile: &str, environment: &[(&str, &Path)]) -> Result<PathBuf> {
    let mut command = toolchain.cargo("rustc", module.variant);
    command
        .current_dir(paths::root())
        .envs(environment.iter().copied())
        .args(["--manifest-path", module.manifest, "--lib", "--crate-type", "cdylib", "--profile", profile, "--locked"])
        .arg("--message-format=json-render-diagnostics");
    let messages = process::data(
        &format!("compiling {} to {}.wasm (profile {profile})", module.manifest, module.name),
        &mut command,
    )?;
    let artefacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let file = artefacts
        .filter(|message| message["reason"] == "compiler-artifact")
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .rfind(|name| name.extension().is_some_and(|extension| extension == "wasm"));
    file.with_context(|| format!("cargo built no wasm file from {}: is it a cdylib?", module.manifest))
}

/// wasm-bindgen as a library: no binary to install, and the version is the one in Cargo.lock by construction.
fn bind(wasm: &Path, module: &Module) -> Result<()> {
    let started = Instant::now();
    fs::create_dir_all(&module.out).with_context(|| format!("cannot create {}", module.out.display()))?;
    let whole = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    Bindgen::new()
        .input_bytes(module.name, without_exports(&whole, FOREIGN)?)
        .out_name(module.name)
        .web(true)?
        .typescript(true)
        // The address of the wasm file is the package's to give: a second one in the glue would make bundlers copy it twice.
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&module.out)
        .with_context(|| format!("wasm-bindgen refused {}", wasm.display()))?;
    process::say(&format!("wasm-bindgen -> {}: done in {}", module.out.display(), process::seconds(started.elapsed())));
    Ok(())
}

/// `wasm-opt -O2`, remembered by the hash of what went in: it takes longer than compiling.
fn optimize(wasm: &Path, variant: &Variant) -> Result<()> {
    let tools = paths::root().join("xtask/tools");
    npm::install(&tools, "wasm-opt")?;
    let arguments = [&["-O2"], WASM_FEATURES, variant.wasm_opt].concat();
    let mut hash = Sha256::new();
    hash.update(fs::read(wasm)?);
    hash.update(fs::read(tools.join("package-lock.json"))?);
    hash.update(arguments.join(" "));
    let cache = paths::target().join("wasm-opt");
    let optimized = cache.join(format!("{}.wasm", npm::hex(&hash.finalize())));
    if !optimized.is_file() {
        fs::create_dir_all(&cache)?;
        // Two builds may run at once; the last rename wins and both wrote the same bytes.
        let half = optimized.with_extension(format!("{}.part", std::process::id()));
        let mut command = Command::new("node");
        command.arg(tools.join("node_modules/binaryen/bin/wasm-opt")).args(arguments);
        command.arg(wasm).arg("-o").arg(&half);
        process::run("wasm-opt", &mut command)?;
        fs::rename(&half, &optimized).context("wasm-opt wrote nothing")?;
    }
    let (before, after) = (fs::metadata(wasm)?.len(), fs::metadata(&optimized)?.len());
    fs::copy(&optimized, wasm).with_context(|| format!("cannot write {}", wasm.display()))?;
    process::say(&format!("wasm-opt: {before} -> {after} bytes"));
    Ok(())
}

/// The generator must be of the very version of the macro; Cargo.lock holds both.
fn same_bindgen() -> Result<()> {
    let lock = fs::read_to_string(paths::root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let (used, tool) = (locked(&lock, "wasm-bindgen"), locked(&lock, "wasm-bindgen-cli-support"));
    if used.is_none() || used != tool {
        bail!(
            "Cargo.lock has wasm-bindgen {used:?} and wasm-bindgen-cli-support {tool:?}; they must be the same.\n  \
             Change both: [workspace.dependencies] in Cargo.toml and xtask/Cargo.toml."
        );
    }
    Ok(())
}

/// The version of a package in Cargo.lock.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("\nname = \"{package}\"\n")))?;
    entry.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::locked;

    #[test]
    fn versions_are_read_from_the_lock_file() {
        let lock =
            "[[package]]\nname = \"a-b\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"a\"\nversion = \"4.5.6\"\n";
        assert_eq!(locked(lock, "a"), Some("4.5.6"));
        assert_eq!(locked(lock, "a-b"), Some("1.2.3"));
        assert_eq!(locked(lock, "b"), None);
    }
}
