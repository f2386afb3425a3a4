// Ids into a cache at their positions; padding and ids past the capacity are dropped.
#import grid

struct Params {
    tokens: u32,
    capacity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;               // [tokens]
@group(0) @binding(2) var<storage, read> positions: array<u32>;         // [tokens]
@group(0) @binding(3) var<storage, read_write> cache: array<u32>;       // [capacity]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let token = folded(group, groups) * 64u + local;
    if (token < params.tokens && positions[token] < params.capacity) {
        cache[positions[token]] = ids[token];
    }
}
