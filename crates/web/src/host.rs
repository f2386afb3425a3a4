//! The clock and the event loop of a page, a worker or Node.js.

use std::{future::Future, pin::Pin};

use js_sys::{Function, Promise, Reflect, futures::JsFuture};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageChannel, Performance};

/// The globals that every such place has.
pub(crate) struct BrowserHost(Performance);

impl BrowserHost {
    pub(crate) fn new() -> Result<BrowserHost, JsValue> {
        Ok(BrowserHost(Reflect::get(&js_sys::global(), &"performance".into())?.unchecked_into()))
    }
}

impl engine::Host for BrowserHost {
    fn now(&self) -> f64 {
        self.0.now()
    }

    fn unix_ms(&self) -> f64 {
        js_sys::Date::now()
    }

    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        // A failure means that there is no event loop to let in.
        Box::pin(async { macrotask().await.unwrap_or(()) })
    }

    fn frame(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        // The same.
        Box::pin(async { timer().await.unwrap_or(()) })
    }
}

/// Milliseconds of a frame at 60 a second, rounded up.
const FRAME_MS: f64 = 17.0;

/// A timer: `requestAnimationFrame` is not in every worker, and never calls back in a page that is hidden.
async fn timer() -> Result<(), JsValue> {
    let global = js_sys::global();
    let set_timeout: Function = Reflect::get(&global, &"setTimeout".into())?.unchecked_into();
    let turn = Promise::new(&mut |resolve, reject| {
        if let Err(error) = set_timeout.call2(&global, &resolve, &FRAME_MS.into()) {
            // Rejecting cannot fail.
            let _ = reject.call1(&JsValue::NULL, &error);
        }
    });
    JsFuture::from(turn).await.map(drop)
}

/// A message to oneself: a macrotask without the 4 ms that nested timers wait. An abort posted before is seen first.
async fn macrotask() -> Result<(), JsValue> {
    let channel = MessageChannel::new()?;
    let here = channel.port1();
    let turn = Promise::new(&mut |resolve, _reject| here.set_onmessage(Some(&resolve)));
    channel.port2().post_message(&JsValue::NULL)?;
    JsFuture::from(turn).await?;
    here.close(); // an open port keeps Node.js alive
    Ok(())
}
