// Rows into a cache at their positions; padding and rows past the capacity are dropped.
#import grid

struct Params {
    tokens: u32,
    columns: u32,
    capacity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [tokens, columns]
@group(0) @binding(2) var<storage, read> positions: array<u32>;         // [tokens]
@group(0) @binding(3) var<storage, read_write> cache: array<f32>;       // [capacity, columns]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = folded(group, groups) * 64u + local;
    let token = i / params.columns;
    if (token >= params.tokens) {
        return;
    }
    let position = positions[token];
    if (position < params.capacity) {
        cache[position * params.columns + i % params.columns] = input[i];
    }
}
