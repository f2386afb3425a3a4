//! The engine on a native machine: its clock, its backends.

use std::ops::ControlFlow;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use std::{future::Future, pin::Pin};

use anyhow::Result;
use clap::ValueEnum;
use engine::{Backend, BackendError, Engine, Event, Host, LoadOptions};

use crate::files;

/// Which backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Device {
    /// Vulkan, through wgpu.
    Gpu,
    /// The kernels of the Wasm backend, compiled for this machine.
    Cpu,
}

/// A backend, and how it computes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) device: Device,
    /// Of the CPU.
    pub(crate) threads: usize,
    /// Of the GPU; by default what it would get.
    pub(crate) tier: Option<gpu::Tier>,
    /// Many tokens by packed products of bytes.
    pub(crate) dots: bool,
    /// Whether the fastest kernels of a GPU are looked for. What was asked for is left as it is.
    pub(crate) tune: bool,
}

impl Setup {
    pub(crate) fn backend(&self) -> Result<Box<dyn Backend>> {
        Ok(match self.device {
            Device::Cpu => Box::new(cpu::CpuBackend::with_pool(cpu::Pool::start(self.threads)?)),
            Device::Gpu => Box::new(open_gpu(self.tier, self.dots)?),
        })
    }
}

/// The largest GPU of the machine: a software adapter beside it is not meant.
pub(crate) fn open_gpu(tier: Option<gpu::Tier>, dots: bool) -> Result<gpu::GpuBackend, BackendError> {
    let options = gpu::Options { power: gpu::Power::High, tier, dots, ..Default::default() };
    pollster::block_on(gpu::GpuBackend::new(options))
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

/// Seconds since a moment.
pub(crate) fn clock(start: Instant) -> impl Fn() -> f64 {
    move || start.elapsed().as_secs_f64()
}

/// Loads a model.
pub(crate) fn load(model: &str, setup: &Setup, context: Option<usize>) -> Result<Engine> {
    let files = files::open(model)?;
    let tune = setup.tune && setup.device == Device::Gpu && setup.tier.is_none() && !setup.dots;
    let options = LoadOptions { context, tune, tuning: None };
    let host = Box::new(Native(Instant::now()));
    let mut sink = quiet;
    Ok(pollster::block_on(Engine::load(setup.backend()?, files, options, host, &mut sink))?)
}
