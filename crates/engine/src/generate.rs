//! Generation: a run and a 4-byte read a token. A step reads its id where the step before left it, so on a GPU the steps of
//! the next tokens are queued before a token is known. What turns out to lie behind the end of the answer is forgotten: its
//! rows of the cache are not counted as cached, and are written anew before anything attends to them.

use std::collections::VecDeque;

use graph::Task as Pending;
use models::{Step, Task};

use crate::draw::Draw;
use crate::pace;
use crate::writer::Writer;
use crate::{Engine, EngineError, Finish, FinishReason, GenerateOptions, Prompt, Sink};

/// Most tokens that a caller may have queued.
const MAX_AHEAD: usize = 8;

/// An answer as it is written.
struct Answer {
    draw: Draw,
    /// Tokens of the prompt.
    prompt: usize,
    /// Tokens at most.
    limit: usize,
    /// What is known of it.
    ids: Vec<u32>,
    /// The bytes of what is on its way, oldest first.
    ahead: VecDeque<Pending<'static, Vec<u8>>>,
    /// When its first token was known.
    started: Option<f64>,
}

impl Answer {
    /// Tokens whose steps are queued.
    fn asked(&self) -> usize {
        self.ids.len() + self.ahead.len()
    }

    /// Milliseconds that a token takes.
    fn pace(&self, now: f64) -> f64 {
        self.started.map_or(0.0, |started| (now - started) / self.ids.len() as f64)
    }
}

impl Engine {
    /// Continues a prompt. Keys and values of a prefix that the last call left in the cache are used again.
    pub async fn generate(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        mut sink: Sink<'_>,
    ) -> Result<Finish, EngineError> {
        self.require(&Task::Generate, "generate")?;
        let ids = self.prompt_ids(prompt)?;
        let draw = Draw::new(options, ids.len(), self.host.now())?;
        if options.run_ahead.is_some_and(|depth| !(1..=MAX_AHEAD).contains(&depth)) {
            return Err(EngineError::BadInput(format!("runAhead is {}", options.run_ahead.unwrap_or(0))));
        }
        let started = self.host.now();
        let shared = self.reuse(&ids);
        let mut finish = Finish {
            reason: FinishReason::Length,
            prompt_tokens: ids.len(),
            cached_tokens: shared,
            tokens: 0,
            prefill_ms: 0.0,
            decode_ms: 0.0,
        };
        let limit = options.max_tokens.unwrap_or(usize::MAX);
        if limit == 0 {
            return Ok(finish);
        }
        if draw.penalizes() {
            self.runtime.remember(&ids, self.info.context)?;
        }
        match self.prefill(&ids, draw.head, &draw.words(0).named(), &mut sink).await {
            Err(EngineError::Cancelled) => {
                finish.reason = FinishReason::Cancelled;
                finish.prefill_ms = self.host.now() - started;
                return Ok(finish);
            }
            other => other.map(drop)?,
        }
        let ahead = VecDeque::from([self.runtime.token()]);
        let room = Vec::with_capacity(limit.min(self.info.context));
        let mut answer = Answer { draw, prompt: ids.len(), limit, ids: room, ahead, started: None };
        let mut writer = Writer::new(self, options);
        finish.reason = loop {
            self.queue(&mut answer, options.run_ahead).await?;
            let Some(next) = answer.ahead.pop_front() else {
                let last = answer.ids.last().copied().unwrap_or(0);
                break writer.finish(self, last, &mut sink, FinishReason::Length)?;
            };
            let token: u32 = bytemuck::pod_read_unaligned(&next.await?);
            answer.started.get_or_insert_with(|| self.host.now());
            if self.prompts.ends(token) && !options.ignore_eos {
                break writer.finish(self, token, &mut sink, FinishReason::Stop)?;
            }
            answer.ids.push(token);
            match writer.push(self, token, &mut sink)? {
                Some(FinishReason::Stop) => break writer.finish(self, token, &mut sink, FinishReason::Stop)?,
                Some(reason) => break reason,
                None => {}
            }
            self.host.pause().await;
        };
        let ended = self.host.now();
        let decoding = answer.started.unwrap_or(ended);
        finish.tokens = answer.ids.len();
        finish.prefill_ms = decoding - started;
        finish.decode_ms = ended - decoding;
        Ok(finish)
    }

    /// The number of tokens of a prompt, as `generate` would see it.
    pub fn count_tokens(&self, prompt: &Prompt) -> Result<usize, EngineError> {
        Ok(self.prompts.ids(prompt, "")?.len())
    }

    /// Ids of a prompt that fits.
    fn prompt_ids(&self, prompt: &Prompt) -> Result<Vec<u32>, EngineError> {
        let ids = self.prompts.ids(prompt, "")?;
        self.check_ids(&ids)?;
        Ok(ids)
    }

    /// Queues the steps of the next tokens, as many as may be on their way at once, and counts as cached what is known of
    /// those that steps have read.
    async fn queue(&mut self, answer: &mut Answer, run_ahead: Option<usize>) -> Result<(), EngineError> {
        let depth = match run_ahead {
            Some(depth) => depth,
            None if self.is_cpu() => 1,
            None => pace::ahead(answer.pace(self.host.now())),
        };
        while answer.ahead.len() < depth && answer.asked() < answer.limit {
            // Of the token before the one that it gives.
            let position = answer.prompt + answer.asked() - 1;
            if position >= self.info.context {
                break;
            }
            let step = Step { tokens: 1, rows: 1, capacity: self.info.context, head: answer.draw.head };
            let words = answer.draw.words(answer.asked());
            let [params, penalties] = words.named();
            self.runtime.run(step, &[("positions", &[position as u32]), params, penalties]).await?;
            answer.ahead.push_back(self.runtime.token());
        }
        let read = answer.ids.len().min(answer.asked() - 1);
        self.cached.extend(&answer.ids[self.cached.len() - answer.prompt..read]);
        Ok(())
    }
}
