//! Fills a plan: constants, tables and uniforms, then a bind group for every launch.

use std::{collections::BTreeMap, rc::Rc};

use graph::{BackendError, BufferId, Buffers, Graph, LeafKind, Op, Value};

use crate::{
    GpuBackend,
    kernels::{Site, choose},
    memory::{Layout, Place},
    pipeline::{Pipeline, Scratch},
    plan::{Copy, Dispatch},
    read::{MIRRORED, Staging},
    tensor::{Rows, padded},
};

/// A kernel at a site, before its bind group exists.
pub(crate) struct Launch {
    pipeline: Pipeline,
    label: String,
    params: Vec<u32>,
    inputs: Vec<wgpu::Buffer>,
    output: wgpu::Buffer,
    grid: [u32; 3],
}

pub(crate) struct Builder<'a> {
    backend: &'a mut GpuBackend,
    graph: &'a Graph,
    pub(crate) layout: Layout,
    /// Scratch buffers, by the numbers of the layout.
    pub(crate) slots: Vec<Rc<Scratch>>,
    constants: Vec<wgpu::Buffer>,
    /// Constants, tables and uniforms of the plan's own, and their bytes.
    pub(crate) own: Vec<wgpu::Buffer>,
    pub(crate) own_bytes: u64,
}

impl<'a> Builder<'a> {
    /// A plan of nothing yet, with its constants uploaded.
    pub(crate) fn new(backend: &'a mut GpuBackend, graph: &'a Graph, buffers: &Buffers) -> Builder<'a> {
        let layout = Layout::of(graph, buffers);
        let slots = backend.scratch(&layout.slots);
        let mut builder =
            Builder { backend, graph, layout, slots, constants: Vec::new(), own: Vec::new(), own_bytes: 0 };
        builder.constants();
        builder
    }

    /// A buffer of the plan's own with the given bytes.
    fn upload(&mut self, label: &str, bytes: &[u8], usage: wgpu::BufferUsages) -> wgpu::Buffer {
        let size = padded(bytes.len() as u64);
        let buffer = self.backend.device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage: usage | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        if !bytes.is_empty() {
            self.backend.device.queue.write_buffer(&buffer, 0, bytes);
        }
        self.backend.counters.objects += 1;
        self.own_bytes += size;
        self.own.push(buffer.clone());
        buffer
    }

    fn constants(&mut self) {
        let graph = self.graph;
        for (_, leaf, _) in graph.leaves() {
            if let LeafKind::Constant(values) = &leaf.kind {
                let bytes: &[u8] = bytemuck::cast_slice(values);
                let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
                let buffer = self.upload(&leaf.name, bytes, usage);
                self.constants.push(buffer);
            }
        }
    }

    /// The buffer of a value that is in one piece.
    fn buffer(&self, value: Value) -> Option<wgpu::Buffer> {
        match self.layout.place(self.graph, value)? {
            Place::Bound(id) => self.backend.tensors.get(&id)?.whole().cloned(),
            Place::Slot(slot) => self.slots.get(slot).map(|scratch| scratch.buffer.clone()),
            Place::Constant(number) => self.constants.get(number).cloned(),
        }
    }

    pub(crate) fn launches(&mut self) -> Result<Vec<Launch>, BackendError> {
        let graph = self.graph;
        let mut launches = Vec::new();
        let mut tables = BTreeMap::new();
        for (value, op, ty) in graph.ops() {
            for (rows, part) in self.parts(op) {
                let limits = self.backend.device.limits;
                let site = Site { graph, op, ty, rows, limits: &limits };
                let kernel = choose(&site);
                let missing = || BackendError::Validation(format!("{} reads a value without a buffer", op.name()));
                let mut inputs = self.inputs(op, part.as_ref()).ok_or_else(missing)?;
                if let Some(table) = kernel.table {
                    let words = table(&site);
                    let buffer = match tables.get(&words) {
                        Some(buffer) => wgpu::Buffer::clone(buffer),
                        None => self.upload(kernel.name, bytemuck::cast_slice(&words), wgpu::BufferUsages::STORAGE),
                    };
                    tables.insert(words, buffer.clone());
                    inputs.push(buffer);
                }
                let format = kernel.format(&site);
                launches.push(Launch {
                    pipeline: self.backend.pipeline(kernel, format, &(kernel.constants)(&site))?,
                    label: kernel.label(format),
                    params: (kernel.params)(&site),
                    inputs,
                    output: self.buffer(value).ok_or_else(missing)?,
                    grid: (kernel.grid)(&site),
                });
            }
        }
        Ok(launches)
    }

    /// The pieces of the weight of an op, each with its buffer; one piece of all rows for an op without a weight.
    fn parts(&self, op: &Op) -> Vec<(Rows, Option<wgpu::Buffer>)> {
        let weight = match *op {
            Op::Linear { weight, .. } => weight,
            Op::Gather { table, .. } => table,
            _ => return vec![(Rows { first: 0, count: 0 }, None)],
        };
        let rows = Rows { first: 0, count: self.graph.ty(weight).shape.rows() as u64 };
        match self.layout.place(self.graph, weight) {
            Some(Place::Bound(id)) => {
                let parts = self.backend.tensors.get(&id).map(|tensor| tensor.parts.as_slice()).unwrap_or_default();
                parts.iter().map(|part| (part.rows, Some(part.buffer.clone()))).collect()
            }
            _ => vec![(rows, self.buffer(weight))],
        }
    }

    /// Buffers in the order of the bindings, see [`Kernel`]. `part` stands for the weight.
    fn inputs(&self, op: &Op, part: Option<&wgpu::Buffer>) -> Option<Vec<wgpu::Buffer>> {
        let absent = || Some(self.backend.zeros.clone());
        match *op {
            Op::Linear { input, bias, .. } => {
                [self.buffer(input), part.cloned(), bias.map_or_else(absent, |bias| self.buffer(bias))]
                    .into_iter()
                    .collect()
            }
            Op::Gather { index, .. } => [part.cloned(), self.buffer(index)].into_iter().collect(),
            Op::Append { input, positions, .. } => {
                [input, positions].map(|value| self.buffer(value)).into_iter().collect()
            }
            Op::Rope { input, positions, factors, .. } => [
                self.buffer(input),
                self.buffer(positions),
                factors.map_or_else(absent, |factors| self.buffer(factors)),
            ]
            .into_iter()
            .collect(),
            _ => op.inputs().into_iter().map(|value| self.buffer(value)).collect(),
        }
    }

    /// One uniform buffer with the words of every launch, and the offset of each.
    pub(crate) fn uniforms(&mut self, launches: &[Launch]) -> (wgpu::Buffer, Vec<(u64, u64)>) {
        let alignment = self.backend.device.limits.uniform_alignment as usize;
        let mut bytes = Vec::new();
        let mut ranges = Vec::new();
        for launch in launches {
            bytes.resize(bytes.len().next_multiple_of(alignment), 0);
            let start = bytes.len();
            bytes.extend_from_slice(bytemuck::cast_slice(&launch.params));
            bytes.resize(bytes.len().next_multiple_of(16), 0);
            ranges.push((start as u64, (bytes.len() - start) as u64));
        }
        (self.upload("params", &bytes, wgpu::BufferUsages::UNIFORM), ranges)
    }

    pub(crate) fn dispatches(
        &mut self,
        launches: &[Launch],
        (uniforms, ranges): &(wgpu::Buffer, Vec<(u64, u64)>),
    ) -> Result<Vec<Dispatch>, BackendError> {
        let most = self.backend.device.limits.max_groups;
        let mut dispatches = Vec::new();
        for (launch, &(offset, size)) in launches.iter().zip(ranges) {
            if launch.grid.iter().any(|&groups| groups > most) {
                let reason = format!("{:?} workgroups, at most {most} in one dimension", launch.grid);
                return Err(BackendError::Unsupported { op: launch.label.clone(), reason });
            }
            let size = std::num::NonZero::new(size);
            let params = wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: uniforms, offset, size });
            let storage = launch.inputs.iter().chain([&launch.output]).map(wgpu::Buffer::as_entire_binding);
            let entries: Vec<wgpu::BindGroupEntry<'_>> = [params]
                .into_iter()
                .chain(storage)
                .enumerate()
                .map(|(binding, resource)| wgpu::BindGroupEntry { binding: binding as u32, resource })
                .collect();
            let group = self.backend.device.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(&launch.label),
                layout: &launch.pipeline.layout,
                entries: &entries,
            });
            self.backend.counters.objects += 1;
            dispatches.push(Dispatch { pipeline: launch.pipeline.pipeline.clone(), group, grid: launch.grid });
        }
        Ok(dispatches)
    }

    pub(crate) fn copies(&self) -> Vec<Copy> {
        let copies = self.layout.copies.iter().filter_map(|&(value, id)| {
            let from = self.buffer(value)?;
            let to = self.backend.tensors.get(&id)?.whole()?.clone();
            let bytes = padded(self.graph.ty(value).bytes()?);
            (from != to).then_some(Copy { from, to, bytes })
        });
        copies.collect()
    }

    /// Small outputs get a buffer that the host can map.
    pub(crate) fn mirrors(&mut self, buffers: &Buffers) -> Vec<(BufferId, Copy)> {
        let mut mirrors: Vec<(BufferId, Copy)> = Vec::new();
        for output in self.graph.outputs() {
            let id = buffers[&output.name];
            let Some(tensor) = self.backend.tensors.get(&id) else { continue };
            let (bytes, Some(from)) = (tensor.bytes, tensor.whole().cloned()) else { continue };
            if bytes > MIRRORED || mirrors.iter().any(|(other, _)| *other == id) {
                continue;
            }
            let mirror = self.backend.mirrors.entry(id).or_insert_with(|| {
                self.backend.counters.objects += 1;
                Staging::new(&self.backend.device.device, bytes)
            });
            mirrors.push((id, Copy { from, to: mirror.buffer.clone(), bytes }));
        }
        mirrors
    }
}
