//! Errors as `{ code, message }`: an `Error` object of a wasm module cannot be told apart by class, a code can.

use engine::EngineError;
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

/// What a failed call throws.
pub(crate) fn thrown(error: &EngineError) -> JsValue {
    object(error.code(), &error.to_string())
}

/// An argument of the wrong shape.
pub(crate) fn bad_input(message: &str) -> JsValue {
    object("BAD_INPUT", message)
}

fn object(code: &str, message: &str) -> JsValue {
    let object = Object::new();
    for (key, value) in [("code", code), ("message", message)] {
        // Setting a field of a new plain object cannot fail.
        let _ = Reflect::set(&object, &key.into(), &value.into());
    }
    object.into()
}
