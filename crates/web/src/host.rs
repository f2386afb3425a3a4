//! The clock and the event loop of a page, a worker or Node.js.

use std::{future::Future, pin::Pin};

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, Performance};

/// The globals that every such place has.
pub(crate) struct BrowserHost {
    performance: Performance,
}

impl BrowserHost {
    pub(crate) fn new() -> Result<BrowserHost, JsValue> {
        let performance = Reflect::get(&js_sys::global(), &"performance".into())?;
        Ok(BrowserHost { performance: performance.unchecked_into() })
    }
}

impl engine::Host for BrowserHost {
    fn now(&self) -> f64 {
        self.performance.now()
    }

    /// A message to oneself is a macrotask without the 4 ms that nested timers wait. An abort that was posted before
    /// is seen first.
    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(async {
            // Failures mean that there is no event loop to let in.
            let _ = macrotask().await;
        })
    }
}

async fn macrotask() -> Result<(), JsValue> {
    let channel = MessageChannel::new()?;
    let (here, there) = (channel.port1(), channel.port2());
    let mut posted = Ok(());
    let turn = Promise::new(&mut |resolve: Function, _reject| {
        here.set_onmessage(Some(&resolve));
        posted = there.post_message(&JsValue::NULL);
    });
    posted?;
    JsFuture::from(turn).await?;
    // An open port keeps Node.js alive.
    here.close();
    Ok(())
}
