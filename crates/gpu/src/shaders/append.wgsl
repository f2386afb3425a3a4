// Rows into a cache at their positions; padding and rows past the capacity are dropped.
#import grid
#import halves

struct Params {
    tokens: u32,
    words: u32, // of a row
    capacity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<vec2<f32>>;       // [tokens, words]
@group(0) @binding(2) var<storage, read> positions: array<u32>;         // [tokens]
@group(0) @binding(3) var<storage, read_write> cache: array<u32>;       // halves: [capacity, words]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = folded(group, groups) * 64u + local;
    let token = i / params.words;
    if (token >= params.tokens) {
        return;
    }
    let position = positions[token];
    if (position < params.capacity) {
        cache[position * params.words + i % params.words] = narrowed2(input[i].x, input[i].y);
    }
}
