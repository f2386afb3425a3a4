// The normed input of a linear layer in the memory of a workgroup, as the kernels with a norm in front of them keep it.
#import reduce
#import norm_vectors

override STAGED: u32; // vectors of a tile

// [tokens of the tile, 8, units]: lanes that read neighbouring units read neighbouring vectors. A line of units is odd, so that
// those which write the vectors of one unit meet other banks of the memory.
var<workgroup> staged: array<vec4<f32>, STAGED>;

fn place(token: u32, i: u32) -> u32 {
    return (token * 8u + (i & 7u)) * (params.units | 1u) + (i >> 3u);
}

fn put(token: u32, i: u32, value: vec4<f32>) {
    staged[place(token, i)] = value;
}

fn staged_at(token: u32, i: u32) -> vec4<f32> {
    return staged[place(token, i)];
}

// Where a token of the tile starts.
fn base(token: u32, i: u32) -> u32 {
    return i * 8u * (params.units | 1u);
}

// Vector `i` of a unit.
fn x(base: u32, unit: u32, i: u32) -> vec4<f32> {
    return staged[base + i * (params.units | 1u) + unit];
}

// What a row whose squares the lanes have summed is divided by, inverted.
fn rms_factor(local: u32, squares: f32, norm: Norm) -> f32 {
    let mean = workgroup_sum(local, squares) / f32(columns() * 4u);
    return 1.0 / sqrt(mean + norm.epsilon);
}
