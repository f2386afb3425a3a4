//! The adapter and the device: what it can do, and what went wrong on it.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use graph::{BackendError, Facts};

use crate::{Tier, Tuning, tuning::on};

/// Which adapter to prefer on a machine that has several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Power {
    /// The browser decides.
    #[default]
    Default,
    /// The discrete GPU.
    High,
    /// The integrated GPU.
    Low,
}

/// How to open a device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Which adapter.
    pub power: Power,
    /// Ask for the default limits of WebGPU even where the adapter offers more.
    pub default_limits: bool,
    /// Never bind more bytes than this, so that tests split small tensors.
    pub max_binding: Option<u64>,
    /// Never launch more workgroups than this in one dimension, so that tests fold small grids.
    pub max_groups: Option<u32>,
    /// Which kernels, whatever the adapter is. By default those for a processor that pretends to be a GPU where the adapter is
    /// one, and the best that the adapter has the features for otherwise.
    pub tier: Option<Tier>,
    /// Many tokens go by packed products of bytes from the start, where the device has them and the tier tiles for them.
    pub dots: bool,
    /// In a browser, what it has and wgpu has no name for there.
    pub browser: Option<Browser>,
}

/// Something to wait for.
pub type Wait<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// What a browser has and wgpu has no name for there.
#[derive(Clone, Copy, Debug)]
pub struct Browser {
    /// Calls what it is given, which asks for a device, and has it asked for with subgroups.
    pub request: fn(&mut dyn FnMut()),
    /// Calls what it is given, which makes pipelines, twice: to have all of them compiled at the same time, while the page
    /// goes on, and when they are. What is made first is good for nothing.
    pub compile: for<'a> fn(&'a mut (dyn FnMut() + 'a)) -> Wait<'a>,
}

/// What kernels may use. Facts of the device at run time, never features of the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one storage binding, and so of one buffer of ours.
    pub max_binding: u64,
    /// Workgroups in one dimension.
    pub max_groups: u32,
    /// Alignment of the offset of a uniform binding.
    pub uniform_alignment: u64,
    /// Which kernels run.
    pub tier: Tier,
    /// Lanes of a subgroup, at least; a power of 2. 1 if that is not known.
    pub subgroup: u32,
    /// Weights are loaded word by word and not by vectors, which is for llvmpipe (`loads_narrow.wgsl`).
    pub narrow: bool,
    /// What was measured to be faster than usual.
    pub tuning: Tuning,
}

impl Default for Limits {
    /// What every WebGPU device has, with the kernels that a GPU gets.
    fn default() -> Self {
        Limits {
            max_binding: 128 << 20,
            max_groups: 65_535,
            uniform_alignment: 256,
            tier: Tier::Fused,
            subgroup: 1,
            narrow: false,
            tuning: Tuning::default(),
        }
    }
}

/// Why the device cannot be trusted any more, for everybody who waits for it.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<Fault>>);

#[derive(Default)]
struct Fault {
    /// For good.
    lost: Option<String>,
    /// The first uncaptured error since the last call.
    error: Option<BackendError>,
}

/// An open device.
pub(crate) struct Device {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) limits: Limits,
    /// The best tier that was not found wrong, and why it is.
    pub(crate) best: (Tier, &'static str),
    /// Whether its language has packed products of bytes, and they were not found wrong.
    pub(crate) offers_dots: bool,
    pub(crate) facts: Facts,
    /// What shaders with subgroups start with.
    pub(crate) enable: &'static str,
    browser: Option<Browser>,
    pub(crate) faults: Faults,
}

impl Device {
    /// Opens an adapter, or says what to do without one.
    pub(crate) async fn open(options: Options) -> Result<Device, BackendError> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::BROWSER_WEBGPU | wgpu::Backends::VULKAN;
        let instance = wgpu::Instance::new(descriptor);
        let packed = wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct;
        let offers_dots = instance.wgsl_language_features().contains(packed);
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: match options.power {
                    Power::Default => wgpu::PowerPreference::None,
                    Power::High => wgpu::PowerPreference::HighPerformance,
                    Power::Low => wgpu::PowerPreference::LowPower,
                },
                ..Default::default()
            })
            .await
            // Its words are about the backends of wgpu, which nobody who reads this can choose.
            .map_err(|_| BackendError::Unavailable(format!("none was found. {ADVICE}")))?;
        let offered = adapter.limits();
        let mut wanted = wgpu::Limits::defaults();
        if !options.default_limits {
            // Fewer pieces of large tensors; nothing needs it.
            wanted.max_storage_buffer_binding_size = offered.max_storage_buffer_binding_size;
            wanted.max_buffer_size = offered.max_buffer_size;
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("rushlight"),
            required_features: adapter.features() & wgpu::Features::SUBGROUP,
            required_limits: wanted,
            ..Default::default()
        };
        let mut request = None;
        let mut ask = || request = Some(adapter.request_device(&descriptor));
        match options.browser {
            Some(browser) => (browser.request)(&mut ask),
            None => ask(),
        }
        let unavailable = |why: String| BackendError::Unavailable(format!("{why}. {ADVICE}"));
        let request = request.ok_or_else(|| unavailable("no device was asked for".into()))?;
        let (device, queue) = request.await.map_err(|error| unavailable(error.to_string()))?;

        let faults = Faults::default();
        let shared = faults.clone();
        device.set_device_lost_callback(move |reason, message| {
            shared.lock().lost = Some(format!("{reason:?}: {message}"));
        });
        let shared = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            shared.lock().error.get_or_insert(describe(error, 0, "a command"));
        }));

        let info = adapter.get_info();
        let given = device.limits();
        // Byte offsets in shaders are 32 bits wide.
        let max_binding =
            given.max_storage_buffer_binding_size.min(given.max_buffer_size).min(u64::from(u32::MAX)) & !255;
        let (tier, reason) = tier(options.tier, &info, has_subgroups(&device));
        let limits = Limits {
            max_binding: options.max_binding.map_or(max_binding, |limit| limit.min(max_binding)),
            max_groups: options.max_groups.unwrap_or(u32::MAX).min(given.max_compute_workgroups_per_dimension),
            uniform_alignment: u64::from(given.min_uniform_buffer_offset_alignment),
            tier,
            subgroup: info.subgroup_min_size.clamp(1, 64),
            narrow: info.name.contains("llvmpipe"),
            tuning: Tuning::default(),
        };
        let mut facts = facts(&info, &limits, adapter.features());
        facts.details.insert("subgroups", has_subgroups(&device).to_string());
        facts.details.insert("tier", tier.name().into());
        facts.details.insert("tierReason", reason.into());
        // naga takes subgroups as they are, and refuses the directive that the standard asks for.
        let is_browser = info.backend == wgpu::Backend::BrowserWebGpu;
        let enable = if is_browser { "enable subgroups;\n" } else { "" };
        let best = (tier, reason);
        let browser = options.browser;
        let mut device = Device { device, queue, limits, best, offers_dots, facts, enable, browser, faults };
        device.set_dots(options.dots && offers_dots && tier >= Tier::Fused);
        Ok(device)
    }

    /// Whether many tokens go by packed products from now on.
    pub(crate) fn set_dots(&mut self, is_on: bool) {
        self.limits.tuning.dots = is_on;
        self.facts.details.insert("dots", if self.offers_dots { on(is_on) } else { "none" }.into());
    }

    /// Calls what it is given, which makes pipelines of different labels, and keeps those of the last call.
    pub(crate) async fn compile(&self, make: &mut dyn FnMut()) {
        match self.browser {
            Some(browser) => (browser.compile)(make).await,
            None => make(),
        }
    }

    /// [`Faults::check`].
    pub(crate) fn check(&self) -> Result<(), BackendError> {
        self.faults.check()
    }
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error that happened since the last call, if any. A lost device stays lost.
    pub(crate) fn check(&self) -> Result<(), BackendError> {
        let mut fault = self.lock();
        if let Some(message) = &fault.lost {
            return Err(BackendError::DeviceLost(message.clone()));
        }
        fault.error.take().map_or(Ok(()), Err)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // A browser would keep the memory until its garbage collector runs.
        self.device.destroy();
    }
}

const ADVICE: &str = "WebGPU needs a browser that has it (navigator.gpu), a secure context and a GPU that is not on the \
                      browser's list of bad drivers; natively, a Vulkan driver. The CPU backend works without";

/// An error of wgpu in our terms.
pub(crate) fn describe(error: wgpu::Error, bytes: u64, what: &str) -> BackendError {
    match error {
        wgpu::Error::OutOfMemory { .. } => BackendError::OutOfMemory { bytes, what: what.into() },
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            BackendError::Validation(description)
        }
    }
}

/// Whether shaders may use subgroups.
fn has_subgroups(device: &wgpu::Device) -> bool {
    #[cfg(target_arch = "wasm32")]
    if let Some(device) = device.as_webgpu() {
        return device.features().has("subgroups");
    }
    device.features().contains(wgpu::Features::SUBGROUP)
}

/// Which kernels run, and why.
fn tier(asked: Option<Tier>, info: &wgpu::AdapterInfo, subgroups: bool) -> (Tier, &'static str) {
    match asked {
        Some(tier) if subgroups || !tier.has_subgroups() => (tier, "asked for"),
        Some(Tier::Quads) => (Tier::Plain, "the device has no subgroups"),
        Some(_) => (Tier::Fused, "the device has no subgroups"),
        None if info.device_type == wgpu::DeviceType::Cpu => {
            (if subgroups { Tier::Quads } else { Tier::Plain }, "the adapter is a processor")
        }
        None if subgroups => (Tier::Subgroups, "the device has subgroups"),
        None => (Tier::Fused, "the device has no subgroups"),
    }
}

fn facts(info: &wgpu::AdapterInfo, limits: &Limits, features: wgpu::Features) -> Facts {
    let mut details = BTreeMap::new();
    details.insert("backend", format!("{:?}", info.backend));
    details.insert("type", format!("{:?}", info.device_type));
    details.insert("vendor", format!("{:#06x}", info.vendor));
    details.insert("driver", format!("{} {}", info.driver, info.driver_info).trim().into());
    details.insert("max binding", limits.max_binding.to_string());
    details.insert("shader-f16", features.contains(wgpu::Features::SHADER_F16).to_string());
    details.insert("timestamp-query", features.contains(wgpu::Features::TIMESTAMP_QUERY).to_string());
    // Browsers keep the name to themselves.
    let name = if info.name.is_empty() { format!("{:?}", info.backend) } else { info.name.clone() };
    Facts { device: "webgpu", name, details }
}
