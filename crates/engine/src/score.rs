//! Log-probabilities: how well the model foresees a text, and what it expects next.

use models::{Head, Step, Task};

use crate::host::tell;
use crate::{Engine, EngineError, Event, Sink};

/// Bytes of logits that come back at a time.
const LOGITS: usize = 16 << 20;

impl Engine {
    /// Negative log-likelihood, in nats, of every token but the first given those before it: `tokens.len() - 1` numbers.
    /// The mean of them, exponentiated, is the perplexity.
    pub async fn score(&mut self, tokens: &[u32], mut sink: Sink<'_>) -> Result<Vec<f32>, EngineError> {
        self.require(&Task::Generate, "score")?;
        self.check_ids(tokens)?;
        self.cached.clear();
        let vocabulary = self.info.vocabulary;
        let size = (LOGITS / 4 / vocabulary).next_power_of_two().clamp(1, 64);
        let step = Step { tokens: size, rows: size, capacity: self.info.context, head: Head::Logits };
        let mut scores = Vec::with_capacity(tokens.len());
        for chunk in tokens.chunks(size) {
            self.feed(step, chunk, &[]).await?;
            let logits = self.runtime.output(&step, "logits", chunk.len() * vocabulary).await?;
            for row in logits.chunks_exact(vocabulary) {
                let Some(&next) = tokens.get(scores.len() + 1) else { break };
                scores.push((log_sum_exp(row) - f64::from(row[next as usize])) as f32);
            }
            tell(&mut sink, Event::Prefill { done: self.cached.len(), total: tokens.len() })?;
            self.host.pause().await;
        }
        Ok(scores)
    }

    /// Log-probability of every token of the vocabulary after `tokens`.
    pub async fn next_log_probabilities(&mut self, tokens: &[u32]) -> Result<Vec<f32>, EngineError> {
        self.require(&Task::Generate, "next_log_probabilities")?;
        self.check_ids(tokens)?;
        self.reuse(tokens);
        let capacity = self.info.context;
        let (body, last) = tokens.split_at(tokens.len() - 1);
        while self.cached.len() < body.len() {
            let rest = &body[self.cached.len()..];
            let size = self.bucket(rest.len());
            let chunk = &rest[..rest.len().min(size)];
            self.feed(Step { tokens: size, rows: 1, capacity, head: Head::Append }, chunk, &[]).await?;
            self.host.pause().await;
        }
        let step = Step { tokens: 1, rows: 1, capacity, head: Head::Logits };
        self.feed(step, last, &[]).await?;
        let mut logits = self.runtime.output(&step, "logits", self.info.vocabulary).await?;
        let total = log_sum_exp(&logits);
        logits.iter_mut().for_each(|logit| *logit = (f64::from(*logit) - total) as f32);
        Ok(logits)
    }
}

/// `ln Σ exp(row)`
fn log_sum_exp(row: &[f32]) -> f64 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&x| f64::from((x - largest).exp())).sum();
    f64::from(largest) + sum.ln()
}
