// The normed input of a linear layer in the memory of a workgroup, as the kernels with a norm in front of them keep it.
#import reduce
#import norm_vectors

override STAGED: u32; // vectors of a tile

// [tokens of the tile, 8, units]: lanes that read neighbouring units read neighbouring vectors.
var<workgroup> staged: array<vec4<f32>, STAGED>;

fn put(token: u32, i: u32, value: vec4<f32>) {
    staged[token * columns() + (i & 7u) * params.units + (i >> 3u)] = value;
}

fn staged_at(token: u32, i: u32) -> vec4<f32> {
    return staged[token * columns() + (i & 7u) * params.units + (i >> 3u)];
}

// Where a token of the tile starts.
fn base(token: u32, i: u32) -> u32 {
    return i * columns();
}

// Vector `i` of a unit.
fn x(base: u32, unit: u32, i: u32) -> vec4<f32> {
    return staged[base + i * params.units + unit];
}

// What a row whose squares the lanes have summed is divided by, inverted.
fn rms_factor(local: u32, squares: f32, norm: Norm) -> f32 {
    let mean = workgroup_sum(local, squares) / f32(columns() * 4u);
    return 1.0 / sqrt(mean + norm.epsilon);
}
