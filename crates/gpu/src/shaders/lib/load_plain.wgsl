// The input of a tile of tokens as it is.
@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>; // [tokens, in]

fn prepare(token: u32, local: u32, first: bool) {}

// Vector `i` of token `t` of the tile, whose row starts at `row`.
fn loaded(row: u32, t: u32, i: u32) -> vec4<f32> {
    return input[row + i];
}
