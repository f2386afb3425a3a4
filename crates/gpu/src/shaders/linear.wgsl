// Tokens by the rows of up to three weights, each of its own format. An invocation computes 4 rows for one tile of tokens, so
// each unit is dequantized once for all of them and each activation is read once for 4 rows; LANES neighbouring invocations
// share these rows and take their units in turn.
#import grid
#import activation
#import input
#import parts
#import reduce

struct Norm {
    weight: u32,  // first word in `vectors`
    bias: u32,    // likewise, of a layer norm
    epsilon: f32,
    offset: f32,  // added to the weight
}

struct Part {
    row_bytes: u32,
    rows: u32,
    first: u32, // output column of the first row
    bias: u32,  // first word in `vectors`, or NONE
}

struct Params {
    units: u32,   // input columns / 32
    tokens: u32,
    out: u32,     // output columns
    other: u32,   // columns of `other`, or 0 if it is one row
    blocks: u32,  // of 256 / LANES rows, of all parts
    groups: u32,  // workgroups of a tile of tokens
    before: f32,  // factor in front of an activation function
    after: f32,   // factor behind it
    norm: Norm,
    inner: Norm,
    parts: array<Part, 3>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> vectors: array<f32>;           // norms and biases
@group(0) @binding(3) var<storage, read_write> output: array<f32>;      // [tokens, out]
@group(0) @binding(4) var<storage, read> other: array<f32>;             // [tokens, out] to add, or [tokens, in] of a sum

override TOKENS: u32; // of a tile: 1, or 4
override LANES: u32;  // 1 if there are 4 tokens
override PARTS: u32;  // that lie beside each other
override OUTPUT: u32; // 0 plain, 1 plus `other`, 2 activation, 3 activation of part 0 times part 1

const NONE = 0xffffffffu;

// Of four rows, by token of the tile.
alias Sums = array<vec4<f32>, 4>;

// One token by a unit of four rows: numbers first, then the scales once a half, and the shifts by the sum of the half.
fn products(base: u32, i: u32, u0: Unit, u1: Unit, u2: Unit, u3: Unit) -> vec4<f32> {
    let xa = x(base, i, 0u);
    let xb = x(base, i, 1u);
    let xc = x(base, i, 2u);
    let xd = x(base, i, 3u);
    let xe = x(base, i, 4u);
    let xf = x(base, i, 5u);
    let xg = x(base, i, 6u);
    let xh = x(base, i, 7u);
    let first = vec4<f32>(
        dot(xa, u0.a) + dot(xb, u0.b) + dot(xc, u0.c) + dot(xd, u0.d),
        dot(xa, u1.a) + dot(xb, u1.b) + dot(xc, u1.c) + dot(xd, u1.d),
        dot(xa, u2.a) + dot(xb, u2.b) + dot(xc, u2.c) + dot(xd, u2.d),
        dot(xa, u3.a) + dot(xb, u3.b) + dot(xc, u3.c) + dot(xd, u3.d),
    );
    let second = vec4<f32>(
        dot(xe, u0.e) + dot(xf, u0.f) + dot(xg, u0.g) + dot(xh, u0.h),
        dot(xe, u1.e) + dot(xf, u1.f) + dot(xg, u1.g) + dot(xh, u1.h),
        dot(xe, u2.e) + dot(xf, u2.f) + dot(xg, u2.g) + dot(xh, u2.h),
        dot(xe, u3.e) + dot(xf, u3.f) + dot(xg, u3.g) + dot(xh, u3.h),
    );
    let ones = vec4<f32>(1.0);
    return first * vec4<f32>(u0.scale.x, u1.scale.x, u2.scale.x, u3.scale.x)
        + second * vec4<f32>(u0.scale.y, u1.scale.y, u2.scale.y, u3.scale.y)
        + dot(xa + xb + xc + xd, ones) * vec4<f32>(u0.shift.x, u1.shift.x, u2.shift.x, u3.shift.x)
        + dot(xe + xf + xg + xh, ones) * vec4<f32>(u0.shift.y, u1.shift.y, u2.shift.y, u3.shift.y);
}

fn biased(part: u32, row: u32, sum: f32) -> f32 {
    let bias = params.parts[part].bias;
    if (bias == NONE) {
        return sum;
    }
    return sum + vectors[bias + row];
}

fn store(token: u32, part: u32, row: u32, sum: f32, up: f32) {
    if (token >= params.tokens || row >= params.parts[part].rows) {
        return;
    }
    let column = params.parts[part].first + row;
    var value = biased(part, row, sum);
    if (OUTPUT == 1u) {
        value += other[token * params.other + column];
    }
    if (OUTPUT >= 2u) {
        value = activated(value * params.before) * params.after;
    }
    if (OUTPUT == 3u) {
        value *= biased(1u, row, up);
    }
    output[token * params.out + column] = value;
}

fn store_rows(token: u32, part: u32, row: u32, sums: vec4<f32>, up: vec4<f32>) {
    store(token, part, row, sums.x, up.x);
    store(token, part, row + 1u, sums.y, up.y);
    store(token, part, row + 2u, sums.z, up.z);
    store(token, part, row + 3u, sums.w, up.w);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups);
    let token = number / params.groups * TOKENS;
    let start = number % params.groups;
    if (token >= params.tokens) {
        return;
    }
    stage(token, local, start == 0u);
    let lane = local % LANES;
    for (var next = start; next < params.blocks; next += params.groups) {
        var block = next;
        var part = 0u;
        for (; part + 1u < PARTS; part++) {
            let blocks = (params.parts[part].rows * LANES + 255u) / 256u;
            if (block < blocks) {
                break;
            }
            block -= blocks;
        }
        let row = (block * 64u + local) / LANES * 4u;
        var sums = part_sums(part, token, row, lane);
        sums[0] = neighbours_sum(local, sums[0], LANES);
        var up = Sums();
        if (OUTPUT == 3u) {
            up = part_sums(1u, token, row, lane);
            up[0] = neighbours_sum(local, up[0], LANES);
        }
        if (lane == 0u) {
            for (var t = 0u; t < TOKENS; t++) {
                store_rows(token + t, part, row, sums[t], up[t]);
            }
        }
    }
}
