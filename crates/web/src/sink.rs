//! The engine's events as plain objects, and the answer as "go on" or "stop".

use std::ops::ControlFlow;

use engine::Event;
use js_sys::Function;
use serde::Serialize;
use wasm_bindgen::JsValue;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Wire<'a> {
    Load { loaded: u64, total: u64 },
    Prefill { done: usize, total: usize },
    Text { text: &'a str, token: u32 },
    Embedded { done: usize, total: usize },
}

/// A sink over a JavaScript function. `false` from it, or an exception, stops the call.
pub(crate) fn of(function: &Function) -> impl FnMut(Event<'_>) -> ControlFlow<()> + '_ {
    move |event| {
        let wire = match event {
            Event::Load { loaded, total } => Wire::Load { loaded, total },
            Event::Prefill { done, total } => Wire::Prefill { done, total },
            Event::Text { text, token } => Wire::Text { text, token },
            Event::Embedded { done, total } => Wire::Embedded { done, total },
        };
        let told = wire.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(JsValue::from);
        match told.and_then(|event| function.call1(&JsValue::NULL, &event)) {
            Ok(answer) if answer.as_bool() != Some(false) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }
}
