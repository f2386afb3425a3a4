//! Threads of the CPU backend: workers of the page that share this memory. JavaScript starts them, because only it knows
//! their script; each instantiates the module over the memory and takes a seat.

use std::{
    cell::Cell,
    sync::{Mutex, PoisonError},
};

use cpu::{Pool, Seat};
use wasm_bindgen::prelude::*;

/// Seats that nobody has taken yet.
static SEATS: Mutex<Vec<Seat>> = Mutex::new(Vec::new());

thread_local! {
    static POOL: Cell<Option<Pool>> = const { Cell::new(None) };
}

/// Makes a pool for the next runtime that this thread opens on the CPU. Whoever of its `threads` is in [`work`], besides the
/// calling one, computes along.
#[wasm_bindgen(js_name = makePool)]
pub fn make_pool(threads: usize) {
    let (pool, seats) = Pool::new(threads);
    SEATS.lock().unwrap_or_else(PoisonError::into_inner).extend(seats);
    POOL.set(Some(pool));
}

/// Works for a pool until its runtime is freed. Returns at once if there is no seat. A panic or a trap within it throws, and
/// [`abandon`] has to be called then.
#[wasm_bindgen]
pub fn work() {
    let seat = SEATS.lock().unwrap_or_else(PoisonError::into_inner).pop();
    if let Some(seat) = seat {
        #[cfg(target_arch = "wasm32")]
        crate::relaxed::kernels();
        seat.work();
    }
}

/// Tells the pool that this thread stopped within [`work`], so that nobody waits for it. Its runtime then panics.
#[wasm_bindgen]
pub fn abandon() {
    cpu::abandon();
}

/// The pool that was made.
pub(crate) fn pool() -> Option<Pool> {
    POOL.take()
}
