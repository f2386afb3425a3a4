//! What the engine needs from where it runs, and what it tells it.

use std::{future::Future, ops::ControlFlow, pin::Pin};

use crate::EngineError;

/// The clock and the event loop of whoever runs the engine.
pub trait Host {
    /// Milliseconds since some moment that stays the same.
    fn now(&self) -> f64;

    /// Milliseconds since 1970, for chat templates that tell the model the date.
    fn unix_ms(&self) -> f64;

    /// Lets other events in before it resolves: a macrotask in a browser, nothing natively.
    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + '_>>;

    /// The same for as long as a frame takes, so that a page that shares the GPU draws one.
    fn frame(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        self.pause()
    }
}

/// Something that happened during a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// Bytes of weights given to the backend so far, and in all.
    Load {
        /// So far.
        loaded: u64,
        /// In all.
        total: u64,
    },
    /// Tokens of the prompt processed so far, and in all. Cached ones count as processed.
    Prefill {
        /// So far.
        done: usize,
        /// In all.
        total: usize,
    },
    /// The next piece of text, and the token that completed it.
    Text {
        /// Whole characters, never empty.
        text: &'a str,
        /// The token.
        token: u32,
    },
    /// Texts embedded or classified, or endings scored, so far, and in all.
    Embedded {
        /// So far.
        done: usize,
        /// In all.
        total: usize,
    },
}

/// Where events go. `Break` ends the call: a generation finishes as cancelled, anything else is [`EngineError::Cancelled`].
pub type Sink<'a> = &'a mut dyn FnMut(Event<'_>) -> ControlFlow<()>;

/// Tells the sink; an error if it wants no more.
pub(crate) fn tell(sink: &mut Sink<'_>, event: Event<'_>) -> Result<(), EngineError> {
    match sink(event) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(EngineError::Cancelled),
    }
}
