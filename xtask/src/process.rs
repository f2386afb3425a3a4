//! Running other programs: say what runs and why, show that it is alive, explain a failure.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a step may be silent before we say that it is still running.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// A program that ran to its end.
pub(crate) struct Finished {
    /// Everything it wrote to stdout and stderr, in the order the lines came.
    pub(crate) text: String,
    /// How it ended.
    pub(crate) status: ExitStatus,
}

/// Runs a step whose output goes straight to the terminal. A non-zero exit is an error that names the step.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<()> {
    let started = announce(what, command);
    let child = spawn(command)?;
    let status = wait(what, child)?;
    if !status.success() {
        bail!("{what} failed ({status})\n  command: {}", display(command));
    }
    println!("   {what}: done in {}", seconds(started.elapsed()));
    Ok(())
}

/// Runs a step whose stdout is wanted as data; stderr goes to the terminal.
pub(crate) fn data(what: &str, command: &mut Command) -> Result<String> {
    let started = announce(what, command);
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let mut stdout = child.stdout.take().context("no stdout")?;
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let status = wait(what, child)?;
    let text = reader.join().map_err(|_| anyhow::anyhow!("reading the output of {what} failed"))??;
    if !status.success() {
        bail!("{what} failed ({status})\n  command: {}", display(command));
    }
    println!("   {what}: done in {}", seconds(started.elapsed()));
    Ok(text)
}

/// Runs a step whose output is shown and also kept, to be counted. A non-zero exit is not an error here.
pub(crate) fn tee(what: &str, command: &mut Command) -> Result<Finished> {
    announce(what, command);
    let mut child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let (sender, receiver) = mpsc::channel::<String>();
    let readers = [forward(child.stdout.take(), sender.clone()), forward(child.stderr.take(), sender)];
    let collector = thread::spawn(move || {
        let mut text = String::new();
        for line in receiver {
            println!("{line}");
            text.push_str(&line);
            text.push('\n');
        }
        text
    });
    let status = wait(what, child)?;
    for reader in readers.into_iter().flatten() {
        reader.join().map_err(|_| anyhow::anyhow!("reading the output of {what} failed"))?;
    }
    let text = collector.join().map_err(|_| anyhow::anyhow!("reading the output of {what} failed"))?;
    Ok(Finished { text, status })
}

/// A program's answer, without any noise; `None` when it is absent or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// 9.3 s, 2 min 05 s.
pub(crate) fn seconds(elapsed: Duration) -> String {
    let whole = elapsed.as_secs();
    if whole < 60 {
        format!("{:.1} s", elapsed.as_secs_f64())
    } else {
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

/// A heading for a group of steps.
pub(crate) fn heading(text: &str) {
    println!("\n== {text}");
}

/// One plain line of what we do and why.
pub(crate) fn say(text: &str) {
    println!("   {text}");
}

/// The command as one would type it.
pub(crate) fn display(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| quote(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

fn announce(what: &str, command: &Command) -> Instant {
    println!("-> {what}\n   $ {}", display(command));
    std::io::stdout().flush().ok();
    Instant::now()
}

fn spawn(command: &mut Command) -> Result<Child> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => missing(&program),
        _ => anyhow::Error::new(error).context(format!("cannot start {program}")),
    })
}

/// What to do about a program that is not there.
fn missing(program: &str) -> anyhow::Error {
    let advice = match program {
        "node" | "npm" | "npx" => {
            "Node.js 20 or later with npm builds the package and runs the browser tests.\n  \
             Install it from https://nodejs.org or your system's packages, then run this again."
        }
        "cargo" | "rustc" => "Install Rust from https://rustup.rs, then run this again.",
        _ => "Install it and run this again.",
    };
    anyhow::anyhow!("{program} is not installed.\n  {advice}")
}

fn forward(source: Option<impl Read + Send + 'static>, sink: mpsc::Sender<String>) -> Option<thread::JoinHandle<()>> {
    let source = source?;
    Some(thread::spawn(move || {
        let mut lines = BufReader::new(source);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line);
            if sink.send(text.trim_end_matches(['\n', '\r']).to_owned()).is_err() {
                break;
            }
            line.clear();
        }
    }))
}

/// Waits, and says every half minute that the step is still running.
fn wait(what: &str, mut child: Child) -> Result<ExitStatus> {
    let (done, finished) = mpsc::channel::<()>();
    let label = what.to_owned();
    let heart = thread::spawn(move || {
        let started = Instant::now();
        while finished.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
            eprintln!("   … {label}: still running, {}", seconds(started.elapsed()));
        }
    });
    let status = child.wait().context("waiting for a program failed")?;
    drop(done);
    heart.join().ok();
    Ok(status)
}
