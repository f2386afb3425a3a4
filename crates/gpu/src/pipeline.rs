//! What plans share: pipelines and scratch buffers.

use std::{collections::BTreeMap, rc::Rc};

use graph::{BackendError, DType};

use crate::{GpuBackend, kernels::Kernel, shader, tensor::storage};

/// A pipeline with the layout of its bind group.
#[derive(Clone)]
pub(crate) struct Pipeline {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
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

    pub(crate) fn pipeline(
        &mut self,
        kernel: &Kernel,
        formats: &[DType],
        files: &[&'static str],
        constants: &[(&'static str, f64)],
    ) -> Result<Pipeline, BackendError> {
        let key = kernel.key(formats, files, constants);
        if let Some(pipeline) = self.pipelines.get(&key) {
            return Ok(pipeline.clone());
        }
        let label = kernel.label(formats, files);
        let device = &self.device.device;
        if !self.modules.contains_key(&label) {
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
            let checks =
                wgpu::ShaderRuntimeChecks { force_loop_bounding: false, ..wgpu::ShaderRuntimeChecks::checked() };
            let descriptor =
                wgpu::ShaderModuleDescriptor { label: Some(&label), source: wgpu::ShaderSource::Wgsl(source.into()) };
            // SAFETY: our own kernels end: each loop has a bound. Bounds of buffers are checked as ever. Natively, a counter
            // in every loop costs a third of the speed; a browser has its own checks and ignores ours.
            let module = unsafe { device.create_shader_module_trusted(descriptor, checks) };
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
