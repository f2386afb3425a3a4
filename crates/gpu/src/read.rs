//! Reading back: buffers that the host can map, and the wait for one.

use std::{
    ops::Range,
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use graph::BackendError;

use crate::device::{Device, Faults};

/// Outputs up to this size are copied for the host in the submit of their run, so that reading them needs no submit of
/// its own.
pub(crate) const MIRRORED: u64 = 256 << 10;

/// A buffer that the host can map.
pub(crate) struct Staging {
    pub(crate) buffer: wgpu::Buffer,
    pub(crate) bytes: u64,
}

impl Staging {
    pub(crate) fn new(device: &wgpu::Device, bytes: u64) -> Rc<Staging> {
        let bytes = bytes.next_multiple_of(8);
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Rc::new(Staging { buffer, bytes })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.buffer.destroy();
    }
}

/// Whether nobody reads it.
pub(crate) fn is_idle(staging: &Rc<Staging>) -> bool {
    Rc::strong_count(staging) == 1
}

/// What a small output holds, copied for the host in the submit of each run. Several copies, because one that is being read
/// cannot be written; they are made when they are first needed.
pub(crate) struct Mirror {
    ring: Vec<Rc<Staging>>,
    /// Of the last run, unless the output has changed since: which copy, and the submit that fills it.
    fresh: Option<(usize, wgpu::SubmissionIndex)>,
}

impl Mirror {
    pub(crate) fn new(device: &wgpu::Device, bytes: u64) -> Mirror {
        Mirror { ring: vec![Staging::new(device, bytes)], fresh: None }
    }

    /// The copy that the next run fills, and whether it had to be made.
    pub(crate) fn next(&mut self, device: &wgpu::Device) -> (usize, bool) {
        match self.ring.iter().position(is_idle) {
            Some(index) => (index, false),
            None => {
                self.ring.push(Staging::new(device, self.ring[0].bytes));
                (self.ring.len() - 1, true)
            }
        }
    }

    pub(crate) fn buffer(&self, index: usize) -> &wgpu::Buffer {
        &self.ring[index].buffer
    }

    /// A submit fills a copy.
    pub(crate) fn fill(&mut self, index: usize, submission: wgpu::SubmissionIndex) {
        self.fresh = Some((index, submission));
    }

    /// The output has changed, and no copy was made.
    pub(crate) fn spoil(&mut self) {
        self.fresh = None;
    }

    /// The copy of what the output holds now, and the submit that fills it, unless somebody reads it already.
    pub(crate) fn latest(&self) -> Option<(Rc<Staging>, wgpu::SubmissionIndex)> {
        let (index, submission) = self.fresh.as_ref()?;
        let staging = &self.ring[*index];
        is_idle(staging).then(|| (staging.clone(), submission.clone()))
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.ring.iter().map(|staging| staging.bytes).sum()
    }
}

/// A read on its way: the buffer is to be mapped when its submit is done. Dropping it unmaps.
pub(crate) struct Reading {
    staging: Rc<Staging>,
    submission: wgpu::SubmissionIndex,
    device: wgpu::Device,
    faults: Faults,
    signal: Signal,
    mapped: Range<u64>,
    wanted: Range<u64>,
}

impl Reading {
    /// Asks for some bytes of a buffer that a submit fills.
    pub(crate) fn start(
        device: &Device,
        (staging, submission): (Rc<Staging>, wgpu::SubmissionIndex),
        wanted: Range<u64>,
    ) -> Reading {
        let mapped = (wanted.start & !7)..wanted.end.next_multiple_of(8).min(staging.bytes);
        let signal = Signal::default();
        let done = signal.clone();
        staging.buffer.map_async(wgpu::MapMode::Read, mapped.clone(), move |result| done.set(result.is_ok()));
        let (device, faults) = (device.device.clone(), device.faults.clone());
        Reading { staging, submission, device, faults, signal, mapped, wanted }
    }

    /// Waits for the device. Natively this blocks, in a browser it never does.
    pub(crate) async fn finish(self) -> Result<Vec<u8>, BackendError> {
        // In a browser this does nothing; natively nobody else would call back. Its error is the callback's.
        let submission_index = Some(self.submission.clone());
        let _ = self.device.poll(wgpu::PollType::Wait { submission_index, timeout: None });
        if !self.signal.clone().await {
            self.faults.check()?;
            return Err(BackendError::DeviceLost("a buffer could not be mapped".into()));
        }
        let view = self.staging.buffer.get_mapped_range(self.mapped.clone());
        let view = view.map_err(|error| BackendError::Validation(error.to_string()))?;
        let at = |byte: u64| (byte - self.mapped.start) as usize;
        Ok(view[at(self.wanted.start)..at(self.wanted.end)].to_vec())
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.staging.buffer.unmap();
    }
}

/// Whether something succeeded, once it is known.
#[derive(Clone, Default)]
struct Signal(Arc<Mutex<(Option<bool>, Option<Waker>)>>);

impl Signal {
    fn set(&self, value: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = Some(value);
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }
}

impl Future for Signal {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.0 {
            Some(value) => Poll::Ready(value),
            None => {
                state.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
