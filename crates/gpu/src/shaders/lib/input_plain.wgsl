// The input of a linear layer as it is.
@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>; // [tokens, in]

fn stage(token: u32, local: u32, first: bool) {}

// Where a token of the tile starts.
fn base(token: u32, i: u32) -> u32 {
    return row_of(token + i);
}

// Vector `i` of a unit.
fn x(base: u32, unit: u32, i: u32) -> vec4<f32> {
    return input[base + unit * 8u + i];
}
