//! How tokens are chosen: options checked, and the words that steps read them from.

use graph::{Penalties, SampleParams};
use models::Head;

use crate::{EngineError, GenerateOptions};

/// How tokens are chosen.
pub(crate) struct Draw {
    pub(crate) head: Head,
    params: SampleParams,
    penalties: Option<Penalties>,
}

/// What the steps of one token read of it.
pub(crate) struct Words {
    params: [u32; 8],
    penalties: [u32; 8],
}

impl Words {
    /// By the names of inputs.
    pub(crate) fn named(&self) -> [(&'static str, &[u32]); 2] {
        [("params", &self.params), ("penalties", &self.penalties)]
    }
}

impl Draw {
    /// After a prompt of so many tokens. The clock seeds it where no seed is given.
    pub(crate) fn new(
        options: &GenerateOptions,
        prompt: usize,
        is_constrained: bool,
        now: f64,
    ) -> Result<Draw, EngineError> {
        let GenerateOptions { temperature, top_k, top_p, min_p, seed, .. } = *options;
        check("temperature", temperature, (0.0..=100.0).contains(&temperature))?;
        check("topP", top_p, (0.0..=1.0).contains(&top_p))?;
        check("minP", min_p, (0.0..=1.0).contains(&min_p))?;
        let penalties = penalties(options, prompt)?;
        let bits = now.to_bits();
        let seed = seed.unwrap_or((bits ^ (bits >> 32)) as u32);
        let is_greedy = temperature == 0.0 || top_k == 1;
        let head = match (is_greedy, penalties) {
            (_, _) if is_constrained => Head::Masked { draws: !is_greedy, penalizes: penalties.is_some() },
            (true, None) => Head::Greedy,
            (true, Some(_)) => Head::PenalizedGreedy,
            (false, None) => Head::Sample,
            (false, Some(_)) => Head::PenalizedSample,
        };
        // Greedy heads read no parameters; a temperature of 0 must not reach a division.
        let temperature = if temperature == 0.0 { 1.0 } else { temperature };
        let params = SampleParams { temperature, top_k, top_p, min_p, seed, counter: 0 };
        Ok(Draw { head, params, penalties })
    }

    /// Whether it looks back on the ids so far.
    pub(crate) fn penalizes(&self) -> bool {
        self.penalties.is_some()
    }

    /// The words of the step that chooses token number `index` of the answer.
    pub(crate) fn words(&self, index: usize) -> Words {
        let index = index as u32;
        let params = SampleParams { counter: index, ..self.params };
        let penalties = self.penalties.map(|penalties| Penalties { length: penalties.prompt + index, ..penalties });
        Words { params: params.to_words(), penalties: penalties.map_or([0; 8], |penalties| penalties.to_words()) }
    }
}

/// The penalties, if there are any.
fn penalties(options: &GenerateOptions, prompt: usize) -> Result<Option<Penalties>, EngineError> {
    let GenerateOptions { repetition_penalty, repetition_window, frequency_penalty, presence_penalty, .. } = *options;
    check("repetitionPenalty", repetition_penalty, repetition_penalty > 0.0 && repetition_penalty <= 100.0)?;
    check("frequencyPenalty", frequency_penalty, (-2.0..=2.0).contains(&frequency_penalty))?;
    check("presencePenalty", presence_penalty, (-2.0..=2.0).contains(&presence_penalty))?;
    if repetition_penalty == 1.0 && frequency_penalty == 0.0 && presence_penalty == 0.0 {
        return Ok(None);
    }
    let window = if repetition_window == 0 { u32::MAX } else { repetition_window };
    Ok(Some(Penalties {
        repetition: repetition_penalty,
        frequency: frequency_penalty,
        presence: presence_penalty,
        // What changes nothing looks back on nothing.
        window: if repetition_penalty == 1.0 { 0 } else { window },
        prompt: prompt as u32,
        length: prompt as u32,
    }))
}

fn check(what: &str, value: f32, is_valid: bool) -> Result<(), EngineError> {
    if is_valid { Ok(()) } else { Err(EngineError::BadInput(format!("{what} is {value}"))) }
}
