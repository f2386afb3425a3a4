//! What plans share: pipelines and scratch buffers.

use std::{collections::BTreeMap, rc::Rc};

use graph::{BackendError, DType};

use crate::{
    GpuBackend,
    device::Device,
    kernels::{Kernel, PACK, Site},
    shader,
    tensor::storage,
};

/// A pipeline with the layout of its bind group.
#[derive(Clone)]
pub(crate) struct Pipeline {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
}

/// What a pipeline is compiled from.
pub(crate) struct Build {
    pub(crate) kernel: &'static Kernel,
    pub(crate) formats: Vec<DType>,
    pub(crate) files: Vec<&'static str>,
    pub(crate) constants: Vec<(&'static str, f64)>,
}

impl Build {
    /// What the pipeline of a site is compiled from.
    pub(crate) fn of(kernel: &'static Kernel, site: &Site<'_>) -> Build {
        let (formats, files, constants) = (site.formats(), (kernel.files)(site), (kernel.constants)(site));
        Build { kernel, formats, files, constants }
    }

    pub(crate) fn key(&self) -> String {
        self.kernel.key(&self.formats, &self.files, &self.constants)
    }
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

impl GpuBackend {
    /// Scratch buffers of at least these sizes, out of the shared ones where they do.
    pub(crate) fn scratch(&mut self, sizes: &[u64]) -> Vec<Rc<Scratch>> {
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

    /// Compiles the pipelines that are missing, all of them at once where that can be.
    pub(crate) async fn compile_missing(&mut self, builds: impl Iterator<Item = &Build>) -> Result<(), BackendError> {
        let mut missing = BTreeMap::new();
        for build in builds {
            let label = build.key();
            if !self.pipelines.contains_key(&label) {
                missing.insert(label, (self.module(build)?, &*build.constants));
            }
        }
        self.counters.objects += 2 * missing.len() as u64;
        self.pipelines.extend(pipelines(&self.device, missing).await);
        Ok(())
    }

    fn module(&mut self, build: &Build) -> Result<wgpu::ShaderModule, BackendError> {
        let Build { kernel, formats, files, .. } = build;
        let label = kernel.label(formats, files);
        if let Some(module) = self.modules.get(&label) {
            return Ok(module.clone());
        }
        let import = |name| BackendError::Validation(format!("{label}: no file to import is named {name}"));
        let narrow = self.device.limits.narrow.then_some(shader::NARROW);
        let all: Vec<&str> = files.iter().copied().chain(narrow).collect();
        let source = shader::compose(kernel.wgsl, formats, &all).map_err(import)?;
        let source = match &self.edit {
            Some(edit) => edit(&label, source),
            None => source,
        };
        let subgroups = files.iter().any(|file| shader::NEEDS_SUBGROUPS.contains(file));
        let source = if subgroups { self.device.enable.to_string() + &source } else { source };
        let checks = wgpu::ShaderRuntimeChecks { force_loop_bounding: false, ..wgpu::ShaderRuntimeChecks::checked() };
        let descriptor =
            wgpu::ShaderModuleDescriptor { label: Some(&label), source: wgpu::ShaderSource::Wgsl(source.into()) };
        // SAFETY: our own kernels end: each loop has a bound. Bounds of buffers are checked as ever. Natively, a counter
        // in every loop costs a third of the speed; a browser has its own checks and ignores ours.
        let module = unsafe { self.device.device.create_shader_module_trusted(descriptor, checks) };
        self.counters.objects += 1;
        self.modules.insert(label, module.clone());
        Ok(module)
    }

    /// The pipeline that packs weights.
    pub(crate) async fn packer(&mut self) -> Option<Pipeline> {
        if self.packer.is_some() {
            return self.packer.clone();
        }
        let device = &self.device.device;
        // It imports files that exist, as a test says.
        let source = shader::compose(PACK, &[], &[]).unwrap_or_default();
        let source = wgpu::ShaderSource::Wgsl(source.into());
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some("pack"), source });
        self.counters.objects += 3;
        let all = BTreeMap::from([("pack".to_string(), (module, [].as_slice()))]);
        self.packer = pipelines(&self.device, all).await.into_values().next();
        self.packer.clone()
    }
}

/// Values of the `override` constants of a shader.
type Constants<'a> = &'a [(&'static str, f64)];

/// Pipelines by their labels, all compiled at once where that can be.
async fn pipelines(
    device: &Device,
    all: BTreeMap<String, (wgpu::ShaderModule, Constants<'_>)>,
) -> BTreeMap<String, Pipeline> {
    let create = |label: &str, module: &wgpu::ShaderModule, constants: Constants<'_>| {
        device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(label),
            layout: None,
            module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
            cache: None,
        })
    };
    let mut made = Vec::new();
    device
        .compile(&mut || {
            made = all.iter().map(|(label, (module, constants))| create(label, module, constants)).collect()
        })
        .await;
    let layouts = made.into_iter().map(|pipeline| Pipeline { layout: pipeline.get_bind_group_layout(0), pipeline });
    all.into_keys().zip(layouts).collect()
}
