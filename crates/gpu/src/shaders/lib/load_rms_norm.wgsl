// The input of a tile of tokens by a root-mean-square norm.
#import tile_norms

@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>; // [tokens, in]

fn prepare(token: u32, local: u32, first: bool) {
    let row = row_of(token + local / SHARE);
    var squares = 0.0;
    for (var i = local % SHARE; i < columns(); i += SHARE) {
        let v = input[row + i];
        squares += dot(v, v);
    }
    keep(local, vec2<f32>(rms_factor(local, squares, params.norm), 0.0));
}

// Vector `i` of token `t` of the tile, whose row starts at `row`.
fn loaded(row: u32, t: u32, i: u32) -> vec4<f32> {
    return input[row + i] * taken[t].x * gain(params.norm, i);
}
