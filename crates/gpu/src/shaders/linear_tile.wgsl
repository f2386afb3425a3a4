// Several tokens by a weight of any format: an invocation computes 4 rows of the weight for 4 tokens, so each unit is
// dequantized once for 4 tokens and each activation is read once for 4 rows. Sums are named, an array may not stay in
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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;       // [tokens, in]
@group(0) @binding(2) var<storage, read> weight: array<u32>;            // [rows, in] in blocks
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [out]
@group(0) @binding(4) var<storage, read_write> output: array<f32>;      // [tokens, out]

override BIAS: bool;

// Four tokens at one column of x: four rows by one vector of each.
fn products(x: vec4<f32>, w0: vec4<f32>, w1: vec4<f32>, w2: vec4<f32>, w3: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(dot(x, w0), dot(x, w1), dot(x, w2), dot(x, w3));
}

fn store(token: u32, row: u32, sums: vec4<f32>) {
    if (token >= params.tokens) {
        return;
    }
    for (var i = 0u; i < 4u; i++) {
        if (row + i < params.rows) {
            let column = params.first + row + i;
            var sum = sums[i];
            if (BIAS) {
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
    let token = number / across * 4u;
    if (row >= params.rows || token >= params.tokens) {
        return;
    }
    // Past the edge, the last row and the last token are computed again and not stored.
    let last_row = params.rows - 1u;
    let r0 = row * params.row_bytes;
    let r1 = min(row + 1u, last_row) * params.row_bytes;
    let r2 = min(row + 2u, last_row) * params.row_bytes;
    let r3 = min(row + 3u, last_row) * params.row_bytes;
    let last_token = params.tokens - 1u;
    let columns = params.units * 8u; // in vectors
    var x0 = token * columns;
    var x1 = min(token + 1u, last_token) * columns;
    var x2 = min(token + 2u, last_token) * columns;
    var x3 = min(token + 3u, last_token) * columns;
    var s0 = vec4<f32>(0.0); // token 0, rows 0..4
    var s1 = vec4<f32>(0.0);
    var s2 = vec4<f32>(0.0);
    var s3 = vec4<f32>(0.0);
    for (var i = 0u; i < params.units; i++) {
        let u0 = unit(r0, i);
        let u1 = unit(r1, i);
        let u2 = unit(r2, i);
        let u3 = unit(r3, i);
        s0 += products(input[x0], u0.a, u1.a, u2.a, u3.a) + products(input[x0 + 1u], u0.b, u1.b, u2.b, u3.b)
            + products(input[x0 + 2u], u0.c, u1.c, u2.c, u3.c) + products(input[x0 + 3u], u0.d, u1.d, u2.d, u3.d)
            + products(input[x0 + 4u], u0.e, u1.e, u2.e, u3.e) + products(input[x0 + 5u], u0.f, u1.f, u2.f, u3.f)
            + products(input[x0 + 6u], u0.g, u1.g, u2.g, u3.g) + products(input[x0 + 7u], u0.h, u1.h, u2.h, u3.h);
        s1 += products(input[x1], u0.a, u1.a, u2.a, u3.a) + products(input[x1 + 1u], u0.b, u1.b, u2.b, u3.b)
            + products(input[x1 + 2u], u0.c, u1.c, u2.c, u3.c) + products(input[x1 + 3u], u0.d, u1.d, u2.d, u3.d)
            + products(input[x1 + 4u], u0.e, u1.e, u2.e, u3.e) + products(input[x1 + 5u], u0.f, u1.f, u2.f, u3.f)
            + products(input[x1 + 6u], u0.g, u1.g, u2.g, u3.g) + products(input[x1 + 7u], u0.h, u1.h, u2.h, u3.h);
        s2 += products(input[x2], u0.a, u1.a, u2.a, u3.a) + products(input[x2 + 1u], u0.b, u1.b, u2.b, u3.b)
            + products(input[x2 + 2u], u0.c, u1.c, u2.c, u3.c) + products(input[x2 + 3u], u0.d, u1.d, u2.d, u3.d)
            + products(input[x2 + 4u], u0.e, u1.e, u2.e, u3.e) + products(input[x2 + 5u], u0.f, u1.f, u2.f, u3.f)
            + products(input[x2 + 6u], u0.g, u1.g, u2.g, u3.g) + products(input[x2 + 7u], u0.h, u1.h, u2.h, u3.h);
        s3 += products(input[x3], u0.a, u1.a, u2.a, u3.a) + products(input[x3 + 1u], u0.b, u1.b, u2.b, u3.b)
            + products(input[x3 + 2u], u0.c, u1.c, u2.c, u3.c) + products(input[x3 + 3u], u0.d, u1.d, u2.d, u3.d)
            + products(input[x3 + 4u], u0.e, u1.e, u2.e, u3.e) + products(input[x3 + 5u], u0.f, u1.f, u2.f, u3.f)
            + products(input[x3 + 6u], u0.g, u1.g, u2.g, u3.g) + products(input[x3 + 7u], u0.h, u1.h, u2.h, u3.h);
        x0 += 8u;
        x1 += 8u;
        x2 += 8u;
        x3 += 8u;
    }
    store(token, row, s0);
    store(token + 1u, row, s1);
    store(token + 2u, row, s2);
    store(token + 3u, row, s3);
}
