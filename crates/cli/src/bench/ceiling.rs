//! What the GPU can do at most.

use std::time::Instant;

use anyhow::Result;
use engine::{Backend, BackendError};
use pollster::block_on;
use serde_json::{Value, json};

use super::{print, rounded};
use crate::host::{clock, open_gpu};

/// Of the device that figures are shares of.
#[derive(Clone, Copy)]
pub(super) struct Ceiling {
    /// Bytes read a second.
    stream: f64,
    /// Multiplications and additions of f32 a second.
    peak: f64,
}

impl Ceiling {
    /// Measures and prints it; `None` without a GPU.
    pub(super) fn measure() -> Result<Option<Ceiling>> {
        let mut gpu = match open_gpu(None, false) {
            Ok(gpu) => gpu,
            Err(BackendError::Unavailable(why)) => {
                print(json!({ "kind": "skipped", "device": "webgpu", "why": why }))?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let seconds = clock(Instant::now());
        let stream = block_on(gpu.stream_rate(&seconds))?;
        let peak = block_on(gpu.multiply_add_rate(&seconds))?;
        let facts = gpu.facts();
        let line = |what: &str, name: &str, rate: f64| json!({ "kind": what, "device": facts.device, "adapter": facts.name, name: rounded(rate / 1e9) });
        print(super::joined(line("stream", "gigabytesPerSecond", stream), json!({ "details": facts.details })))?;
        print(line("multiply-add", "gigaflopsPerSecond", peak))?;
        Ok(Some(Ceiling { stream, peak }))
    }
}

/// Rates of work that took so long; shares of the ceiling where there is one.
pub(super) fn rates(ceiling: Option<Ceiling>, seconds: f64, bytes: u64, operations: u64) -> Value {
    let (bytes, operations) = (bytes as f64 / seconds, operations as f64 / seconds);
    let share = |rate: f64, most: fn(&Ceiling) -> f64| ceiling.map(|ceiling| rounded(rate / most(&ceiling)));
    json!({
        "gigabytesPerSecond": rounded(bytes / 1e9), "ofStream": share(bytes, |ceiling| ceiling.stream),
        "gigaflopsPerSecond": rounded(operations / 1e9), "ofPeak": share(operations, |ceiling| ceiling.peak),
    })
}
