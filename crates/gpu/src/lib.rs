//! The GPU backend: WGSL kernels over wgpu, for WebGPU in a browser and Vulkan natively.
//!
//! It needs nothing beyond the default limits of WebGPU. [`GpuBackend::prepare`](graph::Backend::prepare) makes every GPU
//! object; a run is one encoder, one compute pass and one submit over them. Small outputs are copied for the host in the
//! same submit, so that reading one is a wait and nothing else.
//!
//! A matrix product is one of three kernels: `linear` for one token, and for up to eight in one tile; `gemm` for more, in tiles of
//! 64 rows by 32 tokens, or `dots`, where that was chosen ([`Tuning`]); `linear_any` for rows that are no whole units. The plainest
//! [`Tier`] has no `gemm`, and that of processors has `quads_one` and `quads` instead. Weights in blocks are in planes by then
//! ([`pack`]).

pub mod bindings;
mod builder;
mod ceiling;
mod device;
pub mod fuse;
pub mod kernels;
pub mod memory;
pub mod pack;
mod params;
mod pipeline;
mod plan;
mod read;
pub mod shader;
mod tensor;
mod tier;
mod tuning;

use std::{
    collections::{BTreeMap, HashMap},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use graph::{
    Backend, BackendError, BufferId, Buffers, Choice, Counters, Facts, Graph, Memory, PlanId, Task, TensorType,
};

pub use device::{Browser, Limits, Options, Power, Wait};
pub use tensor::{Rows, split};
pub use tier::Tier;
pub use tuning::Tuning;

use device::{Device, describe};
use fuse::Program;
use kernels::{Site, choose};
use pipeline::{Build, Pipeline, Scratch};
use plan::{MirrorCopy, Plan};
use read::{Mirror, Reading, Staging, is_idle};
use tensor::Tensor;

type Scope = Pin<Box<dyn Future<Output = Option<wgpu::Error>>>>;

/// A device with its buffers, pipelines and plans.
pub struct GpuBackend {
    tensors: BTreeMap<BufferId, Tensor>,
    plans: BTreeMap<PlanId, Plan>,
    pipelines: HashMap<String, Pipeline>,
    modules: HashMap<String, wgpu::ShaderModule>,
    scratch: Vec<Rc<Scratch>>,
    /// By the buffer that each copies.
    mirrors: BTreeMap<BufferId, Mirror>,
    /// For reads of what has no mirror.
    staging: Option<Rc<Staging>>,
    /// Stands for an input that is absent.
    zeros: wgpu::Buffer,
    /// Allocations whose outcome the browser has not told yet.
    allocations: Vec<(u64, String, Scope)>,
    counters: Counters,
    next: u32,
    edit: Option<Edit>,
    packer: Option<Pipeline>,
    device: Device,
}

/// From the label and the source of a shader to what is compiled.
type Edit = Box<dyn Fn(&str, String) -> String>;

/// Bytes of [`GpuBackend::zeros`].
const ZEROS: u64 = 16;

impl GpuBackend {
    /// Opens a device. [`BackendError::Unavailable`] where there is none, saying what is needed.
    pub async fn new(options: Options) -> Result<GpuBackend, BackendError> {
        let device = Device::open(options).await?;
        let zeros = tensor::storage(&device.device, "zeros", ZEROS);
        Ok(GpuBackend {
            tensors: BTreeMap::new(),
            plans: BTreeMap::new(),
            pipelines: HashMap::new(),
            modules: HashMap::new(),
            scratch: Vec::new(),
            mirrors: BTreeMap::new(),
            staging: None,
            zeros,
            allocations: Vec::new(),
            counters: Counters { objects: 1, ..Counters::default() },
            next: 0,
            edit: None,
            packer: None,
            device,
        })
    }

    /// What kernels may use on this device.
    pub fn limits(&self) -> Limits {
        self.device.limits
    }

    /// Gives the device up, as a driver reset would: every later call fails with [`BackendError::DeviceLost`].
    pub fn lose(&self) {
        self.device.device.destroy();
        // Natively the callback comes with a poll; in a browser with the next turn of its event loop.
        let _ = self.device.device.poll(wgpu::PollType::wait_indefinitely());
    }

    /// Has the source of every shader that is compiled from now on pass through a function, so that a test can break one.
    pub fn edit_shaders(&mut self, edit: impl Fn(&str, String) -> String + 'static) {
        self.edit = Some(Box::new(edit));
    }

    fn id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    async fn compile_now(&mut self, graphs: &[Graph]) -> Result<(), BackendError> {
        self.device.check()?;
        let limits = self.device.limits;
        let mut builds = Vec::new();
        for graph in graphs {
            let program = Program::of(graph, &limits);
            let sites = program.stages.iter().filter_map(|stage| Site::new(graph, &program, stage, &limits));
            builds.extend(sites.map(|site| Build::of(choose(&site), &site)));
        }
        let validation = self.device.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let compiled = self.compile_missing(builds.iter()).await;
        let error = validation.pop().await;
        compiled?;
        error.map_or(Ok(()), |error| Err(describe(error, 0, "a shader")))
    }

    async fn prepare_now(&mut self, graph: &Graph, buffers: &Buffers) -> Result<PlanId, BackendError> {
        self.device.check()?;
        for (bytes, what, scope) in std::mem::take(&mut self.allocations) {
            if let Some(error) = scope.await {
                return Err(describe(error, bytes, &what));
            }
        }
        let memory = self.device.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = self.device.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let plan = plan::prepare(self, graph, buffers).await;
        let errors = [validation.pop().await, memory.pop().await];
        let plan = plan?;
        if let Some(error) = errors.into_iter().flatten().next() {
            return Err(describe(error, plan.own_bytes, "a plan"));
        }
        self.device.check()?;
        let id = PlanId(self.id());
        self.plans.insert(id, plan);
        Ok(id)
    }

    fn read_now(&mut self, src: BufferId, offset: u64, bytes: usize) -> Result<Reading, BackendError> {
        self.device.check()?;
        let tensor = self.tensors.get(&src).ok_or(BackendError::BadBuffer(src))?;
        let end = offset.checked_add(bytes as u64).filter(|&end| end <= tensor.bytes);
        if tensor.is_packed {
            return Err(tensor::packed_already(&tensor.ty));
        }
        let (Some(end), Some(buffer)) = (end, tensor.whole()) else { return Err(BackendError::BadBuffer(src)) };
        self.counters.reads += 1;
        self.counters.bytes_read += bytes as u64;
        if let Some(latest) = self.mirrors.get(&src).and_then(Mirror::latest) {
            return Ok(Reading::start(&self.device, latest, offset..end));
        }
        let start = offset & !3;
        let size = end.next_multiple_of(4) - start;
        let staging = match self.staging.take().filter(|staging| staging.bytes >= size && is_idle(staging)) {
            Some(staging) => staging,
            None => {
                self.counters.objects += 1;
                Staging::new(&self.device.device, size.next_power_of_two())
            }
        };
        let mut encoder = self.device.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, start, &staging.buffer, 0, size);
        let submission = self.device.queue.submit([encoder.finish()]);
        self.counters.submits += 1;
        self.staging = Some(staging.clone());
        Ok(Reading::start(&self.device, (staging, submission), offset - start..end - start))
    }
}

impl Backend for GpuBackend {
    fn facts(&self) -> Facts {
        self.device.facts.clone()
    }

    fn step_down(&mut self) -> bool {
        if self.device.limits.tuning.dots {
            // They may be what is wrong.
            self.device.offers_dots = false;
            self.device.set_dots(false);
            return true;
        }
        let Some(tier) = self.device.limits.tier.plainer() else { return false };
        self.device.limits.tier = tier;
        self.device.best.0 = tier;
        self.device.facts.details.insert("tier", tier.name().into());
        self.pipelines.clear();
        self.modules.clear();
        true
    }

    fn choices(&self, plan: PlanId) -> Vec<Choice> {
        self.plans.get(&plan).map(|plan| self.choices_of(plan)).unwrap_or_default()
    }

    fn choose(&mut self, choice: &str, option: &str) -> bool {
        self.take(choice, option)
    }

    fn alloc(&mut self, ty: &TensorType) -> Result<BufferId, BackendError> {
        self.device.check()?;
        let scope = self.device.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let tensor = Tensor::new(&self.device.device, ty, &self.device.limits);
        let mut outcome: Scope = Box::pin(scope.pop());
        let tensor = tensor?;
        // Known at once natively. A browser tells later: `prepare` waits for it.
        match outcome.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(error)) => return Err(describe(error, tensor.bytes, &ty.to_string())),
            Poll::Ready(None) => {}
            Poll::Pending => self.allocations.push((tensor.bytes, ty.to_string(), outcome)),
        }
        self.counters.objects += tensor.parts.len() as u64;
        let id = BufferId(self.id());
        self.tensors.insert(id, tensor);
        Ok(id)
    }

    fn write(&mut self, dst: BufferId, offset: u64, bytes: &[u8]) -> Result<(), BackendError> {
        self.device.check()?;
        let tensor = self.tensors.get_mut(&dst).ok_or(BackendError::BadBuffer(dst))?;
        if tensor.is_packed {
            return Err(tensor::packed_already(&tensor.ty));
        }
        if let Some(mirror) = self.mirrors.get_mut(&dst) {
            mirror.spoil();
        }
        tensor.write(&self.device.queue, offset, bytes).ok_or(BackendError::BadBuffer(dst))
    }

    fn free(&mut self, buffer: BufferId) {
        if let Some(tensor) = self.tensors.remove(&buffer) {
            tensor.parts.iter().for_each(|part| part.buffer.destroy());
        }
        self.mirrors.remove(&buffer);
    }

    fn compile<'a>(&'a mut self, graphs: &'a [Graph]) -> Task<'a, ()> {
        Box::pin(self.compile_now(graphs))
    }

    fn prepare<'a>(&'a mut self, graph: &'a Graph, buffers: &'a Buffers) -> Task<'a, PlanId> {
        Box::pin(self.prepare_now(graph, buffers))
    }

    fn release(&mut self, plan: PlanId) {
        self.plans.remove(&plan);
        self.scratch.retain(|scratch| Rc::strong_count(scratch) > 1);
    }

    fn run(&mut self, plan: PlanId) -> Result<(), BackendError> {
        self.device.check()?;
        let missing = || BackendError::Validation(format!("{plan:?} was released"));
        let plan = self.plans.get(&plan).ok_or_else(missing)?;
        let mut encoder = self.device.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            let mut current = None;
            for dispatch in &plan.dispatches {
                if current != Some(&dispatch.pipeline) {
                    pass.set_pipeline(&dispatch.pipeline);
                    current = Some(&dispatch.pipeline);
                }
                pass.set_bind_group(0, &dispatch.group, &[]);
                let [x, y, z] = dispatch.grid;
                pass.dispatch_workgroups(x, y, z);
            }
        }
        for copy in &plan.copies {
            encoder.copy_buffer_to_buffer(&copy.from, 0, &copy.to, 0, copy.bytes);
        }
        let mut copied = Vec::with_capacity(plan.mirrors.len());
        for MirrorCopy { id, from, bytes } in &plan.mirrors {
            let Some(mirror) = self.mirrors.get_mut(id) else { continue };
            let (index, is_new) = mirror.next(&self.device.device);
            self.counters.objects += u64::from(is_new);
            encoder.copy_buffer_to_buffer(from, 0, mirror.buffer(index), 0, *bytes);
            copied.push((id, index));
        }
        let submission = self.device.queue.submit([encoder.finish()]);
        for changed in &plan.changes {
            if let Some(mirror) = self.mirrors.get_mut(changed) {
                mirror.spoil();
            }
        }
        for (id, index) in copied {
            if let Some(mirror) = self.mirrors.get_mut(id) {
                mirror.fill(index, submission.clone());
            }
        }
        self.counters.dispatches += plan.dispatches.len() as u64;
        self.counters.submits += 1;
        self.counters.weight_bytes += plan.weight_bytes;
        Ok(())
    }

    fn read(&mut self, src: BufferId, offset: u64, bytes: usize) -> Task<'static, Vec<u8>> {
        if bytes == 0 {
            return graph::ready(Ok(Vec::new()));
        }
        match self.read_now(src, offset, bytes) {
            Ok(reading) => Box::pin(reading.finish()),
            Err(error) => graph::ready(Err(error)),
        }
    }

    fn memory(&self) -> Memory {
        let tensors: u64 = self.tensors.values().map(|tensor| tensor.bytes).sum();
        let plans: u64 = self.plans.values().map(|plan| plan.own_bytes).sum();
        let scratch: u64 = self.scratch.iter().map(|scratch| scratch.bytes).sum();
        let mirrors: u64 = self.mirrors.values().map(Mirror::bytes).sum();
        let staging = mirrors + self.staging.as_ref().map_or(0, |staging| staging.bytes);
        Memory { host: 0, device: tensors + plans + scratch + staging + ZEROS }
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}
