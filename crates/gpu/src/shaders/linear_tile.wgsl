// A weight of any format by tokens: an invocation computes 4 rows of the weight for 1 or 4 tokens, so each unit is
// dequantized once for all of them and each activation is read once for 4 rows. Sums are named: an array may not stay in
// registers.
#import grid
#import format

struct Params {
    units: u32,     // input columns / 32
    row_bytes: u32, // of the weight
    rows: u32,      // of this part of the weight
    first: u32,     // first row of this part
    out: u32,       // output columns
    tokens: u32,
    bias: u32,      // 0 if there is none
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;       // [tokens, in]
@group(0) @binding(2) var<storage, read> weight: array<u32>;            // [rows, in] in blocks
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [out], or one element if there is none
@group(0) @binding(4) var<storage, read_write> output: array<f32>;      // [tokens, out]

override TOKENS: u32; // 1 or 4

// One token by the units of four rows, from vector `x` of the input.
fn products(x: u32, u0: Unit, u1: Unit, u2: Unit, u3: Unit) -> vec4<f32> {
    let xa = input[x];
    let xb = input[x + 1u];
    let xc = input[x + 2u];
    let xd = input[x + 3u];
    let xe = input[x + 4u];
    let xf = input[x + 5u];
    let xg = input[x + 6u];
    let xh = input[x + 7u];
    return vec4<f32>(
        dot(xa, u0.a) + dot(xb, u0.b) + dot(xc, u0.c) + dot(xd, u0.d)
            + dot(xe, u0.e) + dot(xf, u0.f) + dot(xg, u0.g) + dot(xh, u0.h),
        dot(xa, u1.a) + dot(xb, u1.b) + dot(xc, u1.c) + dot(xd, u1.d)
            + dot(xe, u1.e) + dot(xf, u1.f) + dot(xg, u1.g) + dot(xh, u1.h),
        dot(xa, u2.a) + dot(xb, u2.b) + dot(xc, u2.c) + dot(xd, u2.d)
            + dot(xe, u2.e) + dot(xf, u2.f) + dot(xg, u2.g) + dot(xh, u2.h),
        dot(xa, u3.a) + dot(xb, u3.b) + dot(xc, u3.c) + dot(xd, u3.d)
            + dot(xe, u3.e) + dot(xf, u3.f) + dot(xg, u3.g) + dot(xh, u3.h),
    );
}

fn store(token: u32, row: u32, sums: vec4<f32>) {
    if (token >= params.tokens) {
        return;
    }
    for (var i = 0u; i < 4u; i++) {
        if (row + i < params.rows) {
            let column = params.first + row + i;
            var sum = sums[i];
            if (params.bias != 0u) {
                sum += bias[column];
            }
            output[token * params.out + column] = sum;
        }
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Groups of one tile of tokens are neighbours: they read the same activations.
    let across = (params.rows + 255u) / 256u;
    let number = folded(group, groups);
    let row = (number % across * 64u + local) * 4u;
    let token = number / across * TOKENS;
    if (row >= params.rows || token >= params.tokens) {
        return;
    }
    // Past the edge, the last row and the last token are computed again and not stored.
    let last = params.rows - 1u;
    let r0 = row * params.row_bytes;
    let r1 = min(row + 1u, last) * params.row_bytes;
    let r2 = min(row + 2u, last) * params.row_bytes;
    let r3 = min(row + 3u, last) * params.row_bytes;
    let end = params.tokens - 1u;
    let columns = params.units * 8u; // in vectors
    let x0 = token * columns;
    let x1 = min(token + 1u, end) * columns;
    let x2 = min(token + 2u, end) * columns;
    let x3 = min(token + 3u, end) * columns;
    var s0 = vec4<f32>(0.0); // token 0, rows 0..4
    var s1 = vec4<f32>(0.0);
    var s2 = vec4<f32>(0.0);
    var s3 = vec4<f32>(0.0);
    for (var i = 0u; i < params.units; i++) {
        let u0 = unit(r0, i);
        let u1 = unit(r1, i);
        let u2 = unit(r2, i);
        let u3 = unit(r3, i);
        let at = i * 8u;
        s0 += products(x0 + at, u0, u1, u2, u3);
        if (TOKENS > 1u) {
            s1 += products(x1 + at, u0, u1, u2, u3);
            s2 += products(x2 + at, u0, u1, u2, u3);
            s3 += products(x3 + at, u0, u1, u2, u3);
        }
    }
    store(token, row, s0);
    if (TOKENS > 1u) {
        store(token + 1u, row, s1);
        store(token + 2u, row, s2);
        store(token + 3u, row, s3);
    }
}
