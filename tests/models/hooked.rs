//! The CPU backend with something between it and the engine.

use std::borrow::Cow;

use cpu::CpuBackend;
use graph::{
    Backend, BackendError, BufferId, Buffers, Choice, Counters, Facts, Graph, Memory, PlanId, Task, TensorType,
};

/// What may be changed or noted; by default nothing.
pub(crate) trait Hooks {
    /// Its facts.
    fn facts(&self, facts: Facts) -> Facts {
        facts
    }

    /// What a plan could do in other ways.
    fn choices(&self) -> Vec<Choice> {
        Vec::new()
    }

    /// An option of a choice is taken.
    fn choose(&mut self, _choice: &str, _option: &str) -> bool {
        false
    }

    /// A buffer was allocated.
    fn allocated(&mut self, _id: BufferId, _ty: &TensorType) {}

    /// The bytes to write.
    fn bytes<'a>(&self, _dst: BufferId, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        bytes.into()
    }

    /// The graph to prepare.
    fn graph(&self, graph: &Graph) -> Graph {
        graph.clone()
    }

    /// A graph was prepared.
    fn prepared(&mut self, _plan: PlanId, _graph: &Graph) {}

    /// A plan is to run.
    fn run(&mut self, backend: &mut CpuBackend, plan: PlanId) -> Result<(), BackendError> {
        backend.run(plan)
    }
}

pub(crate) struct Hooked<H> {
    inner: CpuBackend,
    hooks: H,
}

impl<H: Hooks> Hooked<H> {
    pub(crate) fn new(hooks: H) -> Hooked<H> {
        Hooked { inner: CpuBackend::new(), hooks }
    }
}

impl<H: Hooks> Backend for Hooked<H> {
    fn facts(&self) -> Facts {
        self.hooks.facts(self.inner.facts())
    }

    fn choices(&self, _plan: PlanId) -> Vec<Choice> {
        self.hooks.choices()
    }

    fn choose(&mut self, choice: &str, option: &str) -> bool {
        self.hooks.choose(choice, option)
    }

    fn alloc(&mut self, ty: &TensorType) -> Result<BufferId, BackendError> {
        let id = self.inner.alloc(ty)?;
        self.hooks.allocated(id, ty);
        Ok(id)
    }

    fn write(&mut self, dst: BufferId, offset: u64, bytes: &[u8]) -> Result<(), BackendError> {
        self.inner.write(dst, offset, &self.hooks.bytes(dst, bytes))
    }

    fn free(&mut self, buffer: BufferId) {
        self.inner.free(buffer);
    }

    fn prepare<'a>(&'a mut self, graph: &'a Graph, buffers: &'a Buffers) -> Task<'a, PlanId> {
        let graph = self.hooks.graph(graph);
        let plan = pollster::block_on(self.inner.prepare(&graph, buffers));
        if let Ok(plan) = plan {
            self.hooks.prepared(plan, &graph);
        }
        graph::ready(plan)
    }

    fn release(&mut self, plan: PlanId) {
        self.inner.release(plan);
    }

    fn run(&mut self, plan: PlanId) -> Result<(), BackendError> {
        self.hooks.run(&mut self.inner, plan)
    }

    fn read(&mut self, src: BufferId, offset: u64, bytes: usize) -> Task<'static, Vec<u8>> {
        self.inner.read(src, offset, bytes)
    }

    fn memory(&self) -> Memory {
        self.inner.memory()
    }

    fn counters(&self) -> Counters {
        self.inner.counters()
    }
}
