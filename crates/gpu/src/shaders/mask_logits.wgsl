// Logits with those of tokens that may not come so low that they weigh nothing; an invocation a logit.
#import grid

const EXCLUDED = -1e30; // graph::EXCLUDED

struct Params {
    elements: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;            // [rows, columns]
@group(0) @binding(2) var<storage, read> mask: array<u32>;              // [ceil(columns / 32)], a bit a column
@group(0) @binding(3) var<storage, read_write> output: array<f32>;      // [rows, columns]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = folded(group, groups) * 64u + local;
    if (i < params.elements) {
        let column = i % params.columns;
        let may_come = ((mask[column / 32u] >> (column % 32u)) & 1u) == 1u;
        output[i] = select(EXCLUDED, logits[i], may_come);
    }
}
