//! A backend that hashes what is read through it.

use std::{cell::Cell, rc::Rc};

use graph::{Backend, BackendError, BufferId, Buffers, Counters, Facts, Graph, Memory, PlanId, Task, TensorType};

/// FNV-1a over every byte read.
pub(crate) struct Hashed<'b> {
    inner: &'b mut dyn Backend,
    hash: Rc<Cell<u64>>,
}

impl<'b> Hashed<'b> {
    pub(crate) fn new(inner: &'b mut dyn Backend) -> Self {
        Hashed { inner, hash: Rc::new(Cell::new(0xcbf2_9ce4_8422_2325)) }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash.get()
    }
}

impl Backend for Hashed<'_> {
    fn facts(&self) -> Facts {
        self.inner.facts()
    }

    fn alloc(&mut self, ty: &TensorType) -> Result<BufferId, BackendError> {
        self.inner.alloc(ty)
    }

    fn write(&mut self, dst: BufferId, offset: u64, bytes: &[u8]) -> Result<(), BackendError> {
        self.inner.write(dst, offset, bytes)
    }

    fn free(&mut self, buffer: BufferId) {
        self.inner.free(buffer);
    }

    fn prepare<'a>(&'a mut self, graph: &'a Graph, buffers: &'a Buffers) -> Task<'a, PlanId> {
        self.inner.prepare(graph, buffers)
    }

    fn release(&mut self, plan: PlanId) {
        self.inner.release(plan);
    }

    fn run(&mut self, plan: PlanId) -> Result<(), BackendError> {
        self.inner.run(plan)
    }

    fn read(&mut self, src: BufferId, offset: u64, bytes: usize) -> Task<'static, Vec<u8>> {
        let (read, hash) = (self.inner.read(src, offset, bytes), self.hash.clone());
        Box::pin(async move {
            let bytes = read.await?;
            for byte in &bytes {
                hash.set((hash.get() ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
            }
            Ok(bytes)
        })
    }

    fn memory(&self) -> Memory {
        self.inner.memory()
    }

    fn counters(&self) -> Counters {
        self.inner.counters()
    }
}
