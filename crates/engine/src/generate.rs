//! Generation: a prompt is read, then an answer is written token by token.

use models::{Head, Task};

use crate::answer::{Answer, check_depth};
use crate::constraint::{Allowed, Constraint};
use crate::draw::Draw;
use crate::lookup::Lookup;
use crate::writer::Writer;
use crate::{Engine, EngineError, Finish, FinishReason, GenerateOptions, Prompt, Sink};

impl Engine {
    /// Continues a prompt. Keys and values of a prefix that the last call left in the cache are used again.
    pub async fn generate(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        sink: Sink<'_>,
    ) -> Result<Finish, EngineError> {
        self.require(&Task::Generate, "generate")?;
        match &options.constraint {
            None => self.write(prompt, options, None, sink).await,
            Some(grammar) => {
                let mut state = self.grammar(grammar)?;
                self.write(prompt, options, Some(&mut state), sink).await
            }
        }
    }

    /// The same within a constraint of the caller's own, in the place of that of the options.
    pub async fn generate_within(
        &mut self,
        constraint: &mut dyn Constraint,
        prompt: &Prompt,
        options: &GenerateOptions,
        sink: Sink<'_>,
    ) -> Result<Finish, EngineError> {
        self.require(&Task::Generate, "generate")?;
        self.write(prompt, options, Some(constraint), sink).await
    }

    async fn write(
        &mut self,
        prompt: &Prompt,
        options: &GenerateOptions,
        constraint: Option<&mut dyn Constraint>,
        mut sink: Sink<'_>,
    ) -> Result<Finish, EngineError> {
        self.pace.priority = options.priority;
        let ids = self.prompt_ids(prompt)?;
        let draw = Draw::new(options, ids.len(), constraint.is_some(), self.host.now())?;
        check_depth(options)?;
        let started = self.host.now();
        let shared = self.reuse(&ids);
        let mut finish = Finish {
            reason: FinishReason::Length,
            prompt_tokens: ids.len(),
            cached_tokens: shared,
            tokens: 0,
            proposed_tokens: 0,
            accepted_tokens: 0,
            prefill_ms: 0.0,
            decode_ms: 0.0,
        };
        let limit = options.max_tokens.unwrap_or(usize::MAX);
        if limit == 0 {
            return Ok(finish);
        }
        let allowed = match constraint {
            None => None,
            Some(constraint) => match self.begin(constraint, options)? {
                None => return Ok(Finish { reason: FinishReason::Stop, ..finish }),
                allowed => allowed,
            },
        };
        if draw.penalizes() {
            self.runtime.remember(&ids, self.info.context)?;
        }
        let words = draw.words(0);
        let [params, penalties] = words.named();
        let inputs = [params, penalties, ("mask", allowed.as_ref().map_or(&[][..], Allowed::words))];
        match self.prefill(&ids, draw.head, &inputs, &mut sink).await {
            Err(EngineError::Cancelled) => {
                finish.reason = FinishReason::Cancelled;
                finish.prefill_ms = self.host.now() - started;
                return Ok(finish);
            }
            other => other.map(drop)?,
        }
        let looks_up = draw.head == Head::Greedy && options.prompt_lookup.unwrap_or(self.is_cpu());
        let lookup = looks_up.then(|| Lookup::new(&ids));
        let room = limit.min(self.info.context);
        let mut answer = Answer::new(draw, allowed, [ids.len(), limit, room], lookup, self.runtime.token());
        let mut writer = Writer::new(self, options, answer.allowed.is_some());
        finish.reason = loop {
            self.queue(&mut answer, options.run_ahead).await?;
            let Some(token) = answer.next().await? else {
                let last = answer.last().first().copied().unwrap_or(0);
                break writer.finish(self, last, &mut sink, FinishReason::Length)?;
            };
            answer.started.get_or_insert_with(|| self.host.now());
            if self.prompts.ends(token) && !options.ignore_eos {
                break writer.finish(self, token, &mut sink, FinishReason::Stop)?;
            }
            answer.push(token);
            match writer.push(self, token, &mut sink)? {
                Some(FinishReason::Stop) => break writer.finish(self, token, &mut sink, FinishReason::Stop)?,
                Some(reason) => break reason,
                None => {}
            }
            if let Some(allowed) = answer.allowed.as_mut().filter(|_| answer.ids.len() < limit)
                && !self.advance(allowed, token, options)?
            {
                break writer.finish(self, token, &mut sink, FinishReason::Stop)?;
            }
            if self.pace.is_background() && answer.ids.len().is_multiple_of(answer.tokens_a_frame(self.host.now())) {
                self.host.frame().await;
            } else {
                self.host.pause().await;
            }
        };
        let ended = self.host.now();
        let decoding = answer.started.unwrap_or(ended);
        finish.tokens = answer.ids.len();
        if let Some(lookup) = answer.lookup {
            (finish.proposed_tokens, finish.accepted_tokens) = (lookup.guessed, lookup.right);
        }
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
}
