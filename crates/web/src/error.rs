//! Errors as `{ code, message }`: the class of an error is lost on the way to a page, a code is not.

use engine::{BackendError, EngineError};
use wasm_bindgen::JsValue;

/// What a failed call throws.
pub struct Failure(JsValue);

impl Failure {
    /// With one of the codes of pkg's `ErrorCode`.
    pub(crate) fn new(code: &str, message: &str) -> Failure {
        let object = js_sys::Object::new();
        for (key, value) in [("code", code), ("message", message)] {
            // Setting a field of a new plain object cannot fail.
            let _ = js_sys::Reflect::set(&object, &key.into(), &value.into());
        }
        Failure(object.into())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        Failure::new(error.code(), &error.to_string())
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Failure {
        EngineError::from(error).into()
    }
}

/// An argument of the wrong shape.
impl From<serde_wasm_bindgen::Error> for Failure {
    fn from(error: serde_wasm_bindgen::Error) -> Failure {
        Failure::new("BAD_INPUT", &error.to_string())
    }
}

impl From<JsValue> for Failure {
    fn from(thrown: JsValue) -> Failure {
        Failure(thrown)
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> JsValue {
        failure.0
    }
}
