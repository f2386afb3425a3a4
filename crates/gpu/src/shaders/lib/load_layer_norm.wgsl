// The input of a tile of tokens by a layer norm, which is stored for those who read it later.
#import tile_norms

@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;           // [tokens, in]
@group(0) @binding(8) var<storage, read_write> normed: array<vec4<f32>>;    // [tokens, in]

fn by_norm(row: u32, i: u32, mean: f32, factor: f32) -> vec4<f32> {
    return (input[row + i] - mean) * factor * gain(params.norm, i) + vector(params.norm.bias, i);
}

fn prepare(token: u32, local: u32, first: bool) {
    let own = token + local / SHARE;
    let row = row_of(own);
    var total = 0.0;
    for (var i = local % SHARE; i < columns(); i += SHARE) {
        total += dot(input[row + i], vec4<f32>(1.0));
    }
    let mean = token_mean(local, total);
    var squares = 0.0;
    for (var i = local % SHARE; i < columns(); i += SHARE) {
        let v = input[row + i] - mean;
        squares += dot(v, v);
    }
    // The variance of differences does not cancel.
    let factor = rms_factor(local, squares, params.norm);
    keep(local, vec2<f32>(mean, factor));
    if (first && own < params.tokens) {
        for (var i = local % SHARE; i < columns(); i += SHARE) {
            normed[row + i] = by_norm(row, i, mean, factor);
        }
    }
}

// Vector `i` of token `t` of the tile, whose row starts at `row`.
fn loaded(row: u32, t: u32, i: u32) -> vec4<f32> {
    return by_norm(row, i, taken[t].x, taken[t].y);
}
