// A weight in blocks, as files have it, into planes of fields (see `planes`): a vector of 16 bytes an invocation.
#import grid

struct Params {
    rows: u32,
    blocks: u32,        // of a row
    block_bytes: u32,
    group_vectors: u32, // of four rows
    vectors: u32,       // of all groups
    fields: u32,
    places: array<vec4<u32>, 4>, // of each field: its offset in a block, its bytes, and how many lie together, 16 of longer ones
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> raw: array<u32>;               // [rows, blocks, block_bytes]
@group(0) @binding(2) var<storage, read_write> planes: array<vec4<u32>>; // [groups, group_vectors]

// Two bytes, of which the first is at an even offset.
fn pair_at(offset: u32) -> u32 {
    return (raw[offset >> 2u] >> ((offset & 2u) << 3u)) & 0xffffu;
}

// Pair `index` of a plane of the group.
fn pair(group: u32, field: vec4<u32>, index: u32) -> u32 {
    let pairs = field.z / 2u;
    let elements = field.y / field.z;
    let at = index / pairs;
    let row = group * 4u + (at & 3u);
    let block = (at >> 2u) / elements;
    let within = (at >> 2u) % elements * field.z + index % pairs * 2u;
    if (row >= params.rows || block >= params.blocks) {
        return 0u;
    }
    return pair_at((row * params.blocks + block) * params.block_bytes + field.x + within);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups) * 64u + local;
    if (number >= params.vectors) {
        return;
    }
    var vector = number % params.group_vectors;
    var field = params.places[0];
    // All planes but the last are whole vectors.
    for (var i = 1u; i < params.fields && vector >= params.blocks * field.y / 4u; i++) {
        vector -= params.blocks * field.y / 4u;
        field = params.places[i];
    }
    var words = vec4<u32>();
    for (var i = 0u; i < 4u; i++) {
        let low = pair(number / params.group_vectors, field, vector * 8u + i * 2u);
        let high = pair(number / params.group_vectors, field, vector * 8u + i * 2u + 1u);
        words = vec4<u32>(words.yzw, low | (high << 16u));
    }
    planes[number] = words;
}
