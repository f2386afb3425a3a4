// The input of a linear layer: the root-mean-square norm of a sum, `input` plus the norm of `other`. The sum is stored for
// those who read it later.
#import staged

@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;       // [tokens, in]
@group(0) @binding(8) var<storage, read_write> sum: array<vec4<f32>>;   // [tokens, in]

fn stage(token: u32, local: u32, first: bool) {
    for (var t = 0u; t < TOKENS; t++) {
        let row = row_of(token + t);
        var squares = 0.0;
        for (var i = local; i < columns(); i += 64u) {
            let at = (row + i) * 4u;
            let v = vec4<f32>(other[at], other[at + 1u], other[at + 2u], other[at + 3u]);
            squares += dot(v, v);
            put(t, i, v); // read by the same lane only, until the barrier
        }
        let inner = rms_factor(local, squares, params.inner);
        squares = 0.0;
        for (var i = local; i < columns(); i += 64u) {
            let v = input[row + i] + staged_at(t, i) * inner * gain(params.inner, i);
            squares += dot(v, v);
            put(t, i, v);
            if (first && token + t < params.tokens) {
                sum[row + i] = v;
            }
        }
        let factor = rms_factor(local, squares, params.norm);
        for (var i = local; i < columns(); i += 64u) {
            put(t, i, staged_at(t, i) * factor * gain(params.norm, i));
        }
    }
    workgroupBarrier();
}
