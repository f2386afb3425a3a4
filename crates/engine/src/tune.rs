//! Which of several ways is the fastest on this device for this model: a token of it is computed in each, as answers are, and a
//! prompt.

use graph::{BackendError, Choice};
use models::Step;

use crate::runtime::Runtime;
use crate::{EngineError, Host};

/// Milliseconds that a token takes at most, and a prompt, but for the way that is being tried when they are over.
const BUDGET_MS: f64 = 700.0;
/// Milliseconds of steps between two waits, so that a wait does not count.
const BATCH_MS: f64 = 12.0;
/// Steps of a batch, unless they take long: in a browser on a fast GPU a step took 11 ms with the wait for it, and 2.2 ms without.
const STEPS: u32 = 8;
/// The same of prompts, which are longer than a wait.
const PROMPTS: u32 = 4;
/// Batches, of which the best counts: others share the device.
const BATCHES: usize = 3;
/// Of a token's time that another way has to save. Less is noise.
const GAIN: f64 = 0.03;
/// A token that takes longer leaves no time to compare.
const SLOW_MS: f64 = BUDGET_MS / 10.0;
/// The same of a prompt, which has one choice.
const SLOW_PROMPT_MS: f64 = BUDGET_MS / 5.0;
/// Tokens of the prompt: two tiles of tokens, which a GPU of a few hundred GFLOP/s reads in that time.
const PROMPT: usize = 64;

/// What was chosen.
pub(crate) struct Tuning {
    /// Every choice with its option, for [`restore`]: `tier=subgroups lanes.1536=8`.
    pub(crate) chosen: String,
    /// The same before anything was chosen.
    pub(crate) usual: String,
    /// What was measured, for people.
    pub(crate) reason: String,
}

impl Tuning {
    /// Goes back to what is usual.
    pub(crate) fn give_up(&mut self, runtime: &mut Runtime, failure: &EngineError) {
        self.reason = format!("{}; as usual, since {} failed: {failure}", self.reason, self.chosen);
        self.chosen.clone_from(&self.usual);
        restore(runtime, &self.chosen);
    }
}

/// Takes what was chosen before. What the device does not know is left out.
pub(crate) fn restore(runtime: &mut Runtime, chosen: &str) {
    for (choice, option) in chosen.split(' ').filter_map(|word| word.split_once('=')) {
        runtime.backend.choose(choice, option);
    }
}

/// Measures a step of one token, which has been prepared, in each way that the device leaves, one choice after the other, and
/// goes on with the fastest; then a prompt in the ways that make no difference to a token. A way that fails, or that chooses
/// another token than the usual one, is not taken.
pub(crate) async fn tune(runtime: &mut Runtime, host: &dyn Host, step: Step) -> Result<Tuning, EngineError> {
    let mut choices = runtime.choices(&step);
    if choices.is_empty() {
        let reason = "the device leaves no choice".into();
        return Ok(Tuning { chosen: String::new(), usual: String::new(), reason });
    }
    let mut usual = words(&choices);
    let (ms, mut reason) = compare(runtime, host, step, &mut choices).await?;
    runtime.prepare(step).await?;
    let prompt = Step { tokens: PROMPT, ..step };
    if ms <= SLOW_MS && PROMPT <= step.capacity {
        runtime.prepare(prompt).await?;
        let mut others = runtime.choices(&prompt);
        others.retain(|other| choices.iter().all(|choice| choice.name != other.name));
        if !others.is_empty() {
            usual.extend(words(&others));
            reason = format!("{reason}; {}", compare(runtime, host, prompt, &mut others).await?.1);
        }
        runtime.forget(&prompt);
        choices.extend(others);
    }
    Ok(Tuning { chosen: words(&choices).join(" "), usual: usual.join(" "), reason })
}

/// Every choice with the option that it has now.
fn words(choices: &[Choice]) -> Vec<String> {
    choices.iter().map(|Choice { name, options }| format!("{name}={}", options[0])).collect()
}

/// Takes the fastest option of each choice, which is the first of its options then. What the step takes as usual, and what was
/// measured.
async fn compare(
    runtime: &mut Runtime,
    host: &dyn Host,
    step: Step,
    choices: &mut [Choice],
) -> Result<(f64, String), EngineError> {
    let end = host.now() + BUDGET_MS;
    let usual = measure(runtime, host, step).await?;
    let mut notes = Vec::new();
    let mut now = usual;
    let what = if step.tokens == 1 { "a token" } else { "a prompt" };
    if usual.ms > slow(step) {
        notes.push("too long to compare".into());
        choices.iter_mut().for_each(|choice| choice.options.truncate(1));
    }
    for choice in choices {
        let mut best = choice.options[0].clone();
        for option in &choice.options[1..] {
            if host.now() > end {
                notes.push(format!("no time for {}={option}", choice.name));
                continue;
            }
            let found = match switch(runtime, host, step, choice, option).await {
                Ok(found) => found,
                // A shader that does not compile here; the usual ones do.
                Err(EngineError::Backend(BackendError::Validation(why))) => {
                    notes.push(format!("{}={option} failed: {why}", choice.name));
                    continue;
                }
                Err(other) => return Err(other),
            };
            let mut is_better = found.token == usual.token && found.ms < now.ms * (1.0 - GAIN);
            if is_better {
                // A device that was asleep gets faster as it goes on: what was measured first is measured again.
                let again = switch(runtime, host, step, choice, &best).await?;
                now.ms = now.ms.min(again.ms);
                is_better = found.ms < now.ms * (1.0 - GAIN);
            }
            notes.push(match found.token == usual.token {
                true => format!("{:.3} ms with {}={option}", found.ms, choice.name),
                false => format!("another token with {}={option}", choice.name),
            });
            if is_better {
                (best, now) = (option.clone(), found);
            }
        }
        runtime.backend.choose(&choice.name, &best);
        choice.options[0] = best;
    }
    runtime.forget(&step);
    let reason = format!("{what} takes {:.3} ms, as usual {:.3} ms; {}", now.ms, usual.ms, notes.join(", "));
    Ok((usual.ms, reason))
}

/// Milliseconds of a step that is too long to compare.
fn slow(step: Step) -> f64 {
    if step.tokens == 1 { SLOW_MS } else { SLOW_PROMPT_MS }
}

/// What a way costs, and the token that it chooses.
#[derive(Clone, Copy)]
struct Measured {
    ms: f64,
    token: u32,
}

async fn switch(
    runtime: &mut Runtime,
    host: &dyn Host,
    step: Step,
    choice: &Choice,
    option: &str,
) -> Result<Measured, EngineError> {
    runtime.backend.choose(&choice.name, option);
    runtime.forget(&step);
    runtime.prepare(step).await?;
    measure(runtime, host, step).await
}

async fn measure(runtime: &mut Runtime, host: &dyn Host, step: Step) -> Result<Measured, EngineError> {
    // A quarter of the context lies before a token, so that attention counts; the rows that are left in the caches are
    // overwritten before anybody looks there.
    let tokens = step.tokens as u32;
    let start = if tokens == 1 { step.capacity as u32 / 4 } else { 0 };
    let vocabulary = runtime.model.info().vocabulary.max(1) as u32;
    let ids: Vec<u32> = (1..=tokens).map(|id| id % vocabulary).collect();
    let positions: Vec<u32> = (start..start + tokens).collect();
    let inputs: [(&str, &[u32]); 3] = [("ids", &ids), ("positions", &positions), ("rows", &[tokens - 1])];
    let started = host.now();
    let token = token_after(runtime, step, &inputs, 1).await?;
    let first = host.now() - started;
    if first > 2.0 * slow(step) {
        return Ok(Measured { ms: first, token });
    }
    let mut times = 1;
    let mut best = f64::INFINITY;
    let mut batches = 0;
    while batches < BATCHES {
        let started = host.now();
        token_after(runtime, step, &[], times).await?;
        let taken = host.now() - started;
        let steps = if tokens == 1 { STEPS } else { PROMPTS };
        let is_short = taken < BATCH_MS / 2.0 || (times < steps && taken * 2.0 < SLOW_MS);
        if is_short && times < 1 << 10 {
            times *= 2;
            continue;
        }
        best = best.min(taken / f64::from(times));
        batches += 1;
        if taken > SLOW_MS {
            break;
        }
    }
    host.pause().await;
    Ok(Measured { ms: best, token })
}

/// Runs a step so many times, each after the last, and waits for the token of the last.
async fn token_after(
    runtime: &mut Runtime,
    step: Step,
    inputs: &[(&str, &[u32])],
    times: u32,
) -> Result<u32, EngineError> {
    for _ in 0..times {
        runtime.run(step, inputs).await?;
    }
    let bytes = runtime.token().await?;
    Ok(bytes.as_chunks().0.first().map_or(0, |&word| u32::from_le_bytes(word)))
}
