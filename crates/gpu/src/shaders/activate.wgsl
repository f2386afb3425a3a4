// Elementwise activation functions.
#import grid
#import activation

struct Params {
    elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [tokens, columns]
@group(0) @binding(2) var<storage, read_write> output: array<f32>;      // [tokens, columns]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = folded(group, groups) * 64u + local;
    if (i < params.elements) {
        output[i] = activated(input[i]);
    }
}
