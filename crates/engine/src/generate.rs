//! Generation: prefill in buckets of tokens, then one run and one 4-byte read a token.

use std::ops::ControlFlow;

use graph::{PADDING, SampleParams};
use models::{Head, Step, Task};
use text::StopStrings;

use crate::host::tell;
use crate::{Engine, EngineError, Event, Finish, FinishReason, GenerateOptions, Prompt, Sink};

/// Sizes of a prefill step in tokens; a plan each. Rows that are padding are computed all the same, so neighbours are not
/// far apart. On the CPU a step of 256 would keep an abort waiting too long.
const GPU_BUCKETS: &[usize] = &[4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256];
const CPU_BUCKETS: &[usize] = &[4, 8, 16, 24, 32, 48, 64];

/// How tokens are chosen.
struct Draw {
    head: Head,
    params: SampleParams,
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
        let mut draw = Draw::new(options, self.host.now())?;
        let ids = self.prompt_ids(prompt)?;
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
        match self.prefill(&ids, draw.head, &draw.params.to_words(), &mut sink).await {
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
            draw.params.counter += 1;
            self.step(token, &draw).await?;
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
        params: &[u32],
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
            self.feed(step, chunk, &[("rows", &last_row), ("params", params)]).await?;
            if !is_last && !self.is_cpu() {
                self.runtime.settle().await?;
                self.pace.learn(size, self.host.now() - started);
            }
            tell(sink, Event::Prefill { done: self.cached.len(), total: ids.len() })?;
            self.host.pause().await;
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

    /// One token more. Its id is on the device already, where the step before left it.
    async fn step(&mut self, token: u32, draw: &Draw) -> Result<(), EngineError> {
        let step = Step { tokens: 1, rows: 1, capacity: self.info.context, head: draw.head };
        let position = [self.cached.len() as u32];
        self.runtime.run(step, &[("positions", &position), ("params", &draw.params.to_words())]).await?;
        self.cached.push(token);
        Ok(())
    }

    /// The size of the next prefill step when `rest` tokens are left.
    pub(crate) fn bucket(&self, rest: usize) -> usize {
        if rest == 1 {
            return 1;
        }
        let (buckets, most) = match self.is_cpu() {
            true => (CPU_BUCKETS, usize::MAX),
            false => (GPU_BUCKETS, self.pace.tokens()),
        };
        let allowed = buckets.iter().rposition(|&bucket| bucket <= most).unwrap_or(0);
        let allowed = &buckets[..=allowed];
        allowed.iter().copied().find(|&bucket| bucket >= rest).unwrap_or(allowed[allowed.len() - 1])
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

impl Draw {
    fn new(options: &GenerateOptions, now: f64) -> Result<Draw, EngineError> {
        let GenerateOptions { temperature, top_k, top_p, min_p, seed, .. } = *options;
        let bad = |what: &str, value: f32| Err(EngineError::BadInput(format!("{what} is {value}")));
        if !(0.0..=100.0).contains(&temperature) {
            return bad("temperature", temperature);
        }
        if !(0.0..=1.0).contains(&top_p) {
            return bad("topP", top_p);
        }
        if !(0.0..=1.0).contains(&min_p) {
            return bad("minP", min_p);
        }
        let bits = now.to_bits();
        let seed = seed.unwrap_or((bits ^ (bits >> 32)) as u32);
        let head = if temperature == 0.0 || top_k == 1 { Head::Greedy } else { Head::Sample };
        // The greedy head reads no parameters; a temperature of 0 must not reach a division.
        let temperature = if temperature == 0.0 { 1.0 } else { temperature };
        Ok(Draw { head, params: SampleParams { temperature, top_k, top_p, min_p, seed, counter: 0 } })
    }
}

/// Tokens to text, with what might be the start of a stop string held back.
struct Writer {
    decoder: text::Decoder,
    stops: StopStrings,
}

impl Writer {
    fn new(engine: &Engine, options: &GenerateOptions) -> Writer {
        let stop = options.stop.iter().filter(|stop| !stop.is_empty()).cloned().collect();
        Writer { decoder: engine.prompts.decoder(), stops: StopStrings::new(stop) }
    }

    /// Takes a token; a reason if the text ends here.
    fn push(&mut self, engine: &Engine, token: u32, sink: &mut Sink<'_>) -> Result<Option<FinishReason>, EngineError> {
        let Some(piece) = engine.prompts.push(&mut self.decoder, token)? else { return Ok(None) };
        let emit = self.stops.push(&piece);
        if !emit.text.is_empty() && sink(Event::Text { text: &emit.text, token }) == ControlFlow::Break(()) {
            return Ok(Some(FinishReason::Cancelled));
        }
        Ok(emit.stopped.then_some(FinishReason::Stop))
    }

    /// Lets out what was held back; the reason, unless the sink breaks.
    fn finish(
        mut self,
        engine: &Engine,
        token: u32,
        sink: &mut Sink<'_>,
        reason: FinishReason,
    ) -> Result<FinishReason, EngineError> {
        let mut text = String::new();
        if let Some(piece) = engine.prompts.flush(&mut self.decoder)? {
            text = self.stops.push(&piece).text;
        }
        text.push_str(&self.stops.finish());
        if !text.is_empty() && sink(Event::Text { text: &text, token }) == ControlFlow::Break(()) {
            return Ok(FinishReason::Cancelled);
        }
        Ok(reason)
    }
}
