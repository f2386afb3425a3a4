//! The tokens of an answer: a run and a 4-byte read each. A step reads its id where the step before left it, so on a GPU the
//! steps of the next tokens are queued before a token is known. What turns out to lie behind the end of the answer is
//! forgotten: its rows of the cache are not counted as cached, and are written anew before anything attends to them.

use std::collections::VecDeque;

use graph::{BackendError, Task as Pending};
use models::{Head, Step};

use crate::constraint::Allowed;
use crate::draw::Draw;
use crate::lookup::{GUESSES, Lookup};
use crate::pace::Pace;
use crate::{Engine, EngineError, GenerateOptions, pace};

/// Most tokens that a caller may have queued.
const MAX_AHEAD: usize = 8;

/// Refuses to queue nothing, or more than anybody needs.
pub(crate) fn check_depth(options: &GenerateOptions) -> Result<(), EngineError> {
    match options.run_ahead {
        Some(depth) if !(1..=MAX_AHEAD).contains(&depth) => Err(EngineError::BadInput(format!("runAhead is {depth}"))),
        _ => Ok(()),
    }
}

/// An answer as it is written.
pub(crate) struct Answer<'a> {
    draw: Draw,
    /// What may come next, if not everything may.
    pub(crate) allowed: Option<Allowed<'a>>,
    /// Tokens of the prompt.
    prompt: usize,
    /// Tokens at most.
    limit: usize,
    /// What was told of it.
    pub(crate) ids: Vec<u32>,
    /// What is known and not yet told.
    known: VecDeque<u32>,
    pub(crate) lookup: Option<Lookup>,
    /// The bytes of what is on its way, oldest first.
    ahead: VecDeque<Pending<'static, Vec<u8>>>,
    /// When its first token was known.
    pub(crate) started: Option<f64>,
}

impl<'a> Answer<'a> {
    /// After a prompt of so many tokens, with a limit and room for so many; the first token is on its way.
    pub(crate) fn new(
        draw: Draw,
        allowed: Option<Allowed<'a>>,
        [prompt, limit, room]: [usize; 3],
        lookup: Option<Lookup>,
        first: Pending<'static, Vec<u8>>,
    ) -> Answer<'a> {
        let (ids, known, ahead) = (Vec::with_capacity(room), VecDeque::new(), VecDeque::from([first]));
        Answer { draw, allowed, prompt, limit, ids, known, lookup, ahead, started: None }
    }

    /// Tokens whose steps are queued.
    fn asked(&self) -> usize {
        self.ids.len() + self.known.len() + self.ahead.len()
    }

    /// The next token; `None` if its step was not queued.
    pub(crate) async fn next(&mut self) -> Result<Option<u32>, BackendError> {
        if let Some(known) = self.known.pop_front() {
            return Ok(Some(known));
        }
        let Some(next) = self.ahead.pop_front() else { return Ok(None) };
        Ok(Some(bytemuck::pod_read_unaligned(&next.await?)))
    }

    /// The last token that was told.
    pub(crate) fn last(&self) -> &[u32] {
        &self.ids[self.ids.len().saturating_sub(1)..]
    }

    pub(crate) fn push(&mut self, id: u32) {
        self.ids.push(id);
        if let Some(lookup) = &mut self.lookup {
            lookup.push(id);
        }
    }

    /// Tokens between two frames in the background.
    pub(crate) fn tokens_a_frame(&self, now: f64) -> usize {
        Pace::tokens_a_frame(self.pace(now))
    }

    /// Milliseconds that a token takes.
    fn pace(&self, now: f64) -> f64 {
        self.started.map_or(0.0, |started| (now - started) / self.ids.len() as f64)
    }
}

impl Engine {
    /// Queues the steps of the next tokens, as many as may be on their way at once, and counts as cached what was told of
    /// those that steps have read. A guess is checked when nothing is on its way.
    pub(crate) async fn queue(&mut self, answer: &mut Answer<'_>, run_ahead: Option<usize>) -> Result<(), EngineError> {
        let is_known = !answer.known.is_empty();
        match answer.lookup.as_ref().filter(|_| !is_known).and_then(Lookup::guess) {
            _ if is_known => {}
            Some(guess) if answer.ahead.is_empty() && self.room(answer) > 0 => {
                let most = guess.len().min(self.room(answer));
                self.check(answer, &guess[..most]).await?;
            }
            Some(_) if !answer.ahead.is_empty() => {}
            _ => self.queue_steps(answer, run_ahead).await?,
        }
        let read = answer.ids.len().min(answer.asked() - 1);
        self.cached.extend(&answer.ids[self.cached.len() - answer.prompt..read]);
        Ok(())
    }

    async fn queue_steps(&mut self, answer: &mut Answer<'_>, run_ahead: Option<usize>) -> Result<(), EngineError> {
        let depth = match run_ahead {
            // What may come depends on what came.
            _ if answer.allowed.is_some() => 1,
            Some(depth) => depth,
            None if self.is_cpu() || self.pace.is_background() => 1,
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
            let position = [position as u32];
            let mask = ("mask", answer.allowed.as_ref().map_or(&[][..], Allowed::words));
            let inputs = [("positions", position.as_slice()), params, penalties, mask, ("ids", answer.last())];
            // Where a step is on its way, the id is on the device alone.
            let inputs = if answer.ahead.is_empty() { &inputs } else { &inputs[..4] };
            self.runtime.run(step, inputs).await?;
            answer.ahead.push_back(self.runtime.token());
        }
        Ok(())
    }

    /// Guesses that fit the context and the answer, if a token comes after them.
    fn room(&self, answer: &Answer<'_>) -> usize {
        let ids = answer.ids.len();
        (self.info.context - answer.prompt).min(answer.limit - 1).saturating_sub(ids)
    }

    /// One step over the last token and guesses of what follows: its rows tell what does.
    async fn check(&mut self, answer: &mut Answer<'_>, guesses: &[u32]) -> Result<(), EngineError> {
        let rows = GUESSES + 1;
        let step = Step { tokens: rows, rows, capacity: self.info.context, head: Head::Greedy };
        let cached = self.cached.len();
        self.feed(step, &[answer.last(), guesses].concat(), &[]).await?;
        self.cached.truncate(cached);
        let found = self.runtime.tokens(&step, guesses.len() + 1).await?;
        let right = guesses.iter().zip(&found).take_while(|(guess, found)| guess == found).count();
        answer.known.extend(&found[..=right]);
        if let Some(lookup) = &mut answer.lookup {
            lookup.learn(right, guesses.len());
        }
        Ok(())
    }
}
