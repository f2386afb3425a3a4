//! Generation: one run and one 4-byte read a token.

use models::{Step, Task};

use crate::draw::Draw;
use crate::writer::Writer;
use crate::{Engine, EngineError, Finish, FinishReason, GenerateOptions, Prompt, Sink};

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
        let mut token = self.runtime.token().await?;
        let decoding = self.host.now();
        finish.prefill_ms = decoding - started;
        let mut writer = Writer::new(self, options);
        finish.reason = loop {
            if self.prompts.ends(token) && !options.ignore_eos {
                break writer.finish(self, token, &mut sink, FinishReason::Stop)?;
            }
            finish.tokens += 1;
            match writer.push(self, token, &mut sink)? {
                Some(FinishReason::Stop) => break writer.finish(self, token, &mut sink, FinishReason::Stop)?,
                Some(reason) => break reason,
                None => {}
            }
            if finish.tokens >= limit || self.cached.len() >= self.info.context {
                break writer.finish(self, token, &mut sink, FinishReason::Length)?;
            }
            self.host.pause().await;
            self.step(token, &draw, finish.tokens).await?;
            token = self.runtime.token().await?;
        };
        finish.decode_ms = self.host.now() - decoding;
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

    /// Token number `index` of the answer. The id of the one before is on the device already, where its step left it.
    async fn step(&mut self, token: u32, draw: &Draw, index: usize) -> Result<(), EngineError> {
        let step = Step { tokens: 1, rows: 1, capacity: self.info.context, head: draw.head };
        let position = [self.cached.len() as u32];
        let words = draw.words(index);
        let [params, penalties] = words.named();
        self.runtime.run(step, &[("positions", &position), params, penalties]).await?;
        self.cached.push(token);
        Ok(())
    }
}
