// Multiplies and adds in registers and does nothing else: 64 operations a step, in eight chains.

override FUSED: bool = false; // by `fma`, which not every driver makes one instruction of
override STEPS: u32 = 1024;

@group(0) @binding(0) var<storage, read> data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;

fn next(x: vec4<f32>, factor: vec4<f32>, term: vec4<f32>) -> vec4<f32> {
    if (FUSED) {
        return fma(x, factor, term);
    }
    return x * factor + term;
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
    let factor = data[0];
    let term = data[1] + f32(lane);
    var a = term;
    var b = term + 1.0;
    var c = term + 2.0;
    var d = term + 3.0;
    var e = term + 4.0;
    var f = term + 5.0;
    var g = term + 6.0;
    var h = term + 7.0;
    for (var i = 0u; i < STEPS; i += 1u) {
        a = next(a, factor, term);
        b = next(b, factor, term);
        c = next(c, factor, term);
        d = next(d, factor, term);
        e = next(e, factor, term);
        f = next(f, factor, term);
        g = next(g, factor, term);
        h = next(h, factor, term);
    }
    let sum = a + b + c + d + e + f + g + h;
    // It is not, but no compiler knows.
    if (all(sum == vec4<f32>(0.123))) {
        result[0] = sum.x;
    }
}
