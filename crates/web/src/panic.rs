//! A panic inside a future of wasm reaches no promise: without a report, its caller would wait for ever.

use std::cell::RefCell;

use js_sys::Function;
use wasm_bindgen::JsValue;

thread_local! {
    static CALLBACK: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Has panics printed to the console, and told to `callback` where there is one.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let message = JsValue::from_str(&info.to_string());
        web_sys::console::error_1(&message);
        if let Some(callback) = CALLBACK.with(|callback| callback.try_borrow().ok()?.clone()) {
            // The instance is lost already; whatever the callback throws changes nothing.
            let _ = callback.call1(&JsValue::NULL, &message);
        }
    }));
}

/// Sets who is told.
pub(crate) fn tell(callback: Function) {
    CALLBACK.with(|slot| *slot.borrow_mut() = Some(callback));
}
