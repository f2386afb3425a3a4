//! Models on disk: a folder, a single file, or an id of the model folder.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use engine::{ByteSource, File, SourceError};

/// Where models are kept: `RUSHLIGHT_MODELS`, or `rushlight/models` in the user's cache folder.
pub(crate) fn models_folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("RUSHLIGHT_MODELS") {
        return Ok(folder.into());
    }
    let cache = match std::env::var_os("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => {
            PathBuf::from(std::env::var_os("HOME").context("neither RUSHLIGHT_MODELS nor HOME is set")?).join(".cache")
        }
    };
    Ok(cache.join("rushlight/models"))
}

/// Opens the files of a model. `model` is a path, or the name of a folder in [`models_folder`].
pub(crate) fn open(model: &str) -> Result<Vec<File>> {
    let given = PathBuf::from(model);
    let path = if given.exists() { given } else { models_folder()?.join(model) };
    if path.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(vec![file(&path, name)?]);
    }
    if !path.is_dir() {
        bail!("there is no model {model}, neither as a path nor in {}", models_folder()?.display());
    }
    let mut files = Vec::new();
    let mut folders = vec![path.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?.path();
            if entry.is_dir() {
                folders.push(entry);
            } else if let Ok(inside) = entry.strip_prefix(&path) {
                let name = inside.to_string_lossy().replace('\\', "/");
                files.push(file(&entry, name)?);
            }
        }
    }
    Ok(files)
}

fn file(path: &Path, name: String) -> Result<File> {
    let file = fs::File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let length = file.metadata()?.len();
    Ok(File { name, source: Box::new(OnDisk { file, length }) })
}

/// A file that stays open while a model loads.
struct OnDisk {
    file: fs::File,
    length: u64,
}

impl ByteSource for OnDisk {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), SourceError> {
        let read = self.file.seek(SeekFrom::Start(offset)).and_then(|_| self.file.read_exact(into));
        read.map_err(|error| SourceError { message: error.to_string() })
    }
}
