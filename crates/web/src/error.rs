//! Errors as `{ code, message }`: the class of an error is lost on the way to a page, a code is not.

use engine::EngineError;
use wasm_bindgen::JsValue;

/// What a failed call throws.
pub(crate) fn thrown(error: &EngineError) -> JsValue {
    coded(error.code(), &error.to_string())
}

/// An error with a code of pkg's `ErrorCode`.
pub(crate) fn coded(code: &str, message: &str) -> JsValue {
    let object = js_sys::Object::new();
    for (key, value) in [("code", code), ("message", message)] {
        // Setting a field of a new plain object cannot fail.
        let _ = js_sys::Reflect::set(&object, &key.into(), &value.into());
    }
    object.into()
}
