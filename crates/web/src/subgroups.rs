//! Subgroups in a browser. wgpu 30 has no name for the feature `subgroups` there, and asks for a device without it
//! (<https://github.com/gfx-rs/wgpu/issues/5555>). Its call of `requestDevice` happens at once, so for as long as that takes
//! the method of all adapters is one that adds the feature; nothing else of the page sees it.

use js_sys::{Array, Function, Object, Proxy, Reflect};
use wasm_bindgen::prelude::*;

/// Runs `request`, which asks for a device.
pub(crate) fn with_subgroups(request: &mut dyn FnMut()) {
    let Ok((prototype, original)) = request_device() else { return request() };
    let trap = Closure::<dyn FnMut(Function, JsValue, Array) -> Result<JsValue, JsValue>>::new(
        |original: Function, adapter: JsValue, arguments: Array| {
            let descriptor = arguments.get(0);
            if offers_subgroups(&adapter)? {
                let wanted = Array::from(&Reflect::get(&descriptor, &"requiredFeatures".into())?);
                wanted.push(&"subgroups".into());
                Reflect::set(&descriptor, &"requiredFeatures".into(), &wanted)?;
            }
            Reflect::apply(&original, &adapter, &arguments)
        },
    );
    let handler = Object::new();
    let wrapped = Proxy::new(&original, &handler);
    let replace = |method: &JsValue| Reflect::set(&prototype, &"requestDevice".into(), method);
    if Reflect::set(&handler, &"apply".into(), trap.as_ref()).is_ok() && replace(&wrapped).is_ok() {
        request();
        // What could be set before can be set back.
        let _ = replace(&original);
    } else {
        request();
    }
}

/// The prototype of adapters, and its method.
fn request_device() -> Result<(JsValue, Function), JsValue> {
    let class = Reflect::get(&js_sys::global(), &"GPUAdapter".into())?;
    let prototype = Reflect::get(&class, &"prototype".into())?;
    let method = Reflect::get(&prototype, &"requestDevice".into())?.dyn_into()?;
    Ok((prototype, method))
}

fn offers_subgroups(adapter: &JsValue) -> Result<bool, JsValue> {
    let features = Reflect::get(adapter, &"features".into())?;
    let has: Function = Reflect::get(&features, &"has".into())?.dyn_into()?;
    Ok(has.call1(&features, &"subgroups".into())?.is_truthy())
}
