//! A host, backends and model folders for tests.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;
use std::{future::Future, pin::Pin};

use engine::{Engine, EngineError, Event, Host, LoadOptions};
use graph::Backend;
use weights::{ByteSource, File, SourceError};

/// The clock of this process; pausing does nothing.
pub(crate) struct Native(Instant);

impl Native {
    pub(crate) fn boxed() -> Box<dyn Host> {
        Box::new(Native(Instant::now()))
    }
}

impl Host for Native {
    fn now(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e3
    }

    fn unix_ms(&self) -> f64 {
        1_709_211_845_000.0 // 29 February 2024
    }

    fn pause(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// A sink that wants everything.
pub(crate) fn all(_: Event<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The limits that every browser has, and the kernels of a tier whatever the adapter is.
fn options(tier: gpu::Tier) -> gpu::Options {
    gpu::Options { default_limits: true, tier: Some(tier), ..Default::default() }
}

/// Which backend a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    Cpu,
    Gpu,
}

impl Device {
    /// How far a result of plain weights may be from f64, where f32 arithmetic is at most `tolerance` off. The CPU rounds
    /// plain weights to about 14 bits and the activations they meet to 15: a product is off by 1e-4 of its size, and a model
    /// of a dozen products with logits of about 10 by some 1e-3.
    pub(crate) fn plain(self, tolerance: f64) -> f64 {
        match self {
            Device::Cpu => 20.0 * tolerance,
            Device::Gpu => tolerance,
        }
    }

    /// The backend, or `None` after saying why not.
    pub(crate) fn backend(self) -> Option<Box<dyn Backend>> {
        match self {
            Device::Cpu => Some(Box::new(cpu::CpuBackend::new())),
            Device::Gpu => Some(Box::new(open_gpu()?)),
        }
    }
}

/// Whether software GPUs are to do all of what they are too slow for.
pub(crate) fn full() -> bool {
    std::env::var_os("RUSHLIGHT_FULL").is_some()
}

/// The GPU backend with the kernels that every GPU gets, on lavapipe too; or `None` after saying why not.
pub(crate) fn open_gpu() -> Option<gpu::GpuBackend> {
    open_tier(gpu::Tier::Fused)
}

/// The GPU backend with the kernels of a tier, or `None` after saying why not.
pub(crate) fn open_tier(tier: gpu::Tier) -> Option<gpu::GpuBackend> {
    match pollster::block_on(gpu::GpuBackend::new(options(tier))) {
        Ok(backend) if backend.limits().tier == tier => Some(backend),
        Ok(backend) => {
            println!("skipped: {}", backend.facts().details["tierReason"]);
            None
        }
        Err(error) => {
            assert!(std::env::var_os("REQUIRE_GPU").is_none(), "{error}");
            println!("skipped: no adapter");
            None
        }
    }
}

/// Loads a model or gives the error of the load.
pub(crate) fn load(
    device: impl Into<engine::Device>,
    files: Vec<File>,
    context: Option<usize>,
) -> Result<Engine, EngineError> {
    pollster::block_on(Engine::load(
        device,
        files,
        LoadOptions { context, ..Default::default() },
        Native::boxed(),
        &mut all,
    ))
}

/// The files of a model of the model folder, or `None` after saying that it is not there.
pub(crate) fn model(id: &str) -> Option<Vec<File>> {
    let root = std::env::var_os("RUSHLIGHT_MODELS").map(PathBuf::from).or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        Some(cache?.join("rushlight/models"))
    });
    let folder = root.map(|root| root.join(id)).filter(|folder| folder.is_dir());
    let Some(folder) = folder else {
        assert!(std::env::var_os("REQUIRE_MODELS").is_none(), "model {id} not present");
        println!("skipped: model {id} not present");
        return None;
    };
    let mut files = Vec::new();
    let mut open = vec![folder.clone()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
            files.push(File { name, source: Box::new(OnDisk(std::fs::File::open(path).unwrap())) });
        }
    }
    Some(files)
}

struct OnDisk(std::fs::File);

impl ByteSource for OnDisk {
    fn len(&self) -> u64 {
        self.0.metadata().map(|metadata| metadata.len()).unwrap_or(0)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), SourceError> {
        use std::io::{Read, Seek, SeekFrom};
        let read = self.0.seek(SeekFrom::Start(offset)).and_then(|_| self.0.read_exact(into));
        read.map_err(|error| SourceError { message: error.to_string() })
    }
}

/// A backend that outlives the engine that uses it.
pub(crate) struct Shared<B>(pub(crate) std::rc::Rc<std::cell::RefCell<B>>);

impl<B: Backend> Backend for Shared<B> {
    fn facts(&self) -> graph::Facts {
        self.0.borrow().facts()
    }

    fn step_down(&mut self) -> bool {
        self.0.borrow_mut().step_down()
    }

    fn choices(&self, plan: graph::PlanId) -> Vec<graph::Choice> {
        self.0.borrow().choices(plan)
    }

    fn choose(&mut self, choice: &str, option: &str) -> bool {
        self.0.borrow_mut().choose(choice, option)
    }

    fn alloc(&mut self, ty: &graph::TensorType) -> Result<graph::BufferId, graph::BackendError> {
        self.0.borrow_mut().alloc(ty)
    }

    fn write(&mut self, dst: graph::BufferId, offset: u64, bytes: &[u8]) -> Result<(), graph::BackendError> {
        self.0.borrow_mut().write(dst, offset, bytes)
    }

    fn free(&mut self, buffer: graph::BufferId) {
        self.0.borrow_mut().free(buffer);
    }

    fn prepare<'a>(
        &'a mut self,
        graph: &'a graph::Graph,
        buffers: &'a graph::Buffers,
    ) -> graph::Task<'a, graph::PlanId> {
        graph::ready(pollster::block_on(self.0.borrow_mut().prepare(graph, buffers)))
    }

    fn release(&mut self, plan: graph::PlanId) {
        self.0.borrow_mut().release(plan);
    }

    fn run(&mut self, plan: graph::PlanId) -> Result<(), graph::BackendError> {
        self.0.borrow_mut().run(plan)
    }

    fn read(&mut self, src: graph::BufferId, offset: u64, bytes: usize) -> graph::Task<'static, Vec<u8>> {
        self.0.borrow_mut().read(src, offset, bytes)
    }

    fn memory(&self) -> graph::Memory {
        self.0.borrow().memory()
    }

    fn counters(&self) -> graph::Counters {
        self.0.borrow().counters()
    }
}
