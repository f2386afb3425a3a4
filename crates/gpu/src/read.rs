//! Reading back: buffers that the host can map, and the wait for one.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use graph::BackendError;

use crate::device::Device;

/// Outputs up to this size are copied for the host in the submit of their run, so that reading them needs no submit of
/// its own.
pub(crate) const MIRRORED: u64 = 256 << 10;

/// A buffer that the host can map.
pub(crate) struct Staging {
    pub(crate) buffer: wgpu::Buffer,
    pub(crate) bytes: u64,
    /// For a mirror: it holds what the mirrored buffer holds.
    pub(crate) fresh: bool,
}

impl Staging {
    pub(crate) fn new(device: &wgpu::Device, bytes: u64) -> Staging {
        let bytes = bytes.next_multiple_of(8);
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Staging { buffer, bytes, fresh: false }
    }

    /// Waits until the device has filled it, then copies from a byte offset. Natively this blocks, in a browser it never
    /// does.
    pub(crate) async fn read(&self, device: &Device, offset: u64, into: &mut [u8]) -> Result<(), BackendError> {
        let start = offset & !7;
        let end = (offset + into.len() as u64).next_multiple_of(8).min(self.bytes);
        let signal = Signal::default();
        let done = signal.clone();
        let _unmap = Unmap(&self.buffer);
        self.buffer.map_async(wgpu::MapMode::Read, start..end, move |result| done.set(result.is_ok()));
        // In a browser this does nothing; natively nobody else would call back. Its error is the callback's.
        let _ = device.device.poll(wgpu::PollType::wait_indefinitely());
        if !signal.await {
            device.check()?;
            return Err(BackendError::DeviceLost("a buffer could not be mapped".into()));
        }
        let view = self.buffer.get_mapped_range(start..end).map_err(|e| BackendError::Validation(e.to_string()))?;
        let skip = (offset - start) as usize;
        into.copy_from_slice(&view[skip..skip + into.len()]);
        Ok(())
    }
}

/// Unmaps, also when the wait was given up.
struct Unmap<'a>(&'a wgpu::Buffer);

impl Drop for Unmap<'_> {
    fn drop(&mut self) {
        self.0.unmap();
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
