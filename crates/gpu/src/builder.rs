//! Fills a plan: constants, vectors, tables and uniforms, then a bind group for every launch.

use std::{collections::BTreeMap, rc::Rc};

use graph::{BackendError, Buffers, Graph, LeafKind, Value};

use crate::{
    GpuBackend,
    bindings::{Operand, bindings, is_read_whole},
    fuse::{Program, Stage},
    kernels::{Site, choose},
    memory::{Layout, Place},
    params,
    pipeline::{Build, Scratch},
    plan::{Copy, Dispatch, MirrorCopy},
    read::{MIRRORED, Mirror},
    tensor::{Rows, padded},
};

/// A kernel at a site, before its bind group exists.
pub(crate) struct Launch {
    pub(crate) build: Build,
    params: Vec<u32>,
    storage: Vec<(u32, wgpu::Buffer)>,
    grid: [u32; 3],
    /// Of weights that it is bound to and reads whole.
    pub(crate) weight_bytes: u64,
    /// Units of a row and lanes that share it, if `linear` runs for one token.
    pub(crate) lanes: Option<(u32, u32)>,
    /// Whether it could go by packed products, or does.
    pub(crate) may_have_dots: bool,
}

pub(crate) struct Builder<'a> {
    pub(crate) backend: &'a mut GpuBackend,
    graph: &'a Graph,
    program: &'a Program,
    pub(crate) layout: Layout,
    /// Scratch buffers, by the numbers of the layout.
    pub(crate) slots: Vec<Rc<Scratch>>,
    constants: Vec<wgpu::Buffer>,
    vectors: wgpu::Buffer,
    /// Constants, tables and uniforms of the plan's own, and their bytes.
    pub(crate) own: Vec<wgpu::Buffer>,
    pub(crate) own_bytes: u64,
}

impl<'a> Builder<'a> {
    /// A plan of nothing yet, with its constants uploaded.
    pub(crate) fn new(
        backend: &'a mut GpuBackend,
        graph: &'a Graph,
        program: &'a Program,
        buffers: &Buffers,
    ) -> Builder<'a> {
        let layout = Layout::of(graph, program, buffers);
        let slots = backend.scratch(&layout.slots);
        let vectors = backend.zeros.clone();
        let (constants, own, own_bytes) = (Vec::new(), Vec::new(), 0);
        let mut builder = Builder { backend, graph, program, layout, slots, constants, vectors, own, own_bytes };
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

    /// Copies the vectors of the program into one buffer.
    pub(crate) fn vectors(&mut self) -> Result<(), BackendError> {
        if self.program.vectors.words == 0 {
            return Ok(());
        }
        let mut words = vec![0; self.program.vectors.words as usize];
        for (table, &at) in &self.program.vectors.tables {
            words[at as usize..at as usize + table.len()].copy_from_slice(table);
        }
        self.vectors = self.upload("vectors", bytemuck::cast_slice(&words), wgpu::BufferUsages::STORAGE);
        let mut encoder = self.backend.device.device.create_command_encoder(&Default::default());
        for (&leaf, &at) in &self.program.vectors.leaves {
            let missing = || BackendError::Validation(format!("{} has no buffer", self.graph.name(leaf)));
            let from = self.buffer(leaf).ok_or_else(missing)?;
            let bytes = self.graph.ty(leaf).bytes().unwrap_or(0);
            encoder.copy_buffer_to_buffer(&from, 0, &self.vectors, u64::from(at) * 4, bytes);
        }
        self.backend.device.queue.submit([encoder.finish()]);
        Ok(())
    }

    /// The buffer of a value that is in one piece.
    fn buffer(&self, value: Value) -> Option<wgpu::Buffer> {
        match self.layout.place(self.graph, self.program, value)? {
            Place::Bound(id) => self.backend.tensors.get(&id)?.whole().cloned(),
            Place::Slot(slot) => self.slots.get(slot).map(|scratch| scratch.buffer.clone()),
            Place::Constant(number) => self.constants.get(number).cloned(),
        }
    }

    /// Every launch, without its pipeline, which [`GpuBackend::compile_missing`] makes of [`Launch::build`].
    pub(crate) fn launches(&mut self) -> Result<Vec<Launch>, BackendError> {
        let limits = self.backend.device.limits;
        let mut launches = Vec::new();
        let mut tables = BTreeMap::new();
        let (graph, program) = (self.graph, self.program);
        for stage in &program.stages {
            let name = graph.name(stage.result());
            let missing = || BackendError::Validation(format!("{name} is computed of a value without a buffer"));
            for (rows, piece) in self.pieces(stage) {
                let site = Site::new(graph, program, stage, &limits).ok_or_else(missing)?;
                let site = Site { rows: rows.unwrap_or(site.rows), ..site };
                let kernel = choose(&site);
                let table = kernel.table.map(|table| {
                    let words = table(&site);
                    let known = tables.get(&words).cloned();
                    let buffer = known.unwrap_or_else(|| {
                        self.upload(kernel.name, bytemuck::cast_slice(&words), wgpu::BufferUsages::STORAGE)
                    });
                    tables.insert(words, buffer.clone());
                    buffer
                });
                let buffer = |operand: Operand| match operand {
                    Operand::Value(value) => self.buffer(value),
                    Operand::Piece => piece.clone(),
                    Operand::Table => table.clone(),
                    Operand::Vectors => Some(self.vectors.clone()),
                    Operand::Absent => Some(self.backend.zeros.clone()),
                };
                let all = bindings(graph, stage, kernel.table.is_some());
                let storage = all.iter().map(|&(number, operand)| Some((number, buffer(operand)?)));
                let storage = storage.collect::<Option<Vec<_>>>().ok_or_else(missing)?;
                let bound = all.iter().zip(&storage).filter(|((_, operand), _)| is_read_whole(graph, stage, *operand));
                let weight_bytes = bound.map(|(_, (_, buffer))| buffer.size()).sum();
                launches.push(Launch {
                    build: Build::of(kernel, &site),
                    params: (kernel.params)(&site),
                    storage,
                    grid: (kernel.grid)(&site),
                    weight_bytes,
                    lanes: params::lanes_of_one(&site),
                    may_have_dots: params::may_have_dots(&site),
                });
            }
        }
        Ok(launches)
    }

    /// The pieces of the weight of a stage with one weight: rows and buffer of each. One of nothing for any other stage.
    fn pieces(&self, stage: &Stage) -> Vec<(Option<Rows>, Option<wgpu::Buffer>)> {
        let weights = stage.weights(self.graph);
        let [weight] = weights.as_slice() else { return vec![(None, None)] };
        match self.layout.place(self.graph, self.program, *weight) {
            Some(Place::Bound(id)) => {
                let parts = self.backend.tensors.get(&id).map(|tensor| tensor.parts.as_slice()).unwrap_or_default();
                parts.iter().map(|part| (Some(part.rows), Some(part.buffer.clone()))).collect()
            }
            _ => vec![(None, self.buffer(*weight))],
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
            let label = launch.build.key();
            let Some(pipeline) = self.backend.pipelines.get(&label) else {
                return Err(BackendError::Validation(format!("{label} was not compiled")));
            };
            if launch.grid.iter().any(|&groups| groups > most) {
                let reason = format!("{:?} workgroups, at most {most} in one dimension", launch.grid);
                return Err(BackendError::Unsupported { op: label, reason });
            }
            let size = std::num::NonZero::new(size);
            let params = wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: uniforms, offset, size });
            let storage = launch.storage.iter().map(|(binding, buffer)| (*binding, buffer.as_entire_binding()));
            let entries: Vec<wgpu::BindGroupEntry<'_>> = [(0, params)]
                .into_iter()
                .chain(storage)
                .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
                .collect();
            let group = self.backend.device.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(&label),
                layout: &pipeline.layout,
                entries: &entries,
            });
            dispatches.push(Dispatch { pipeline: pipeline.pipeline.clone(), group, grid: launch.grid });
        }
        self.backend.counters.objects += dispatches.len() as u64;
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
    pub(crate) fn mirrors(&mut self, buffers: &Buffers) -> Vec<MirrorCopy> {
        let mut mirrors: Vec<MirrorCopy> = Vec::new();
        for output in self.graph.outputs() {
            let id = buffers[&output.name];
            let Some(tensor) = self.backend.tensors.get(&id) else { continue };
            let (bytes, Some(from)) = (tensor.bytes, tensor.whole().cloned()) else { continue };
            if bytes > MIRRORED || mirrors.iter().any(|other| other.id == id) {
                continue;
            }
            self.backend.mirrors.entry(id).or_insert_with(|| {
                self.backend.counters.objects += 1;
                Mirror::new(&self.backend.device.device, bytes)
            });
            mirrors.push(MirrorCopy { id, from, bytes });
        }
        mirrors
    }
}
