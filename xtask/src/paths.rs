//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

/// The top of the repository. Cargo tells the running xtask where it is, so a moved checkout still works.
pub(crate) fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.parent().map(Path::to_path_buf).unwrap_or(manifest)
}

/// Cargo's own output folder; everything built or cached by xtask lives inside it too.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The model folder: one folder a model, outside the repository so that checkouts share it.
pub(crate) fn models() -> PathBuf {
    if let Some(folder) = env::var_os("RUSHLIGHT_MODELS").filter(|folder| !folder.is_empty()) {
        return folder.into();
    }
    let cache = env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/tmp".into())).join(".cache");
    cache.unwrap_or_else(home).join("rushlight").join("models")
}

/// A program of this name on the search path.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A browser that tests drive.
pub(crate) struct Browser {
    /// Its name, for people.
    pub(crate) title: &'static str,
    /// Debian's package.
    pub(crate) package: &'static str,
    /// The environment variable that names another one.
    pub(crate) variable: &'static str,
    programs: &'static [&'static str],
}

pub(crate) const CHROMIUM: Browser = Browser {
    title: "Chromium or Chrome",
    package: "chromium",
    variable: "CHROMIUM",
    programs: &["chromium", "chromium-browser", "google-chrome"],
};

pub(crate) const FIREFOX: Browser =
    Browser { title: "Firefox", package: "firefox-esr", variable: "FIREFOX", programs: &["firefox-esr", "firefox"] };

impl Browser {
    /// Where it is, if it is.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        if let Some(path) = env::var_os(self.variable).filter(|path| !path.is_empty()) {
            return Some(path.into());
        }
        self.programs.iter().find_map(|name| on_path(name))
    }
}

/// The manifest of lavapipe, Mesa's Vulkan driver that runs on the CPU.
pub(crate) fn lavapipe() -> Option<PathBuf> {
    let folder = std::fs::read_dir("/usr/share/vulkan/icd.d").ok()?;
    folder
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lvp_icd")))
}
