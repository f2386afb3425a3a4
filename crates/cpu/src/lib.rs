//! The CPU backend: f32 activations, matrix products in exact integers, four lanes of Wasm SIMD. It is the path of machines
//! without WebGPU, and the numbers that GPU kernels are held against.

mod integers;
mod math;
mod ops;
mod packed;
mod plan;
mod pool;
mod precision;
mod quant;
mod simd;
mod step;
mod tile;

use std::collections::BTreeMap;

use graph::{
    Backend, BackendError, BufferId, Buffers, Counters, Facts, Graph, Memory, PlanId, Task, TensorType, ready,
};

use plan::Plan;
use step::Resources;

pub use pool::{Pool, Seat, abandon};
pub use precision::{Precision, Product, Relaxed};

/// Computes on the calling thread, and on those of its pool. Everything has happened when a call returns; the futures are
/// ready. Results are the same bits for any number of threads.
pub struct CpuBackend {
    buffers: BTreeMap<BufferId, Buffer>,
    plans: BTreeMap<PlanId, Plan>,
    /// What the steps of all plans work in.
    scratch: Vec<u32>,
    /// What the steps of all plans leave for later ones of the same run.
    slots: Vec<Vec<u32>>,
    pool: Pool,
    precision: Precision,
    /// Never used twice, so that a freed handle cannot mean something else.
    next: u32,
    counters: Counters,
}

/// A tensor in memory, in whole words so that f32 and u32 are aligned.
pub(crate) struct Buffer {
    pub(crate) ty: TensorType,
    pub(crate) words: Vec<u32>,
    /// How many were asked for.
    pub(crate) bytes: usize,
    /// How a weight lies here since a plan reads it: no longer as it was written.
    pub(crate) packed: Option<packed::Layout>,
}

/// Zeroed words, or an error where `vec!` would abort.
pub(crate) fn claim(words: usize, what: &str) -> Result<Vec<u32>, BackendError> {
    let mut memory = Vec::new();
    memory
        .try_reserve_exact(words)
        .map_err(|_| BackendError::OutOfMemory { bytes: (words as u64).saturating_mul(4), what: what.into() })?;
    memory.resize(words, 0);
    Ok(memory)
}

/// What was packed for a plan can be neither read nor changed any more.
pub(crate) fn packed_already(ty: &TensorType) -> BackendError {
    BackendError::Unsupported { op: "access".into(), reason: format!("a weight {ty} is packed since a plan reads it") }
}

impl CpuBackend {
    /// A backend that holds nothing yet, on the calling thread alone.
    pub fn new() -> CpuBackend {
        CpuBackend::with_pool(Pool::new(1).0)
    }

    /// A backend that computes on all threads of a pool.
    pub fn with_pool(pool: Pool) -> CpuBackend {
        CpuBackend {
            buffers: BTreeMap::new(),
            plans: BTreeMap::new(),
            scratch: Vec::new(),
            slots: Vec::new(),
            pool,
            precision: Precision::default(),
            next: 0,
            counters: Counters::default(),
        }
    }

    /// The backend, rounding activations that finely.
    pub fn rounding(mut self, precision: Precision) -> CpuBackend {
        self.precision = precision;
        self
    }

    fn id(&mut self) -> u32 {
        self.next += 1;
        self.counters.objects += 1;
        self.next
    }

    /// Bytes `offset..offset + length` of a buffer.
    fn bytes(&mut self, id: BufferId, offset: u64, length: usize) -> Result<&mut [u8], BackendError> {
        let buffer = self.buffers.get_mut(&id).ok_or(BackendError::BadBuffer(id))?;
        if buffer.packed.is_some() {
            return Err(packed_already(&buffer.ty));
        }
        let start = usize::try_from(offset).map_err(|_| BackendError::BadBuffer(id))?;
        bytemuck::cast_slice_mut(&mut buffer.words)
            .get_mut(..buffer.bytes)
            .and_then(|bytes| bytes.get_mut(start..)?.get_mut(..length))
            .ok_or(BackendError::BadBuffer(id))
    }
}

impl Default for CpuBackend {
    fn default() -> Self {
        CpuBackend::new()
    }
}

impl Backend for CpuBackend {
    fn facts(&self) -> Facts {
        Facts {
            device: "wasm",
            name: simd::NAME.into(),
            details: BTreeMap::from([
                ("target", std::env::consts::ARCH.into()),
                ("threads", self.pool.size().to_string()),
                ("precision", self.precision.name().into()),
            ]),
        }
    }

    fn alloc(&mut self, ty: &TensorType) -> Result<BufferId, BackendError> {
        let out_of_memory =
            || BackendError::OutOfMemory { bytes: ty.bytes().unwrap_or(u64::MAX), what: ty.to_string() };
        let bytes = ty.bytes().and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(out_of_memory)?;
        let words = claim(packed::capacity(ty, bytes).div_ceil(4), &ty.to_string())?;
        let id = BufferId(self.id());
        self.buffers.insert(id, Buffer { ty: ty.clone(), words, bytes, packed: None });
        Ok(id)
    }

    fn write(&mut self, dst: BufferId, offset: u64, bytes: &[u8]) -> Result<(), BackendError> {
        self.bytes(dst, offset, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    fn free(&mut self, buffer: BufferId) {
        self.buffers.remove(&buffer);
    }

    fn prepare<'a>(&'a mut self, graph: &'a Graph, buffers: &'a Buffers) -> Task<'a, PlanId> {
        let packed = packed::pack(graph, buffers, &mut self.buffers);
        let plan = packed.and_then(|()| Plan::new(graph, buffers, &self.buffers, self.pool.size()));
        ready(plan.and_then(|plan| {
            if plan.scratch > self.scratch.len() {
                self.scratch = claim(plan.scratch, "scratch memory")?;
            }
            plan.claim(&mut self.slots)?;
            let id = PlanId(self.id());
            self.plans.insert(id, plan);
            Ok(id)
        }))
    }

    fn release(&mut self, plan: PlanId) {
        self.plans.remove(&plan);
        if self.plans.is_empty() {
            (self.scratch, self.slots) = (Vec::new(), Vec::new());
        }
    }

    fn run(&mut self, plan: PlanId) -> Result<(), BackendError> {
        let Some(plan) = self.plans.get(&plan) else {
            return Err(BackendError::Validation(format!("{plan:?} was released")));
        };
        let (pool, precision) = (&mut self.pool, self.precision);
        let resources = Resources { scratch: &mut self.scratch, pool, precision };
        plan.run(&mut self.slots, &mut self.buffers, resources)?;
        self.counters.dispatches += plan.len() as u64;
        self.counters.submits += 1;
        Ok(())
    }

    fn read(&mut self, src: BufferId, offset: u64, bytes: usize) -> Task<'static, Vec<u8>> {
        let result = self.bytes(src, offset, bytes).map(|bytes| bytes.to_vec());
        if result.is_ok() {
            self.counters.reads += 1;
            self.counters.bytes_read += bytes as u64;
        }
        ready(result)
    }

    fn memory(&self) -> Memory {
        let buffers: u64 = self.buffers.values().map(|buffer| buffer.words.len() as u64 * 4).sum();
        let plans: u64 = self.plans.values().map(Plan::bytes).sum();
        let shared = self.scratch.len() + self.slots.iter().map(Vec::len).sum::<usize>();
        Memory { host: buffers + plans + shared as u64 * 4, device: 0 }
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}
