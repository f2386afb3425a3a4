//! The commands that run a model, but `bench`.

use std::io::{BufRead, Write, stdin, stdout};
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Result, bail};
use engine::{CallOptions, EmbedOptions, Engine, Event, Finish, GenerateOptions, Grammar, Head, Message, Prompt, Step};
use pollster::block_on;
use serde_json::json;

use crate::host::{Device, Setup, load, quiet};

/// What every command needs to know.
#[derive(clap::Args)]
pub(crate) struct Common {
    /// A folder, a GGUF file, or the id of a model in the model folder.
    model: String,
    /// Which backend.
    #[arg(long, value_enum, default_value = "cpu")]
    device: Device,
    /// Tokens that the KV cache holds.
    #[arg(long)]
    context: Option<usize>,
    /// Do not look for the fastest kernels of a GPU.
    #[arg(long)]
    no_tune: bool,
}

impl Common {
    fn load(&self) -> Result<Engine> {
        let setup = Setup { device: self.device, threads: 1, tier: None, dots: false, tune: !self.no_tune };
        load(&self.model, &setup, self.context)
    }
}

/// Arguments of `run`.
#[derive(clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    common: Common,
    /// What to continue, or to ask with `--chat`. Without it, each line of standard input is a turn of a chat.
    prompt: Option<String>,
    /// Render the prompt by the model's chat template.
    #[arg(long)]
    chat: bool,
    /// Tokens at most.
    #[arg(long, default_value_t = 256)]
    max_tokens: usize,
    /// 0 takes the likeliest token each time.
    #[arg(long, default_value_t = 0.0)]
    temperature: f32,
    /// Draw from so many of the likeliest tokens; 0 from all.
    #[arg(long, default_value_t = 40)]
    top_k: u32,
    /// Draw from the likeliest tokens with this much probability.
    #[arg(long, default_value_t = 0.95)]
    top_p: f32,
    /// Divides the logits of recent tokens, those of the prompt among them; 1 changes nothing.
    #[arg(long, default_value_t = 1.0)]
    repetition_penalty: f32,
    /// Tokens that the repetition penalty looks back on; 0 for all.
    #[arg(long, default_value_t = 64)]
    repetition_window: u32,
    /// Taken from the logit of a token for each time that it was generated.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    frequency_penalty: f32,
    /// Taken from the logit of a token that was generated.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    presence_penalty: f32,
    /// The same seed draws the same tokens.
    #[arg(long)]
    seed: Option<u32>,
    /// Guess tokens where the text repeats itself, if the temperature is 0; by default on the CPU.
    #[arg(long)]
    prompt_lookup: Option<bool>,
    /// Tokens that are queued before the first of them is known; by default up to 4 on a GPU, 1 on the CPU.
    #[arg(long)]
    run_ahead: Option<usize>,
    /// A file with a JSON Schema that the answer has to fit.
    #[arg(long, conflicts_with = "regex")]
    json_schema: Option<PathBuf>,
    /// A regular expression of JavaScript that the answer has to match from start to end.
    #[arg(long)]
    regex: Option<String>,
}

impl Run {
    fn constraint(&self) -> Result<Option<Grammar>> {
        Ok(match (&self.json_schema, &self.regex) {
            (Some(file), _) => Some(Grammar::JsonSchema(std::fs::read_to_string(file)?)),
            (None, Some(source)) => Some(Grammar::Regex { source: source.clone(), flags: String::new() }),
            (None, None) => None,
        })
    }
}

/// Arguments of `embed` and `classify`.
#[derive(clap::Args)]
pub(crate) struct Texts {
    #[command(flatten)]
    common: Common,
    /// The texts.
    #[arg(required = true)]
    texts: Vec<String>,
}

/// Arguments of `normalize`.
#[derive(clap::Args)]
pub(crate) struct Normalize {
    #[command(flatten)]
    texts: Texts,
    /// A word that the model's vocabulary may not have; may be given several times.
    #[arg(long = "word")]
    words: Vec<String>,
}

/// Arguments of `score`.
#[derive(clap::Args)]
pub(crate) struct Score {
    #[command(flatten)]
    common: Common,
    /// A text file.
    file: PathBuf,
    /// Score so many tokens from the start; as many as the context holds if absent.
    #[arg(long)]
    tokens: Option<usize>,
}

/// Arguments of `dump-graph`.
#[derive(clap::Args)]
pub(crate) struct DumpGraph {
    #[command(flatten)]
    common: Common,
    /// Rows of the step.
    #[arg(long, default_value_t = 1)]
    tokens: usize,
    /// Rows that the head sees, or texts of a batch.
    #[arg(long, default_value_t = 1)]
    rows: usize,
}

/// Writes the answer as it comes, then a line of figures to standard error.
pub(crate) fn run(options: &Run) -> Result<()> {
    let mut engine = options.common.load()?;
    let generate = GenerateOptions {
        max_tokens: Some(options.max_tokens),
        temperature: options.temperature,
        top_k: options.top_k,
        top_p: options.top_p,
        repetition_penalty: options.repetition_penalty,
        repetition_window: options.repetition_window,
        frequency_penalty: options.frequency_penalty,
        presence_penalty: options.presence_penalty,
        seed: options.seed,
        prompt_lookup: options.prompt_lookup,
        run_ahead: options.run_ahead,
        constraint: options.constraint()?,
        ..Default::default()
    };
    match &options.prompt {
        Some(text) if options.chat => {
            let prompt = Prompt::Chat(vec![message("user", text)]);
            answer(&mut engine, &prompt, &generate)?;
        }
        Some(text) => {
            answer(&mut engine, &Prompt::Text(text.clone()), &generate)?;
        }
        None => {
            let mut turns = Vec::new();
            for line in stdin().lock().lines() {
                turns.push(message("user", &line?));
                let text = answer(&mut engine, &Prompt::Chat(turns.clone()), &generate)?;
                turns.push(message("assistant", &text));
            }
        }
    }
    Ok(())
}

fn message(role: &str, content: &str) -> Message {
    Message { role: role.into(), content: content.into() }
}

fn answer(engine: &mut Engine, prompt: &Prompt, options: &GenerateOptions) -> Result<String> {
    let mut answer = String::new();
    let mut out = stdout();
    let mut sink = |event: Event<'_>| {
        let Event::Text { text, .. } = event else { return ControlFlow::Continue(()) };
        answer.push_str(text);
        // Whoever reads us may have gone; then there is nothing left to do.
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    let finish = block_on(engine.generate(prompt, options, &mut sink))?;
    writeln!(stdout())?;
    writeln!(std::io::stderr(), "{}", figures(&finish))?;
    Ok(answer)
}

fn figures(finish: &Finish) -> String {
    let Finish { reason, prompt_tokens, cached_tokens, tokens, prefill_ms, decode_ms, .. } = finish;
    let Finish { proposed_tokens, accepted_tokens, .. } = finish;
    let prefilled = prompt_tokens - cached_tokens;
    format!(
        "[{reason:?}: {prompt_tokens} tokens of prompt, {cached_tokens} cached, {:.1} a second; \
         {tokens} tokens of answer, {:.1} a second, {accepted_tokens} of {proposed_tokens} guesses right]",
        prefilled as f64 / (prefill_ms / 1e3),
        tokens.saturating_sub(1) as f64 / (decode_ms / 1e3),
    )
}

/// One JSON line a text.
pub(crate) fn embed(options: &Texts) -> Result<()> {
    let mut engine = options.common.load()?;
    let found = block_on(engine.embed(&options.texts, &EmbedOptions::default(), &mut quiet))?;
    for (index, vector) in found.vectors.chunks_exact(found.dimensions).enumerate() {
        let line = json!({
            "text": options.texts[index],
            "tokens": found.tokens[index],
            "truncated": found.truncated[index],
            "vector": vector,
        });
        writeln!(stdout(), "{line}")?;
    }
    Ok(())
}

/// One JSON line a text.
pub(crate) fn classify(options: &Texts) -> Result<()> {
    let mut engine = options.common.load()?;
    let found = block_on(engine.classify(&options.texts, &CallOptions::default(), &mut quiet))?;
    for (text, scores) in options.texts.iter().zip(found) {
        writeln!(stdout(), "{}", json!({ "text": text, "scores": scores }))?;
    }
    Ok(())
}

/// One JSON line a text.
pub(crate) fn normalize(options: &Normalize) -> Result<()> {
    let Texts { common, texts } = &options.texts;
    for (text, found) in texts.iter().zip(common.load()?.normalize(texts, &options.words)) {
        writeln!(stdout(), "{}", json!({ "text": text, "normalized": found.text, "offsets": found.offsets }))?;
    }
    Ok(())
}

/// Mean negative log-likelihood and perplexity of a text.
pub(crate) fn score(options: &Score) -> Result<()> {
    let mut engine = options.common.load()?;
    let mut ids = engine.tokenize(&std::fs::read_to_string(&options.file)?)?;
    ids.truncate(options.tokens.unwrap_or(usize::MAX).min(engine.info().context));
    if ids.len() < 2 {
        bail!("{} has fewer than two tokens", options.file.display());
    }
    let scores = block_on(engine.score(&ids, &mut quiet))?;
    let mean = scores.iter().map(|&score| f64::from(score)).sum::<f64>() / scores.len() as f64;
    let line = json!({ "tokens": ids.len(), "meanNll": mean, "perplexity": mean.exp() });
    Ok(writeln!(stdout(), "{line}")?)
}

/// The graph as text.
pub(crate) fn dump_graph(options: &DumpGraph) -> Result<()> {
    let engine = options.common.load()?;
    let head = match engine.info().task {
        "embed" => Head::Embed,
        "classify" => Head::Classify,
        _ => Head::Greedy,
    };
    let step = Step { tokens: options.tokens, rows: options.rows, capacity: engine.info().context, head };
    Ok(write!(stdout(), "{}", engine.dump(&step)?)?)
}
