// One token by the rows of up to three weights, each of its own format, by invocations that need no memory and no barriers. An
// invocation has four rows. Of each unit four neighbours, who have other rows, load a quarter of the inputs each, for all four.
#import grid
#import linear_stage
#import reduce
#import load_plain
#import sums
#import parts

const INVOCATIONS = 16u;

// A unit of four rows: numbers first, then the scales once a half, and the shifts by the sum of the half.
fn products(lane: u32, i: u32, u0: Unit, u1: Unit, u2: Unit, u3: Unit) -> vec4<f32> {
    let at = i * 8u + lane * 2u;
    let even = input[at];
    let odd = input[at + 1u];
    let xa = quadBroadcast(even, 0u);
    let xb = quadBroadcast(odd, 0u);
    let xc = quadBroadcast(even, 1u);
    let xd = quadBroadcast(odd, 1u);
    let xe = quadBroadcast(even, 2u);
    let xf = quadBroadcast(odd, 2u);
    let xg = quadBroadcast(even, 3u);
    let xh = quadBroadcast(odd, 3u);
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

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups);
    if (number >= params.groups) {
        return;
    }
    let block = block_at(number, 4u * INVOCATIONS);
    let row = block.row + local * 4u;
    let lane = local & 3u;
    let sums = part_sums(block.part, 0u, row, lane);
    var up = Sums();
    if (OUTPUT == 3u) {
        up = part_sums(1u, 0u, row, lane);
    }
    store_rows(0u, block.part, row, 1u, sums.a, up.a);
}
