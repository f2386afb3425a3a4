// The input of a linear layer by a root-mean-square norm.
#import staged

@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>; // [tokens, in]

fn stage(token: u32, local: u32, first: bool) {
    for (var t = 0u; t < TOKENS; t++) {
        let row = row_of(token + t);
        var squares = 0.0;
        for (var i = local; i < columns(); i += 64u) {
            let v = input[row + i];
            squares += dot(v, v);
        }
        let factor = rms_factor(local, squares, params.norm);
        for (var i = local; i < columns(); i += 64u) {
            put(t, i, input[row + i] * factor * gain(params.norm, i));
        }
    }
    workgroupBarrier();
}
