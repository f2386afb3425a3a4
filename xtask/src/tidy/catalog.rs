//! Things that are written down twice must agree: versions and model files.

use super::crates::Package;
use super::{Finding, Source};
use crate::models;
use serde_json::Value;

/// All of them.
pub(super) fn check(sources: &[Source], packages: &[Package]) -> Vec<Finding> {
    let version = packages.first().map_or("", |package| package.version.as_str());
    let mut findings = versions(sources, version);
    match models::catalog() {
        Ok(ours) => findings.extend(same_files(sources, &ours)),
        Err(error) => findings.push(Finding::new("xtask/models.json", format!("{error:#}"))),
    }
    findings
}

fn text<'a>(sources: &'a [Source], path: &str) -> &'a str {
    sources.iter().find(|source| source.path == path).map_or("", |source| source.text.as_str())
}

/// The workspace, the npm package and the change log speak of one version.
fn versions(sources: &[Source], version: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let headed = |line: &str| line.starts_with("## ") && super::files::has_word(line, version);
    if !text(sources, "CHANGELOG.md").lines().any(headed) {
        findings.push(Finding::new("CHANGELOG.md", format!("has no heading for {version}")));
    }
    let npm: Value = serde_json::from_str(text(sources, "pkg/package.json")).unwrap_or_default();
    if npm["version"] != version {
        findings.push(Finding::new(
            "pkg/package.json",
            format!("is version {}, the workspace is {version}", npm["version"]),
        ));
    }
    findings
}

/// What we fetch is what the package will ask for and verify.
fn same_files(sources: &[Source], ours: &[models::Model]) -> Vec<Finding> {
    const THEIRS: &str = "pkg/src/models.json";
    let theirs: Value = serde_json::from_str(text(sources, THEIRS)).unwrap_or_default();
    let listed = |id: &str| theirs[id]["files"].as_array().cloned().unwrap_or_default();
    let mut findings = Vec::new();
    for model in ours {
        let files = listed(&model.id);
        for file in &model.files {
            let same = |other: &Value| {
                other["path"] == file.path.as_str()
                    && other["bytes"] == file.bytes
                    && other["sha256"] == file.sha256.as_str()
            };
            if !files.iter().any(same) {
                findings
                    .push(Finding::new(THEIRS, format!("{}/{} is not as in xtask/models.json", model.id, file.path)));
            }
        }
    }
    for id in theirs.as_object().into_iter().flat_map(|models| models.keys()) {
        let known = ours.iter().find(|model| model.id == *id);
        if known.is_none_or(|model| model.files.len() != listed(id).len()) {
            findings.push(Finding::new(THEIRS, format!("{id} has other files than in xtask/models.json")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    #[test]
    fn one_version_everywhere() {
        let log = |text| source("CHANGELOG.md", text);
        let npm = |text| source("pkg/package.json", text);
        assert_eq!(versions(&[log("## 1.2.3, unreleased\n"), npm("{ \"version\": \"1.2.3\" }")], "1.2.3"), []);
        assert_eq!(versions(&[log("## 11.2.3\nsince 1.2.3"), npm("{ \"version\": \"1.2.4\" }")], "1.2.3").len(), 2);
        assert_eq!(versions(&[], "1.2.3").len(), 2);
    }

    #[test]
    fn one_list_of_model_files() {
        let file =
            |sha256: &str| models::ModelFile { path: "a".into(), bytes: 3, sha256: sha256.into(), parts: Vec::new() };
        let ours = |sha256| {
            [models::Model {
                id: "m".into(),
                demo: true,
                what: String::new(),
                licence: String::new(),
                wheels: Vec::new(),
                folder: None,
                files: vec![file(sha256)],
            }]
        };
        let theirs =
            [source("pkg/src/models.json", r#"{ "m": { "files": [{ "path": "a", "bytes": 3, "sha256": "00" }] } }"#)];
        assert_eq!(same_files(&theirs, &ours("00")), []);
        assert_eq!(same_files(&theirs, &ours("01")).len(), 1);
        assert_eq!(same_files(&theirs, &[]).len(), 1);
        assert_eq!(same_files(&[], &ours("00")).len(), 1);
    }
}
