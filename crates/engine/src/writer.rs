//! Ids to text.

use std::ops::ControlFlow;

use text::StopStrings;

use crate::{Engine, EngineError, Event, FinishReason, GenerateOptions, Sink};

/// Tokens to text, with what might be the start of a stop string held back.
pub(crate) struct Writer {
    decoder: text::Decoder,
    stops: StopStrings,
}

impl Writer {
    pub(crate) fn new(engine: &Engine, options: &GenerateOptions, is_constrained: bool) -> Writer {
        let stop = options.stop.iter().filter(|stop| !stop.is_empty()).cloned().collect();
        Writer { decoder: engine.prompts.decoder(is_constrained), stops: StopStrings::new(stop) }
    }

    /// Takes a token; a reason if the text ends here.
    pub(crate) fn push(
        &mut self,
        engine: &Engine,
        token: u32,
        sink: &mut Sink<'_>,
    ) -> Result<Option<FinishReason>, EngineError> {
        let Some(piece) = engine.prompts.push(&mut self.decoder, token)? else { return Ok(None) };
        let emit = self.stops.push(&piece);
        if !emit.text.is_empty() && sink(Event::Text { text: &emit.text, token }) == ControlFlow::Break(()) {
            return Ok(Some(FinishReason::Cancelled));
        }
        Ok(emit.stopped.then_some(FinishReason::Stop))
    }

    /// Lets out what was held back; the reason, unless the sink breaks.
    pub(crate) fn finish(
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
