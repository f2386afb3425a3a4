//! Log-probabilities: how well the model foresees a text, which ending it finds likely, and what it expects next.

use std::ops::ControlFlow;

use models::{Head, Step, Task};

use crate::host::tell;
use crate::prefill::common;
use crate::{CallOptions, Continuation, Engine, EngineError, Event, Prompt, Sink};

/// Bytes of logits that come back at a time.
const LOGITS: usize = 16 << 20;

impl Engine {
    /// Negative log-likelihood, in nats, of every token but the first given those before it: `tokens.len() - 1` numbers.
    /// The mean of them, exponentiated, is the perplexity.
    pub async fn score(&mut self, tokens: &[u32], mut sink: Sink<'_>) -> Result<Vec<f32>, EngineError> {
        self.require(&Task::Generate, "score")?;
        self.check_ids(tokens)?;
        self.cached.clear();
        self.surprise(tokens, &mut sink).await
    }

    /// How likely each ending is after a prompt. Prompt and ending become tokens together, as one text, and an ending
    /// begins where all these texts and the prompt's own tokens part. Each is scored on the keys and values of the prompt,
    /// of which the cache keeps what the last call left there.
    ///
    /// An ending that adds no token is [`EngineError::BadInput`], one that ends beyond the context
    /// [`EngineError::ContextOverflow`].
    pub async fn continuations(
        &mut self,
        prompt: &Prompt,
        endings: &[String],
        options: &CallOptions,
        mut sink: Sink<'_>,
    ) -> Result<Vec<Continuation>, EngineError> {
        self.require(&Task::Generate, "continuations")?;
        self.pace.priority = options.priority;
        let mut shared = self.prompts.ids(prompt, "")?;
        self.check_ids(&shared)?;
        let mut texts = Vec::with_capacity(endings.len());
        for ending in endings {
            let ids = self.prompts.ids(prompt, ending)?;
            self.check_ids(&ids)?;
            shared.truncate(common(&shared, &ids));
            texts.push(ids);
        }
        if let Some(empty) = texts.iter().position(|ids| ids.len() == shared.len()) {
            return Err(EngineError::BadInput(format!("ending {empty} adds no token to the prompt")));
        }
        if shared.is_empty() {
            return Err(EngineError::BadInput("a prompt that shares no token with what it becomes".into()));
        }
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let next = self.after(&shared, &mut sink).await?;
        let mut found = Vec::with_capacity(texts.len());
        for ids in &texts {
            let ending = &ids[shared.len()..];
            self.cached.truncate(shared.len());
            let rest: f32 = self.surprise(ending, &mut sink).await?.iter().sum();
            found.push(Continuation { log_probability: next[ending[0] as usize] - rest, tokens: ending.len() });
            tell(&mut sink, Event::Embedded { done: found.len(), total: texts.len() })?;
            self.breathe().await;
        }
        Ok(found)
    }

    /// Log-probability of every token of the vocabulary after `tokens`.
    pub async fn next_log_probabilities(&mut self, tokens: &[u32]) -> Result<Vec<f32>, EngineError> {
        self.require(&Task::Generate, "next_log_probabilities")?;
        self.check_ids(tokens)?;
        let mut all = |_: Event<'_>| ControlFlow::Continue(());
        let mut sink: Sink<'_> = &mut all;
        self.after(tokens, &mut sink).await
    }

    /// Log-probability of every token after `tokens`, which fit.
    async fn after(&mut self, tokens: &[u32], sink: &mut Sink<'_>) -> Result<Vec<f32>, EngineError> {
        self.reuse(tokens);
        let step = self.prefill(tokens, Head::Logits, &[], sink).await?;
        let mut logits = self.runtime.output(&step, "logits", self.info.vocabulary).await?;
        let total = log_sum_exp(&logits);
        logits.iter_mut().for_each(|logit| *logit = (f64::from(*logit) - total) as f32);
        Ok(logits)
    }

    /// Negative log-likelihood of every token but the first, given what is cached and those before it.
    async fn surprise(&mut self, tokens: &[u32], sink: &mut Sink<'_>) -> Result<Vec<f32>, EngineError> {
        let vocabulary = self.info.vocabulary;
        let most = (LOGITS / 4 / vocabulary).next_power_of_two().clamp(1, 64);
        let given = &tokens[..tokens.len() - 1];
        let mut scores = Vec::with_capacity(given.len());
        while scores.len() < given.len() {
            let rest = &given[scores.len()..];
            let size = self.bucket(rest.len()).min(most);
            let chunk = &rest[..rest.len().min(size)];
            let step = Step { tokens: size, rows: size, capacity: self.info.context, head: Head::Logits };
            self.feed(step, chunk, &[]).await?;
            let logits = self.runtime.output(&step, "logits", chunk.len() * vocabulary).await?;
            for row in logits.chunks_exact(vocabulary) {
                let next = tokens[scores.len() + 1];
                scores.push((log_sum_exp(row) - f64::from(row[next as usize])) as f32);
            }
            tell(sink, Event::Prefill { done: scores.len(), total: given.len() })?;
            self.breathe().await;
        }
        Ok(scores)
    }
}

/// `ln Σ exp(row)`
fn log_sum_exp(row: &[f32]) -> f64 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&x| f64::from((x - largest).exp())).sum();
    f64::from(largest) + sum.ln()
}
