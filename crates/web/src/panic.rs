//! A panic inside a future of wasm reaches no promise: without a report, its caller would wait for ever.

use std::cell::RefCell;

use js_sys::Function;
use wasm_bindgen::JsValue;

thread_local! {
    static CALLBACK: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Has panics printed to the console and told to whoever asked.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let message = info.to_string();
        web_sys::console::error_1(&JsValue::from_str(&message));
        let callback = CALLBACK.with(|callback| callback.try_borrow().ok().and_then(|callback| callback.clone()));
        if let Some(callback) = callback {
            // The instance is lost already; whatever the callback throws changes nothing.
            let _ = callback.call1(&JsValue::NULL, &JsValue::from_str(&message));
        }
    }));
}

/// Sets who is told.
pub(crate) fn tell(callback: Function) {
    CALLBACK.with(|slot| *slot.borrow_mut() = Some(callback));
}
