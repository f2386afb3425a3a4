// A few tokens by the rows of up to three weights, each of its own format. An invocation computes 4 rows for one tile of tokens,
// so each unit is dequantized once for all of them and each activation is read once for 4 rows; LANES neighbouring invocations
// share these rows and take their units in turn.
#import grid
#import linear_stage
#import sums
#import input
#import parts
#import reduce

const TOKENS = SUMS; // of a tile
override LANES: u32;

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
        let block = block_at(next, 256u / LANES);
        let row = block.row + local / LANES * 4u;
        var sums = part_sums(block.part, token, row, lane);
        var up = Sums();
        if (OUTPUT == 3u) {
            up = part_sums(1u, token, row, lane);
        }
        for (var t = 0u; t < TOKENS; t++) {
            let sum = neighbours_sum(local, sums.a, LANES);
            sums = turned(sums, sum);
            var up_sum = vec4<f32>();
            if (OUTPUT == 3u) {
                up_sum = neighbours_sum(local, up.a, LANES);
                up = turned(up, up_sum);
            }
            if (lane == 0u) {
                store_rows(token + t, block.part, row, 1u, sum, up_sum);
            }
        }
    }
}
