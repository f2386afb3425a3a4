//! The kernels in relaxed SIMD: a small module that this one carries and instantiates over its own memory, where the engine
//! takes it. Its functions are put into this module's table, so that they can be called like ours.

use std::{
    cell::OnceCell,
    sync::atomic::{AtomicU32, Ordering},
};

use cpu::{Product, Relaxed};
use js_sys::{
    Function, Object, Reflect, Uint8Array,
    WebAssembly::{self, Instance, Module, Table},
};
use wasm_bindgen::{JsCast, JsValue};

const BYTES: &[u8] =
    include_bytes!(env!("RUSHLIGHT_RELAXED", "set by `cargo xtask build`: the module of crates/relaxed"));

/// Where the first kernel is in a table: threads share this memory, and each has a table of its own.
static PLACE: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static KERNELS: OnceCell<Option<Relaxed>> = const { OnceCell::new() };
}

/// The kernels, if this engine has relaxed SIMD. Threads have tables of their own, so each must ask before it computes; as
/// all ask once and nobody else makes tables grow, a kernel has the same place in each.
///
/// # Panics
///
/// Where it has another place: a thread would call something else.
pub(crate) fn kernels() -> Option<Relaxed> {
    // What an engine refuses it does without: the numbers are the same.
    KERNELS.with(|kernels| *kernels.get_or_init(|| instantiate().ok().flatten()))
}

fn instantiate() -> Result<Option<Relaxed>, JsValue> {
    let bytes = Uint8Array::from(BYTES);
    if !WebAssembly::validate(&bytes)? {
        return Ok(None);
    }
    let (imports, env) = (Object::new(), Object::new());
    Reflect::set(&env, &"memory".into(), &wasm_bindgen::memory())?;
    Reflect::set(&imports, &"env".into(), &env)?;
    let exports = Instance::new(&Module::new(&bytes)?, &imports)?.exports();
    let is_pairs: Function = Reflect::get(&exports, &"is_pairs".into())?.dyn_into()?;
    let is_pairs = is_pairs.call1(&JsValue::UNDEFINED, &JsValue::from(-1))?.as_f64() == Some(1.0);
    let kind = if is_pairs { "pairs" } else { "quads" };
    let table: Table = wasm_bindgen::function_table().dyn_into()?;
    let place = table.length();
    let known = PLACE.compare_exchange(0, place, Ordering::Relaxed, Ordering::Relaxed).err();
    assert!(
        known.is_none_or(|known| known == place),
        "kernels at {place} of this thread's table, at {known:?} elsewhere"
    );
    let find = |name: &str| {
        let kernel: Function = Reflect::get(&exports, &format!("{kind}_{name}").into()).ok()?.dyn_into().ok()?;
        let place = table.grow(1).ok()?;
        table.set(place, &kernel).ok()?;
        // SAFETY: a pointer to a function is its place in the table, and the one there is of this type.
        Some(unsafe { std::mem::transmute::<usize, Product>(place as usize) })
    };
    // SAFETY: xtask builds both from one checkout, and the memory is ours.
    Ok(unsafe { Relaxed::new(find) })
}
