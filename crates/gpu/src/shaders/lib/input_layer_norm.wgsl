// The input of a linear layer by a layer norm, which is stored for those who read it later.
#import staged

@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;           // [tokens, in]
@group(0) @binding(8) var<storage, read_write> normed: array<vec4<f32>>;    // [tokens, in]

fn stage(token: u32, local: u32, first: bool) {
    for (var t = 0u; t < TOKENS; t++) {
        let row = row_of(token + t);
        var total = 0.0;
        for (var i = local; i < columns(); i += 64u) {
            total += dot(input[row + i], vec4<f32>(1.0));
        }
        let mean = workgroup_sum(local, total) / f32(columns() * 4u);
        var squares = 0.0;
        for (var i = local; i < columns(); i += 64u) {
            let v = input[row + i] - mean;
            squares += dot(v, v);
        }
        // The variance of differences does not cancel.
        let factor = rms_factor(local, squares, params.norm);
        for (var i = local; i < columns(); i += 64u) {
            let v = (input[row + i] - mean) * factor * gain(params.norm, i) + vector(params.norm.bias, i);
            put(t, i, v);
            if (first && token + t < params.tokens) {
                normed[row + i] = v;
            }
        }
    }
    workgroupBarrier();
}
