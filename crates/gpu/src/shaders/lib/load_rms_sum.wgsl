// The input of a tile of tokens: the root-mean-square norm of a sum, `input` plus the norm of `other`. The sum is stored for those
// who read it later.
#import tile_norms

@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;       // [tokens, in]
@group(0) @binding(8) var<storage, read_write> sum: array<vec4<f32>>;   // [tokens, in]

fn other_at(i: u32) -> vec4<f32> {
    let at = i * 4u;
    return vec4<f32>(other[at], other[at + 1u], other[at + 2u], other[at + 3u]);
}

fn summed(row: u32, i: u32, inner: f32) -> vec4<f32> {
    return input[row + i] + other_at(row + i) * inner * gain(params.inner, i);
}

fn prepare(token: u32, local: u32, first: bool) {
    let own = token + local / SHARE;
    let row = row_of(own);
    var squares = 0.0;
    for (var i = local % SHARE; i < columns(); i += SHARE) {
        let v = other_at(row + i);
        squares += dot(v, v);
    }
    let inner = rms_factor(local, squares, params.inner);
    squares = 0.0;
    for (var i = local % SHARE; i < columns(); i += SHARE) {
        let v = summed(row, i, inner);
        squares += dot(v, v);
        if (first && own < params.tokens) {
            sum[row + i] = v;
        }
    }
    keep(local, vec2<f32>(inner, rms_factor(local, squares, params.norm)));
}

// Vector `i` of token `t` of the tile, whose row starts at `row`.
fn loaded(row: u32, t: u32, i: u32) -> vec4<f32> {
    return summed(row, i, taken[t].x) * taken[t].y * gain(params.norm, i);
}
