//! Futures of exported functions, as promises. They run on the thread that called, and what they wait for are promises of
//! that thread, so a wake is a microtask. wasm-bindgen-futures lets a module with shared memory wake from any thread, by
//! `Atomics.waitAsync`, which browsers before 2026 do not all have.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Wake, Waker},
    thread::{self, ThreadId},
};

use js_sys::Promise;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(callback: &JsValue);
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

thread_local! {
    /// Those of this thread that wait.
    static TASKS: RefCell<BTreeMap<usize, Task>> = RefCell::default();
}

/// What `#[wasm_bindgen]` calls for an exported `async fn`.
pub(crate) fn future_to_promise(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let mut future = Some(future);
    Promise::new(&mut |resolve, reject| {
        let Some(future) = future.take() else { return };
        spawn(async move {
            let (settle, value) = match future.await {
                Ok(value) => (resolve, value),
                Err(error) => (reject, error),
            };
            // Settling a promise cannot fail.
            let _ = settle.call1(&JsValue::UNDEFINED, &value);
        });
    })
}

fn spawn(future: impl Future<Output = ()> + 'static) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let id = NEXT.fetch_add(1, Relaxed);
    TASKS.with_borrow_mut(|tasks| tasks.insert(id, Box::pin(future)));
    Arc::new(Alarm { id, thread: thread::current().id(), is_set: AtomicBool::new(false) }).wake();
}

/// Wakes one task.
struct Alarm {
    id: usize,
    thread: ThreadId,
    /// Whether the task is to be polled already.
    is_set: AtomicBool,
}

impl Wake for Alarm {
    fn wake(self: Arc<Alarm>) {
        assert_eq!(self.thread, thread::current().id(), "a future was woken by another thread");
        if !self.is_set.swap(true, Relaxed) {
            queue_microtask(&Closure::once_into_js(move || self.ring()));
        }
    }
}

impl Alarm {
    fn ring(self: Arc<Alarm>) {
        self.is_set.store(false, Relaxed);
        let id = self.id;
        // Out of the table while it runs: it may call what spawns another.
        let Some(mut task) = TASKS.with_borrow_mut(|tasks| tasks.remove(&id)) else { return };
        let waker = Waker::from(self);
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            TASKS.with_borrow_mut(|tasks| tasks.insert(id, task));
        }
    }
}
