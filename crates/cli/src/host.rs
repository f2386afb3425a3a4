//! The engine on a native machine: its clock, its backends.

use std::ops::ControlFlow;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use std::{future::Future, pin::Pin};

use anyhow::Result;
use clap::ValueEnum;
use engine::{Backend, Engine, Event, Host, LoadOptions};

use crate::files;

/// Which backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Device {
    /// Vulkan, through wgpu.
    Gpu,
    /// The kernels of the Wasm backend, compiled for this machine.
    Cpu,
}

impl Device {
    fn backend(self, threads: usize) -> Result<Box<dyn Backend>> {
        Ok(match self {
            Device::Cpu => Box::new(cpu::CpuBackend::with_pool(cpu::Pool::start(threads)?)),
            Device::Gpu => Box::new(pollster::block_on(gpu::GpuBackend::new(gpu::Options::default()))?),
        })
    }
}

/// This process.
struct Native(Instant);

impl Host for Native {
    fn now(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e3
    }

    fn unix_ms(&self) -> f64 {
        // A clock before 1970 is no date to tell.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1e3)
    }

    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// A sink for calls whose progress is of no interest.
pub(crate) fn quiet(_: Event<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Loads a model. `threads` are those of the CPU.
pub(crate) fn load(model: &str, device: Device, context: Option<usize>, threads: usize) -> Result<Engine> {
    let files = files::open(model)?;
    let host = Box::new(Native(Instant::now()));
    let (options, mut sink) = (LoadOptions { context, ..Default::default() }, quiet);
    Ok(pollster::block_on(Engine::load(device.backend(threads)?, files, options, host, &mut sink))?)
}
