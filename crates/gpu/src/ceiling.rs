//! What a device can do at most: bytes read and operations done a second by kernels that do nothing else. What a kernel of ours
//! reaches means something beside these.

use graph::{Backend, BackendError, BufferId, DType, TensorType};

use crate::{GpuBackend, tensor::storage};

/// Bytes that are read at most: more than caches hold.
const BYTES: u64 = 512 << 20;
/// Bytes that a workgroup reads are a divisor of this.
const WHOLE: u64 = 256 * 16 * 64;
/// Vectors of 16 bytes an invocation that are tried.
const LOADS: [u32; 4] = [1, 4, 16, 64];
/// Steps of an invocation, and operations of a step: those of `multiply_add.wgsl`.
const STEPS: u32 = 1024;
const OPERATIONS: f64 = 64.0;
/// Seconds of launches that are measured between two waits.
const LONG_ENOUGH: f64 = 0.1;
/// Seconds of a launch beside which its start does not count.
const LARGE_ENOUGH: f64 = 0.002;

/// A kernel with its buffers.
struct Kernel {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
    grid: [u32; 2],
}

/// The buffers of a kernel: what it reads, and what can be waited for.
struct Buffers {
    data: wgpu::Buffer,
    result: BufferId,
}

impl GpuBackend {
    /// Bytes a second that the device reads out of a buffer larger than its caches. `seconds` is a clock.
    pub async fn stream_rate(&mut self, seconds: &dyn Fn() -> f64) -> Result<f64, BackendError> {
        let bytes = BYTES.min(self.device.limits.max_binding) / WHOLE * WHOLE;
        let buffers = self.buffers(bytes)?;
        let mut best: f64 = 0.0;
        for loads in LOADS {
            let groups = bytes / 16 / 256 / u64::from(loads);
            // A power of two that no limit is below.
            let columns = groups.min(1 << 13);
            let grid = [columns as u32, (groups / columns) as u32];
            let read = columns * (groups / columns) * 16 * 256 * u64::from(loads);
            let constants = [("LOADS", f64::from(loads))];
            let kernel = self.kernel(include_str!("ceiling/stream.wgsl"), &constants, &buffers, grid)?;
            best = best.max(read as f64 / self.launch_seconds(&kernel, &buffers, seconds).await?);
        }
        self.close(buffers);
        Ok(best)
    }

    /// Multiplications and additions of f32 a second, each counted.
    pub async fn multiply_add_rate(&mut self, seconds: &dyn Fn() -> f64) -> Result<f64, BackendError> {
        let buffers = self.buffers(32)?;
        let mut best: f64 = 0.0;
        for fused in [0.0, 1.0] {
            let constants = [("FUSED", fused), ("STEPS", f64::from(STEPS))];
            let mut kernel = self.kernel(include_str!("ceiling/multiply_add.wgsl"), &constants, &buffers, [64, 1])?;
            let mut taken = self.launch_seconds(&kernel, &buffers, seconds).await?;
            while taken < LARGE_ENOUGH && kernel.grid[1] < 1 << 12 {
                kernel.grid[1] *= 4;
                taken = self.launch_seconds(&kernel, &buffers, seconds).await?;
            }
            let [columns, rows] = kernel.grid.map(f64::from);
            best = best.max(columns * rows * 256.0 * f64::from(STEPS) * OPERATIONS / taken);
        }
        self.close(buffers);
        Ok(best)
    }

    fn buffers(&mut self, bytes: u64) -> Result<Buffers, BackendError> {
        self.device.check()?;
        let result = self.alloc(&TensorType::new(DType::F32, [1]))?;
        Ok(Buffers { data: storage(&self.device.device, "data", bytes), result })
    }

    fn close(&mut self, buffers: Buffers) {
        buffers.data.destroy();
        self.free(buffers.result);
    }

    fn kernel(
        &mut self,
        wgsl: &'static str,
        constants: &[(&str, f64)],
        buffers: &Buffers,
        grid: [u32; 2],
    ) -> Result<Kernel, BackendError> {
        let device = &self.device.device;
        let source = wgpu::ShaderSource::Wgsl(wgsl.into());
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some("ceiling"), source });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("ceiling"),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
            cache: None,
        });
        let result = self.tensors.get(&buffers.result).and_then(|tensor| tensor.whole());
        let result = result.ok_or(BackendError::BadBuffer(buffers.result))?;
        let entries = [(0, &buffers.data), (1, result)]
            .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() });
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("ceiling"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        Ok(Kernel { pipeline, group, grid })
    }

    /// Seconds of one launch, of as many in a submit as take long enough.
    async fn launch_seconds(
        &mut self,
        kernel: &Kernel,
        buffers: &Buffers,
        seconds: &dyn Fn() -> f64,
    ) -> Result<f64, BackendError> {
        self.launch(kernel, 1);
        self.read(buffers.result, 0, 4).await?;
        let mut times = 1;
        loop {
            let started = seconds();
            self.launch(kernel, times);
            self.read(buffers.result, 0, 4).await?;
            let taken = seconds() - started;
            if taken >= LONG_ENOUGH || times >= 1 << 14 {
                return Ok(taken / f64::from(times));
            }
            times *= if taken < LONG_ENOUGH / 8.0 { 8 } else { 2 };
        }
    }

    fn launch(&mut self, kernel: &Kernel, times: u32) {
        let mut encoder = self.device.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&kernel.pipeline);
            pass.set_bind_group(0, &kernel.group, &[]);
            (0..times).for_each(|_| pass.dispatch_workgroups(kernel.grid[0], kernel.grid[1], 1));
        }
        self.device.queue.submit([encoder.finish()]);
        self.counters.dispatches += u64::from(times);
        self.counters.submits += 1;
    }
}
