//! A prepared step: pipelines, bind groups and grids in order. Everything a run needs is made here, once.

use std::rc::Rc;

use graph::{BackendError, BufferId, Buffers, Graph, LeafKind, Op, TensorType};

use crate::{GpuBackend, builder::Builder, fuse::Program, memory::Place, pipeline::Scratch, tuning::Lanes};

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

/// A copy of an output into one of its mirror's buffers, whichever is free.
pub(crate) struct MirrorCopy {
    pub(crate) id: BufferId,
    pub(crate) from: wgpu::Buffer,
    pub(crate) bytes: u64,
}

/// A prepared graph.
pub(crate) struct Plan {
    pub(crate) dispatches: Vec<Dispatch>,
    /// Outputs that are leaves or states.
    pub(crate) copies: Vec<Copy>,
    /// Outputs that are copied for the host.
    pub(crate) mirrors: Vec<MirrorCopy>,
    /// States it changes: their mirrors, if they have one, are stale after a run.
    pub(crate) changes: Vec<BufferId>,
    /// Scratch buffers, shared with other plans.
    _slots: Vec<Rc<Scratch>>,
    /// Constants, tables and uniforms of its own.
    own: Vec<wgpu::Buffer>,
    pub(crate) own_bytes: u64,
    /// Of weights, as its launches bind them.
    pub(crate) weight_bytes: u64,
    /// Of the launches of `linear` for one token.
    pub(crate) lanes: Lanes,
    /// Whether any of its launches could go by packed products, or do.
    pub(crate) may_have_dots: bool,
}

impl Drop for Plan {
    fn drop(&mut self) {
        self.own.iter().for_each(wgpu::Buffer::destroy);
    }
}

/// Plans a graph on a backend.
pub(crate) async fn prepare(backend: &mut GpuBackend, graph: &Graph, buffers: &Buffers) -> Result<Plan, BackendError> {
    check(backend, graph, buffers)?;
    let program = Program::of(graph, &backend.device.limits);
    let weights = program.stages.iter().flat_map(|stage| stage.weights(graph));
    let weights: Vec<BufferId> = weights.filter_map(|weight| buffers.get(&graph.name(weight)).copied()).collect();
    for weight in weights {
        backend.pack(weight).await;
    }
    let mut builder = Builder::new(backend, graph, &program, buffers);
    builder.vectors()?;
    let launches = builder.launches()?;
    builder.backend.compile_missing(launches.iter().map(|launch| &launch.build)).await?;
    let uniforms = builder.uniforms(&launches);
    let dispatches = builder.dispatches(&launches, &uniforms)?;
    let copies = builder.copies();
    let mirrors = builder.mirrors(buffers);
    let changes = graph.ops().filter(|(_, op, _)| matches!(op, Op::Append { .. }));
    let changes = changes.filter_map(|(value, ..)| match builder.layout.place(graph, &program, value) {
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
        may_have_dots: launches.iter().any(|launch| launch.may_have_dots),
        lanes: launches.iter().filter_map(|launch| launch.lanes).collect(),
        weight_bytes: launches.iter().map(|launch| launch.weight_bytes).sum(),
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
        if let Op::Attention { query, heads, .. } = *op {
            let head_dim = graph.ty(query).shape.columns() / heads;
            if head_dim > 256 || !head_dim.is_multiple_of(4) {
                let name = graph.name(query);
                let reason = format!("heads of {name} have {head_dim} elements: more than 256, or no multiple of 4");
                return Err(BackendError::Unsupported { op: op.name().into(), reason });
            }
        }
    }
    Ok(())
}

fn too_large(backend: &GpuBackend, name: &str, ty: &TensorType) -> BackendError {
    let limit = backend.device.limits.max_binding;
    let reason = format!("{name} {ty} is larger than a binding may be on this device ({limit} bytes)");
    BackendError::Unsupported { op: "prepare".into(), reason }
}
