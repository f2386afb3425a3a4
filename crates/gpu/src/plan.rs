//! A prepared step: pipelines, bind groups and grids in order. Everything a run needs is made here, once.

use std::{collections::BTreeMap, rc::Rc};

use graph::{BackendError, BufferId, Buffers, DType, Graph, LeafKind, Op, TensorType, Value};

use crate::{
    GpuBackend,
    kernels::{Kernel, Site, choose},
    memory::{Layout, Place},
    read::{MIRRORED, Staging},
    shader,
    tensor::{Rows, padded, storage},
};

/// One kernel launch.
pub(crate) struct Dispatch {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) group: wgpu::BindGroup,
    pub(crate) grid: [u32; 3],
}

/// A buffer-to-buffer copy after the kernels.
pub(crate) struct Copy {
    pub(crate) from: wgpu::Buffer,
    pub(crate) to: wgpu::Buffer,
    pub(crate) bytes: u64,
}

/// A prepared graph.
pub(crate) struct Plan {
    pub(crate) dispatches: Vec<Dispatch>,
    /// Outputs that are leaves or states.
    pub(crate) copies: Vec<Copy>,
    /// Outputs that are copied for the host.
    pub(crate) mirrors: Vec<(BufferId, Copy)>,
    /// States it changes: their mirrors, if they have one, are stale after a run.
    pub(crate) changes: Vec<BufferId>,
    /// Scratch buffers, shared with other plans.
    _slots: Vec<Rc<Scratch>>,
    /// Constants, tables and uniforms of its own.
    own: Vec<wgpu::Buffer>,
    pub(crate) own_bytes: u64,
}

/// A scratch buffer. Plans run one after another, so they share them.
pub(crate) struct Scratch {
    pub(crate) buffer: wgpu::Buffer,
    pub(crate) bytes: u64,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.buffer.destroy();
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        self.own.iter().for_each(wgpu::Buffer::destroy);
    }
}

/// A pipeline with the layout of its bind group.
#[derive(Clone)]
pub(crate) struct Pipeline {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

/// Plans a graph on a backend.
pub(crate) fn prepare(backend: &mut GpuBackend, graph: &Graph, buffers: &Buffers) -> Result<Plan, BackendError> {
    check(backend, graph, buffers)?;
    let layout = Layout::of(graph, buffers);
    let slots = backend.scratch(&layout.slots);
    let mut builder = Builder { backend, graph, layout, slots, constants: Vec::new(), own: Vec::new(), own_bytes: 0 };
    builder.constants();
    let launches = builder.launches()?;
    let uniforms = builder.uniforms(&launches);
    let dispatches = builder.dispatches(&launches, &uniforms)?;
    let copies = builder.copies();
    let mirrors = builder.mirrors(buffers);
    let changes = graph.ops().filter(|(_, op, _)| matches!(op, Op::Append { .. }));
    let changes = changes.filter_map(|(value, ..)| match builder.layout.place(graph, value) {
        Some(Place::Bound(buffer)) => Some(buffer),
        _ => None,
    });
    Ok(Plan {
        dispatches,
        copies,
        mirrors,
        changes: changes.collect(),
        _slots: builder.slots,
        own: builder.own,
        own_bytes: builder.own_bytes,
    })
}

/// Every leaf and output has a buffer of its type, and every value fits a binding.
fn check(backend: &GpuBackend, graph: &Graph, buffers: &Buffers) -> Result<(), BackendError> {
    let leaves = graph.leaves().filter(|(_, leaf, _)| !matches!(leaf.kind, LeafKind::Constant(_)));
    let leaves = leaves.map(|(_, leaf, ty)| (&leaf.name, ty, leaf.kind == LeafKind::Weight));
    let outputs = graph.outputs().iter().map(|output| (&output.name, graph.ty(output.value), false));
    for (name, ty, weight) in leaves.chain(outputs) {
        let found = buffers.get(name).and_then(|id| backend.tensors.get(id));
        let unbound = |found: String| BackendError::Unbound { name: name.clone(), expected: ty.clone(), found };
        let tensor = found.ok_or_else(|| unbound("nothing".into()))?;
        if &tensor.ty != ty {
            return Err(unbound(tensor.ty.to_string()));
        }
        if !weight && tensor.whole().is_none() {
            return Err(too_large(backend, name, ty));
        }
    }
    for (value, op, ty) in graph.ops() {
        if ty.bytes().is_none_or(|bytes| bytes > backend.device.limits.max_binding) {
            return Err(too_large(backend, &graph.name(value), ty));
        }
        if let Op::Attention { query, heads, .. } = op
            && graph.ty(*query).shape.columns() / heads > 256
        {
            let reason = format!("heads of {} {} are longer than 256", graph.name(*query), graph.ty(*query));
            return Err(BackendError::Unsupported { op: op.name().into(), reason });
        }
    }
    Ok(())
}

fn too_large(backend: &GpuBackend, name: &str, ty: &TensorType) -> BackendError {
    let limit = backend.device.limits.max_binding;
    let reason = format!("{name} {ty} is larger than a binding may be on this device ({limit} bytes)");
    BackendError::Unsupported { op: "prepare".into(), reason }
}

/// A kernel at a site, before its bind group exists.
struct Launch {
    pipeline: Pipeline,
    label: String,
    params: Vec<u32>,
    inputs: Vec<wgpu::Buffer>,
    output: wgpu::Buffer,
    grid: [u32; 3],
}

struct Builder<'a> {
    backend: &'a mut GpuBackend,
    graph: &'a Graph,
    layout: Layout,
    slots: Vec<Rc<Scratch>>,
    constants: Vec<wgpu::Buffer>,
    own: Vec<wgpu::Buffer>,
    own_bytes: u64,
}

impl Builder<'_> {
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

    fn launches(&mut self) -> Result<Vec<Launch>, BackendError> {
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
    fn uniforms(&mut self, launches: &[Launch]) -> (wgpu::Buffer, Vec<(u64, u64)>) {
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

    fn dispatches(
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

    fn copies(&self) -> Vec<Copy> {
        let copies = self.layout.copies.iter().filter_map(|&(value, id)| {
            let from = self.buffer(value)?;
            let to = self.backend.tensors.get(&id)?.whole()?.clone();
            let bytes = padded(self.graph.ty(value).bytes()?);
            (from != to).then_some(Copy { from, to, bytes })
        });
        copies.collect()
    }

    /// Small outputs get a buffer that the host can map.
    fn mirrors(&mut self, buffers: &Buffers) -> Vec<(BufferId, Copy)> {
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

impl GpuBackend {
    /// Scratch buffers of at least these sizes, out of the shared ones where they do.
    fn scratch(&mut self, sizes: &[u64]) -> Vec<Rc<Scratch>> {
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&slot| std::cmp::Reverse(sizes[slot]));
        self.scratch.sort_by_key(|scratch| std::cmp::Reverse(scratch.bytes));
        let mut shared = self.scratch.clone().into_iter().peekable();
        let mut found: BTreeMap<usize, Rc<Scratch>> = BTreeMap::new();
        for slot in order {
            let scratch = shared.next_if(|scratch| scratch.bytes >= sizes[slot]).unwrap_or_else(|| {
                self.counters.objects += 1;
                let buffer = storage(&self.device.device, "scratch", sizes[slot]);
                let new = Rc::new(Scratch { buffer, bytes: sizes[slot] });
                self.scratch.push(new.clone());
                new
            });
            found.insert(slot, scratch);
        }
        found.into_values().collect()
    }

    fn pipeline(
        &mut self,
        kernel: &Kernel,
        format: Option<DType>,
        constants: &[(&'static str, f64)],
    ) -> Result<Pipeline, BackendError> {
        let key = kernel.key(format, constants);
        if let Some(pipeline) = self.pipelines.get(&key) {
            return Ok(pipeline.clone());
        }
        let label = kernel.label(format);
        let device = &self.device.device;
        if !self.modules.contains_key(&label) {
            let import = |name| BackendError::Validation(format!("{label}: no file to import is named {name}"));
            let source = shader::compose(kernel.wgsl, format).map_err(import)?;
            let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(&label),
                source: wgpu::ShaderSource::Wgsl(source.into()),
            });
            self.counters.objects += 1;
            self.modules.insert(label.clone(), module);
        }
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(&key),
            layout: None,
            module: &self.modules[&label],
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
            cache: None,
        });
        let layout = pipeline.get_bind_group_layout(0);
        self.counters.objects += 2;
        let pipeline = Pipeline { pipeline, layout };
        self.pipelines.insert(key, pipeline.clone());
        Ok(pipeline)
    }
}
