//! Fetching a wheel from a Python package index: by HTTP, resumed and retried, or else through pip.
//!
//! The index is the one pip would use (`PIP_INDEX_URL`, pip's configuration, else PyPI); proxies and certificates
//! come from the usual environment variables (`HTTPS_PROXY`, `SSL_CERT_FILE`).

use crate::models::Wheel;
use crate::{paths, process};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use ureq::tls::{RootCerts, TlsConfig};

const ATTEMPTS: u32 = 5;

/// Downloads `wheel` to `to`. The caller checks the hash.
pub(crate) fn wheel(wheel: &Wheel, to: &Path) -> Result<()> {
    let by_http = http(wheel, to);
    let Err(error) = by_http else { return Ok(()) };
    process::say(&format!("{error:#}; trying pip"));
    pip(wheel, to).with_context(|| {
        format!(
            "{} is needed and neither plain HTTP ({error:#}) nor pip could fetch it.\n  \
             Check the network (HTTPS_PROXY, SSL_CERT_FILE) or name a mirror in PIP_INDEX_URL, then run this again; \
             a download goes on where it stopped",
            wheel.file
        )
    })
}

fn http(wheel: &Wheel, to: &Path) -> Result<()> {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_connect(Some(Duration::from_secs(30)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .build()
        .into();
    let page = format!("{}/{}/", index().trim_end_matches('/'), wheel.package);
    let half = PathBuf::from(format!("{}.part", to.display()));
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            thread::sleep(Duration::from_secs(1 << attempt));
        }
        match find(&agent, &page, &wheel.file).and_then(|url| stream(&agent, &url, &half, wheel)) {
            Ok(()) => return fs::rename(&half, to).with_context(|| format!("cannot write {}", to.display())),
            Err(error) => {
                process::say(&format!("{}: attempt {} of {ATTEMPTS}: {error:#}", wheel.file, attempt + 1));
                last = Some(error);
            }
        }
    }
    Err(last.context("no attempt was made")?)
}

/// The package index that pip is set up with.
fn index() -> String {
    let set = env::var("PIP_INDEX_URL").ok().filter(|url| !url.trim().is_empty());
    let configured = || {
        paths::on_path("pip")?;
        process::answer(Command::new("pip").args(["config", "get", "global.index-url"]))
            .filter(|url| url.starts_with("http"))
    };
    set.or_else(configured).unwrap_or_else(|| "https://pypi.org/simple".to_owned())
}

/// The address of a file on a project's page (PEP 503: every anchor is a file).
fn find(agent: &ureq::Agent, page: &str, file: &str) -> Result<String> {
    let mut answer =
        agent.get(page).header("Accept", "text/html").call().with_context(|| format!("cannot read {page}"))?;
    let html = answer.body_mut().read_to_string().with_context(|| format!("cannot read {page}"))?;
    link(&html, page, file).with_context(|| format!("{page} lists no {file}"))
}

fn link(html: &str, page: &str, file: &str) -> Option<String> {
    let references = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let reference = references
        .map(|href| href.split('#').next().unwrap_or(href))
        .find(|href| href.ends_with(&format!("/{file}")))?;
    if reference.contains("://") {
        return Some(reference.to_owned());
    }
    let origin = page.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    if let Some(path) = reference.strip_prefix('/') {
        return Some(format!("{origin}/{path}"));
    }
    // Relative to the page, which ends in a slash.
    let mut folder: Vec<&str> = page.trim_end_matches('/').split('/').collect();
    for step in reference.split('/') {
        match step {
            ".." => drop(folder.pop()),
            "." => {}
            name => folder.push(name),
        }
    }
    Some(folder.join("/"))
}

/// Appends to what an earlier attempt left.
fn stream(agent: &ureq::Agent, url: &str, half: &Path, wheel: &Wheel) -> Result<()> {
    let mut have = fs::metadata(half).map_or(0, |data| data.len());
    if have >= wheel.bytes {
        have = 0;
    }
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let answer = request.call().with_context(|| format!("cannot fetch {url}"))?;
    if answer.status().as_u16() != 206 {
        have = 0;
    }
    let mut out = if have > 0 { OpenOptions::new().append(true).open(half) } else { File::create(half) }
        .with_context(|| format!("cannot write {}", half.display()))?;
    let mut body = answer.into_body().into_reader();
    let mut progress = Progress::new(&wheel.file, wheel.bytes, have);
    let mut chunk = vec![0; 1 << 18];
    loop {
        let read = body.read(&mut chunk).context("the connection broke")?;
        if read == 0 {
            break;
        }
        out.write_all(&chunk[..read]).context("cannot write (is the disk full?)")?;
        progress.add(read as u64);
    }
    progress.end();
    if progress.done != wheel.bytes {
        bail!("{} of {} bytes came", progress.done, wheel.bytes);
    }
    Ok(())
}

/// A line that moves on a terminal, a line now and then elsewhere.
struct Progress {
    label: String,
    total: u64,
    done: u64,
    terminal: bool,
    shown: Instant,
}

impl Progress {
    fn new(label: &str, total: u64, done: u64) -> Self {
        let progress =
            Self { label: label.into(), total, done, terminal: std::io::stderr().is_terminal(), shown: Instant::now() };
        progress.show();
        progress
    }

    fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let pause = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(10) };
        if self.shown.elapsed() >= pause {
            self.shown = Instant::now();
            self.show();
        }
    }

    fn show(&self) {
        let (done, total) = (self.done / 1_000_000, self.total / 1_000_000);
        let percent = self.done * 100 / self.total.max(1);
        if self.terminal {
            eprint!("\r   {}: {done} of {total} MB ({percent} %)", self.label);
        } else {
            eprintln!("   {}: {done} of {total} MB ({percent} %)", self.label);
        }
    }

    fn end(&self) {
        self.show();
        if self.terminal {
            eprintln!();
        }
    }
}

/// pip knows every kind of index, proxy and credential there is.
fn pip(wheel: &Wheel, to: &Path) -> Result<()> {
    let python = paths::on_path("python3").context("there is no python3 with pip either")?;
    let folder = to.parent().context("a wheel has a folder")?;
    let version = wheel.file.split('-').nth(1).context("a wheel's name has a version")?;
    let mut command = Command::new(python);
    command.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest"]).arg(folder);
    command.arg(format!("{}=={version}", wheel.package));
    process::run(&format!("pip download {}", wheel.package), &mut command)
}

#[cfg(test)]
mod tests {
    use super::link;

    const PAGE: &str = "https://host/simple/a-b/";

    #[test]
    fn links_are_found_and_resolved() {
        let html = |href: &str| format!("<a href=\"https://host/x/a_b-0.9.whl\">old</a><a href=\"{href}\">file</a>");
        for (href, url) in [
            ("https://files/x/a_b-1.whl#sha256=00", "https://files/x/a_b-1.whl"),
            ("/files/a_b-1.whl", "https://host/files/a_b-1.whl"),
            ("../../files/a_b-1.whl#sha256=00", "https://host/files/a_b-1.whl"),
        ] {
            assert_eq!(link(&html(href), PAGE, "a_b-1.whl").as_deref(), Some(url));
        }
        assert_eq!(link(&html("/files/a_b-1.whl.metadata"), PAGE, "a_b-1.whl"), None);
        assert_eq!(link("", PAGE, "a_b-1.whl"), None);
    }
}
