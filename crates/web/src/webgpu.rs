//! What the WebGPU of a browser has and wgpu 30 has no name for. wgpu calls a method of JavaScript at once, so for as long as
//! its own call takes the method of the prototype is another one; nothing else of the page sees it.
//!
//! - The feature `subgroups` (<https://github.com/gfx-rs/wgpu/issues/5555>): it is added to what a device is asked for with.
//! - `createComputePipelineAsync`: pipelines made the other way are compiled one after the other, by the thread that has
//!   the GPU and so may have a page to draw.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use js_sys::{Array, Function, Object, Promise, Proxy, Reflect, futures::JsFuture};
use wasm_bindgen::prelude::*;

/// All of it.
pub(crate) const BROWSER: gpu::Browser = gpu::Browser { request: with_subgroups, compile: at_once };

/// A method in the place of another one, which it gets with the object and the arguments.
type Method = dyn FnMut(Function, JsValue, Array) -> Result<JsValue, JsValue>;

/// A pipeline that is being compiled, and its label.
type Begun = (Option<String>, JsFuture);

/// Runs `request`, which asks for a device.
fn with_subgroups(request: &mut dyn FnMut()) {
    let method = |original: Function, adapter: JsValue, arguments: Array| {
        let descriptor = arguments.get(0);
        if offers_subgroups(&adapter)? {
            let wanted = Array::from(&Reflect::get(&descriptor, &"requiredFeatures".into())?);
            wanted.push(&"subgroups".into());
            Reflect::set(&descriptor, &"requiredFeatures".into(), &wanted)?;
        }
        Reflect::apply(&original, &adapter, &arguments)
    };
    replaced(("GPUAdapter", "requestDevice"), method, request);
}

fn offers_subgroups(adapter: &JsValue) -> Result<bool, JsValue> {
    let features = Reflect::get(adapter, &"features".into())?;
    let has: Function = Reflect::get(&features, &"has".into())?.dyn_into()?;
    Ok(has.call1(&features, &"subgroups".into())?.is_truthy())
}

/// Runs `make`, which makes pipelines of different labels, to see which they are, and again when the browser has them.
fn at_once<'a>(make: &'a mut (dyn FnMut() + 'a)) -> gpu::Wait<'a> {
    Box::pin(async move {
        const CREATE: (&str, &str) = ("GPUDevice", "createComputePipeline");
        if find(CREATE.0, "createComputePipelineAsync").is_err() {
            return make();
        }
        let begun: Rc<RefCell<Vec<Begun>>> = Rc::default();
        let all = begun.clone();
        let begin = move |_: Function, device: JsValue, arguments: Array| {
            let create: Function = Reflect::get(&device, &"createComputePipelineAsync".into())?.dyn_into()?;
            let pipeline: Promise = Reflect::apply(&create, &device, &arguments)?.dyn_into()?;
            all.borrow_mut().push((label(&arguments)?, JsFuture::from(pipeline)));
            Ok(Object::new().into())
        };
        replaced(CREATE, begin, make);
        let begun = begun.take();
        if begun.is_empty() {
            return; // the method could not be replaced, and has done it all
        }
        let mut ready = HashMap::new();
        for (label, pipeline) in begun {
            // What does not compile is made once more, the other way, which says so where wgpu listens.
            if let (Some(label), Ok(pipeline)) = (label, pipeline.await) {
                ready.insert(label, pipeline);
            }
        }
        let give = move |original: Function, device: JsValue, arguments: Array| match label(&arguments)?
            .and_then(|label| ready.remove(&label))
        {
            Some(pipeline) => Ok(pipeline),
            None => Reflect::apply(&original, &device, &arguments),
        };
        replaced(CREATE, give, make);
    })
}

/// The label in a descriptor.
fn label(arguments: &Array) -> Result<Option<String>, JsValue> {
    Ok(Reflect::get(&arguments.get(0), &"label".into())?.as_string())
}

/// Calls `run`, with a method of a class in the place of its own one, if there is one that can be replaced.
fn replaced(
    (class, name): (&str, &str),
    method: impl FnMut(Function, JsValue, Array) -> Result<JsValue, JsValue> + 'static,
    run: &mut dyn FnMut(),
) {
    let Ok((prototype, original)) = find(class, name) else { return run() };
    let trap = Closure::<Method>::new(method);
    let handler = Object::new();
    let wrapped = Proxy::new(&original, &handler);
    let replace = |method: &JsValue| Reflect::set(&prototype, &name.into(), method);
    if Reflect::set(&handler, &"apply".into(), trap.as_ref()).is_ok() && replace(&wrapped).is_ok() {
        run();
        // What could be set before can be set back.
        let _ = replace(&original);
    } else {
        run();
    }
}

/// The prototype of a class, and a method of it.
fn find(class: &str, name: &str) -> Result<(JsValue, Function), JsValue> {
    let class = Reflect::get(&js_sys::global(), &class.into())?;
    let prototype = Reflect::get(&class, &"prototype".into())?;
    let method = Reflect::get(&prototype, &name.into())?.dyn_into()?;
    Ok((prototype, method))
}
