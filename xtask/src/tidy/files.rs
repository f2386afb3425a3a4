//! Rules that look at one file, or at the shader folder.

use super::{Finding, Source};

/// Lines that ask for a reason, and lines that are too many, by extension.
const BUDGETS: &[(&str, usize, usize)] =
    &[("rs", 400, 600), ("ts", 400, 600), ("mjs", 400, 600), ("js", 400, 600), ("wgsl", 200, 300)];

/// The words that a browser's types come with.
const BROWSER: &[&str] = &["wasm_bindgen", "js_sys", "web_sys"];

/// Where browser types may be named: the face, and the small module that runs the op table in a browser.
const BROWSER_ROOMS: &[&str] = &["crates/web/", "tests/browser-ops/", "tests/kernel-bench/", "xtask/"];

/// Where files may be opened: the edges and the tests.
const FILE_ROOMS: &[&str] = &["crates/cli/", "xtask/", "tests/"];

/// In two pieces for the same reason as below.
const ALLOW: &[&str] = &[concat!("#[al", "low("), concat!("#![al", "low(")];

/// Written in two pieces, so that this file does not break its own rule.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const MACHINE: &[&str] = &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

/// All of them.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        let mut add = |found: Vec<Finding>| findings.extend(found);
        add(budget(source));
        if extension(source) == "rs" {
            add(browser_names(source));
            add(file_access(source));
            add(bare_allow(source));
        }
        if !generated(source) {
            add(unfinished(source));
            add(machine_paths(source));
        }
    }
    findings.extend(shaders(sources));
    findings
}

fn extension(source: &Source) -> &str {
    source.path.rsplit('.').next().unwrap_or_default()
}

/// Lock files and recorded outputs are nobody's prose.
fn generated(source: &Source) -> bool {
    source.path.ends_with(".lock")
        || source.path.ends_with("package-lock.json")
        || source.path.starts_with("tests/golden/")
}

fn within(source: &Source, rooms: &[&str]) -> bool {
    rooms.iter().any(|room| source.path.starts_with(room))
}

/// A file is read in one sitting.
fn budget(source: &Source) -> Vec<Finding> {
    let Some((_, ask, most)) = BUDGETS.iter().find(|(kind, ..)| *kind == extension(source)) else { return Vec::new() };
    let lines = source.text.lines().count();
    let mut finding =
        Finding::new(&source.path, format!("{lines} lines; over {ask} asks for a reason, {most} is the most"));
    finding.warning = lines <= *most;
    if lines > *ask { vec![finding] } else { Vec::new() }
}

/// Only the edges touch the world: no browser type outside the face.
fn browser_names(source: &Source) -> Vec<Finding> {
    if within(source, BROWSER_ROOMS) {
        return Vec::new();
    }
    code_lines(source)
        .filter_map(|(index, line)| {
            let name = BROWSER.iter().find(|name| has_word(line, name))?;
            Some(Finding::line(source, index, format!("{name} outside crates/web")))
        })
        .collect()
}

/// Only the edges touch the world: no file is opened inside.
fn file_access(source: &Source) -> Vec<Finding> {
    if within(source, FILE_ROOMS) {
        return Vec::new();
    }
    let opens = |line: &str| line.contains("std::fs") || (line.contains("std::{") && has_word(line, "fs"));
    code_lines(source)
        .filter(|(_, line)| opens(line))
        .map(|(index, _)| Finding::line(source, index, "std::fs outside crates/cli, xtask and tests"))
        .collect()
}

/// A lint is switched off for a reason or not at all.
fn bare_allow(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in code_lines(source) {
        let Some(start) = ALLOW.iter().find_map(|allow| line.find(allow)) else { continue };
        let rest: String =
            line[start..].chars().chain(source.text.lines().skip(index + 1).flat_map(str::chars)).collect();
        if !rest.split(")]").next().is_some_and(|attribute| attribute.contains("reason")) {
            findings.push(Finding::line(
                source,
                index,
                "an allow without a reason (prefer #[expect(lint, reason = …)])",
            ));
        }
    }
    findings
}

/// What is not done is an issue, not a comment.
fn unfinished(source: &Source) -> Vec<Finding> {
    each_line(source, |line| {
        let word = UNFINISHED.iter().find(|word| has_word(line, word))?;
        Some(format!("{word}: write an issue, or do it"))
    })
}

/// What works on one machine only does not belong here.
fn machine_paths(source: &Source) -> Vec<Finding> {
    each_line(source, |line| {
        let starts = |path: &str| {
            line.match_indices(path).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.'))
        };
        let path = MACHINE.iter().find(|path| starts(path))?;
        Some(format!("{path} is a path of one machine"))
    })
}

/// A shader that no kernel names never runs, and a shader library that nobody imports is dead.
fn shaders(sources: &[Source]) -> Vec<Finding> {
    const FOLDER: &str = "crates/gpu/src/shaders/";
    let named = |name: &str| {
        let rust =
            sources.iter().filter(|source| source.path.starts_with("crates/gpu/src/") && extension(source) == "rs");
        rust.filter(|source| source.path.contains("kernels")).any(|source| {
            source.text.contains(&format!("{name}.wgsl")) || has_word(&source.text, &format!("\"{name}\""))
        })
    };
    let imported = |name: &str| {
        let shaders = sources.iter().filter(|source| source.path.starts_with(FOLDER));
        shaders
            .flat_map(|source| source.text.lines())
            .any(|line| line.trim_start().starts_with("#import") && has_word(line, name))
            || sources.iter().any(|source| {
                source.path.starts_with("crates/gpu/src/") && source.text.contains(&format!("lib/{name}.wgsl"))
            })
    };
    let mut findings = Vec::new();
    for source in sources {
        let Some(name) = source.path.strip_prefix(FOLDER).and_then(|name| name.strip_suffix(".wgsl")) else { continue };
        match name.strip_prefix("lib/") {
            Some(library) if !imported(library) => findings.push(Finding::new(&source.path, "no shader imports it")),
            None if !named(name) => findings.push(Finding::new(&source.path, "no kernel names it")),
            _ => {}
        }
    }
    findings
}

fn each_line(source: &Source, rule: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let lines = source.text.lines().enumerate();
    lines.filter_map(|(index, line)| rule(line).map(|what| Finding::line(source, index, what))).collect()
}

/// Lines without those that are comments only.
fn code_lines(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    source.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// `word` with no letter, digit or underscore on either side.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    fn whats(path: &str, text: &str) -> Vec<String> {
        check(&[source(path, text)]).into_iter().map(|finding| format!("{} {}", finding.at, finding.what)).collect()
    }

    #[track_caller]
    fn breaks(path: &str, text: &str, what: &str) {
        let found = whats(path, text);
        assert!(found.iter().any(|finding| finding.contains(what)), "{path}: {found:?} lacks {what:?}");
    }

    #[test]
    fn a_clean_file_has_no_finding() {
        assert!(whats("crates/engine/src/lib.rs", "//! wasm_bindgen is not for us.\nuse std::fmt;\n").is_empty());
    }

    #[test]
    fn browser_types_stay_in_the_face() {
        breaks("crates/engine/src/lib.rs", "\nuse js_sys::Array;", "crates/engine/src/lib.rs:2 js_sys outside");
        assert!(whats("crates/web/src/lib.rs", "use js_sys::Array;").is_empty());
        assert!(whats("crates/engine/src/lib.rs", "use wasm_bindgen_other::X;").is_empty());
    }

    #[test]
    fn files_are_opened_at_the_edges() {
        breaks("crates/weights/src/lib.rs", "use std::fs::File;", "std::fs outside");
        breaks("crates/weights/src/lib.rs", "use std::{fmt, fs};", "std::fs outside");
        assert!(whats("crates/cli/src/main.rs", "use std::fs::File;").is_empty());
        assert!(whats("tests/models.rs", "use std::fs;").is_empty());
    }

    #[test]
    fn an_allow_gives_its_reason() {
        breaks(
            "crates/cpu/src/a.rs",
            &format!("{}dead_code)]\nconst REASON: &str = \"reason\";", ALLOW[0]),
            "an allow without",
        );
        assert!(
            whats("crates/cpu/src/a.rs", &format!("{}\n    dead_code,\n    reason = \"kept for x\"\n)]", ALLOW[0]))
                .is_empty()
        );
    }

    #[test]
    fn nothing_is_left_for_later() {
        for word in UNFINISHED {
            breaks("README.md", &format!("then {word} this"), word);
        }
        assert!(whats("README.md", "\u{201c}Xxx\u{201d}, todos").is_empty());
    }

    #[test]
    fn no_path_of_one_machine() {
        for path in MACHINE {
            breaks("pkg/src/a.ts", &format!("open('{path}x')"), "one machine");
        }
        assert!(whats("README.md", "https://example.org/ho\u{6d}e/x and ../wo\u{72}k/x").is_empty());
    }

    #[test]
    fn a_file_has_a_budget() {
        breaks("crates/gpu/src/shaders/a.wgsl", &"x\n".repeat(301), "301 lines");
        breaks("pkg/src/a.ts", &"x\n".repeat(601), "601 lines");
        let warned = check(&[source("crates/cpu/src/a.rs", &"x\n".repeat(401))]);
        assert!(warned.len() == 1 && warned[0].warning);
        assert!(whats("crates/cpu/src/a.rs", &"x\n".repeat(400)).is_empty());
    }

    #[test]
    fn a_shader_has_a_kernel() {
        let kernels = source("crates/gpu/src/kernels.rs", "include_str!(\"shaders/add.wgsl\")");
        let used = source("crates/gpu/src/shaders/add.wgsl", "#import math");
        let library = source("crates/gpu/src/shaders/lib/math.wgsl", "");
        let dead = [source("crates/gpu/src/shaders/mul.wgsl", ""), source("crates/gpu/src/shaders/lib/old.wgsl", "")];
        assert_eq!(check(&[kernels, used, library]), []);
        assert_eq!(check(&dead).len(), 2);
    }
}
