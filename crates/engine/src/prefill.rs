//! Prompts into the cache, in steps of so many tokens as there are plans for.

use graph::PADDING;
use models::{Head, Step};

use crate::host::tell;
use crate::{Engine, EngineError, Event, Sink};

/// Sizes of a prefill step in tokens; a plan each. Rows that are padding are computed all the same, so neighbours are not
/// far apart. On the CPU a step of 256 would keep an abort waiting too long.
const GPU_BUCKETS: &[usize] = &[4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256];
const CPU_BUCKETS: &[usize] = &[4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64];

impl Engine {
    /// Refuses ids that the model has no rows for: a caller's own, or those of another model's tokenizer.
    pub(crate) fn check_rows(&self, ids: &[u32]) -> Result<(), EngineError> {
        match ids.iter().find(|&&id| id as usize >= self.info.vocabulary) {
            Some(id) => Err(EngineError::BadInput(format!("token {id} of a vocabulary of {}", self.info.vocabulary))),
            None => Ok(()),
        }
    }

    /// Refuses ids that the model cannot take.
    pub(crate) fn check_ids(&self, ids: &[u32]) -> Result<(), EngineError> {
        if ids.is_empty() {
            return Err(EngineError::BadInput("a prompt without tokens".into()));
        }
        self.check_rows(ids)?;
        if ids.len() > self.info.context {
            return Err(EngineError::ContextOverflow { limit: self.info.context, requested: ids.len() });
        }
        Ok(())
    }

    /// Keeps what the cache shares with `ids`, at most all but the last, which has to run; returns how many that are.
    pub(crate) fn reuse(&mut self, ids: &[u32]) -> usize {
        let shared = common(&self.cached, ids).min(ids.len() - 1);
        self.cached.truncate(shared);
        shared
    }

    /// Runs what the cache lacks of `ids`, which is something. The last step, which it returns, has `head` after the last id.
    pub(crate) async fn prefill(
        &mut self,
        ids: &[u32],
        head: Head,
        more: &[(&str, &[u32])],
        sink: &mut Sink<'_>,
    ) -> Result<Step, EngineError> {
        loop {
            let rest = &ids[self.cached.len()..];
            let size = self.bucket(rest.len());
            let chunk = &rest[..rest.len().min(size)];
            let is_last = chunk.len() == rest.len();
            let head = if is_last { head } else { Head::Append };
            let step = Step { tokens: size, rows: 1, capacity: self.info.context, head };
            let last_row = [chunk.len() as u32 - 1];
            self.runtime.prepare(step).await?; // is no part of what a token costs
            let started = self.host.now();
            let more = [&[("rows", last_row.as_slice())], more].concat();
            self.feed(step, chunk, &more).await?;
            if !is_last && self.is_paced() {
                self.runtime.settle(&step).await?;
                self.pace.learn(size, self.host.now() - started);
            }
            tell(sink, Event::Prefill { done: self.cached.len(), total: ids.len() })?;
            self.breathe().await;
            if is_last {
                return Ok(step);
            }
        }
    }

    /// Runs one step over `chunk`, which follows what is cached, and counts it as cached.
    pub(crate) async fn feed(&mut self, step: Step, chunk: &[u32], more: &[(&str, &[u32])]) -> Result<(), EngineError> {
        let start = self.cached.len() as u32;
        let mut ids = chunk.to_vec();
        ids.resize(step.tokens, 0);
        let mut positions: Vec<u32> = (start..).take(chunk.len()).collect();
        positions.resize(step.tokens, PADDING);
        let mut inputs: Vec<(&str, &[u32])> = vec![("ids", &ids), ("positions", &positions)];
        inputs.extend(more);
        self.runtime.run(step, &inputs).await?;
        self.cached.extend(chunk);
        Ok(())
    }

    /// The size of the next prefill step when `rest` tokens are left.
    pub(crate) fn bucket(&self, rest: usize) -> usize {
        if rest == 1 {
            return 1;
        }
        let buckets = if self.is_cpu() { CPU_BUCKETS } else { GPU_BUCKETS };
        let most = if self.is_paced() { self.pace.tokens() } else { usize::MAX };
        if most < buckets[0] && self.pace.is_background() {
            return 1;
        }
        let allowed = buckets.iter().rposition(|&bucket| bucket <= most).unwrap_or(0);
        let allowed = &buckets[..=allowed];
        allowed.iter().copied().find(|&bucket| bucket >= rest).unwrap_or(allowed[allowed.len() - 1])
    }

    /// Whether steps are sized by what they cost. On the CPU an abort waits for them, and their own sizes see to that.
    pub(crate) fn is_paced(&self) -> bool {
        !self.is_cpu() || self.pace.is_background()
    }

    /// Lets other events in, and in the background a frame.
    pub(crate) async fn breathe(&self) {
        if self.pace.is_background() {
            self.host.frame().await;
        } else {
            self.host.pause().await;
        }
    }

    /// Whether steps are computed where they are called for.
    pub(crate) fn is_cpu(&self) -> bool {
        self.info.device == "wasm"
    }
}

/// How many ids at the start two texts share.
pub(crate) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
