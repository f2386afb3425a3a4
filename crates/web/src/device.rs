//! The devices of a page.

use cpu::Precision;
use engine::{BackendError, Device};

/// The CPU: on one thread, or on those of the pool that was made for it; quickly, or exactly.
pub(crate) fn cpu(is_quick: bool) -> Device {
    #[cfg(target_feature = "atomics")]
    let backend = crate::threads::pool().map_or_else(cpu::CpuBackend::new, cpu::CpuBackend::with_pool);
    #[cfg(not(target_feature = "atomics"))]
    let backend = cpu::CpuBackend::new();
    let precision = if is_quick { Precision::Quick } else { Precision::Exact };
    let backend = backend.rounding(precision(relaxed()));
    Device { backend: Box::new(backend), reference: None }
}

#[cfg(target_arch = "wasm32")]
fn relaxed() -> Option<cpu::Relaxed> {
    crate::relaxed::kernels()
}

/// There is nobody to carry them for.
#[cfg(not(target_arch = "wasm32"))]
fn relaxed() -> Option<cpu::Relaxed> {
    None
}

/// The GPU, with the kernels of that name or the best, tried against the CPU if it should be.
#[cfg(not(target_feature = "atomics"))]
pub(crate) async fn gpu(power: Option<&str>, tier: Option<&str>, self_test: bool) -> Result<Device, BackendError> {
    let power = match power {
        Some("high-performance") => gpu::Power::High,
        Some("low-power") => gpu::Power::Low,
        _ => gpu::Power::Default,
    };
    let tier = tier.and_then(gpu::Tier::of);
    let backend = gpu::GpuBackend::new(gpu::Options {
        power,
        tier,
        browser: Some(crate::webgpu::BROWSER),
        ..gpu::Options::default()
    })
    .await?;
    let reference = self_test.then(|| cpu(false).backend);
    Ok(Device { backend: Box::new(backend), reference })
}

/// This module has none.
#[cfg(target_feature = "atomics")]
pub(crate) async fn gpu(_power: Option<&str>, _tier: Option<&str>, _self_test: bool) -> Result<Device, BackendError> {
    Err(BackendError::Unavailable("the module with threads computes on the CPU".into()))
}
