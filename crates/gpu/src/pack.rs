//! Weights in blocks, from the layout of files to planes that kernels read by whole vectors. It happens on the device, once, when
//! the first plan reads a weight: its bytes came through a window and were never all in the memory of the host.
//!
//! Files have blocks of 18 to 210 bytes, one field behind the other, that start in the middle of words. Four rows are a group, and a
//! group has a plane for each field (`planes.wgsl`). No number changes, and the bytes are the same up to the end of a group.

use graph::{BufferId, DType, TensorType};

use crate::{
    GpuBackend,
    tensor::{Rows, storage},
};

/// Rows of a group.
pub const ROWS: u64 = 4;

/// Offset and bytes of the fields of a block, in the order of their planes: whole vectors first.
pub const fn fields(dtype: DType) -> &'static [(u32, u32)] {
    match dtype {
        DType::Q4_0 => &[(2, 16), (0, 2)],
        DType::Q4_1 => &[(4, 16), (0, 4)],
        DType::Q5_0 => &[(6, 16), (2, 4), (0, 2)],
        DType::Q5_1 => &[(8, 16), (4, 4), (0, 4)],
        DType::Q8_0 => &[(2, 32), (0, 2)],
        DType::Q2K => &[(16, 64), (0, 16), (80, 4)],
        DType::Q3K => &[(32, 64), (0, 32), (96, 12), (108, 2)],
        DType::Q4K => &[(16, 128), (0, 16)],
        DType::Q5K => &[(48, 128), (16, 32), (0, 16)],
        DType::Q6K => &[(0, 128), (128, 64), (192, 16), (208, 2)],
        DType::F32 | DType::F16 | DType::BF16 | DType::U32 => &[],
    }
}

/// Vectors of 16 bytes of a group, a whole number of times four; `None` if a tensor is not packed.
pub fn group_vectors(ty: &TensorType) -> Option<u64> {
    if fields(ty.dtype).is_empty() {
        return None;
    }
    Some((ROWS * ty.row_bytes()?).div_ceil(64) * 4)
}

impl GpuBackend {
    /// Packs a tensor in blocks, unless it is packed already.
    pub(crate) async fn pack(&mut self, id: BufferId) {
        let Some(tensor) = self.tensors.get(&id).filter(|tensor| !tensor.is_packed) else { return };
        let ty = tensor.ty.clone();
        let Some(vectors) = group_vectors(&ty) else { return };
        let Some(packer) = self.packer().await else { return };
        let Some(tensor) = self.tensors.get_mut(&id) else { return };
        tensor.bytes = 0;
        tensor.is_packed = true;
        for part in &mut tensor.parts {
            let all = vectors * part.rows.count.div_ceil(ROWS);
            let packed = storage(&self.device.device, &ty.to_string(), all * 16);
            let params = words(&ty, part.rows, vectors);
            let uniform = self.device.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("pack"),
                size: params.len() as u64 * 4,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            self.device.queue.write_buffer(&uniform, 0, bytemuck::cast_slice(&params));
            let buffers = [&uniform, &part.buffer, &packed];
            let entries: Vec<wgpu::BindGroupEntry<'_>> = (0..)
                .zip(buffers)
                .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
                .collect();
            let group = self.device.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("pack"),
                layout: &packer.layout,
                entries: &entries,
            });
            let groups = all.div_ceil(64);
            let x = groups.clamp(1, u64::from(self.device.limits.max_groups));
            let mut encoder = self.device.device.create_command_encoder(&Default::default());
            {
                let mut pass = encoder.begin_compute_pass(&Default::default());
                pass.set_pipeline(&packer.pipeline);
                pass.set_bind_group(0, &group, &[]);
                pass.dispatch_workgroups(x as u32, groups.div_ceil(x) as u32, 1);
            }
            self.device.queue.submit([encoder.finish()]);
            uniform.destroy();
            std::mem::replace(&mut part.buffer, packed).destroy();
            tensor.bytes += all * 16;
            self.counters.objects += 3;
            self.counters.submits += 1;
            self.counters.dispatches += 1;
        }
    }
}

/// `Params` of `pack.wgsl`.
fn words(ty: &TensorType, rows: Rows, vectors: u64) -> Vec<u32> {
    let fields = fields(ty.dtype);
    let blocks = ty.shape.columns() / ty.dtype.block_len();
    let all = vectors * rows.count.div_ceil(ROWS);
    let mut words: Vec<u32> = vec![
        rows.count as u32,
        blocks as u32,
        ty.dtype.block_bytes() as u32,
        vectors as u32,
        all as u32,
        fields.len() as u32,
        0,
        0,
    ];
    for &(offset, bytes) in fields {
        words.extend([offset, bytes, bytes.min(16), 0]);
    }
    words.resize(24, 0); // four fields
    words
}
