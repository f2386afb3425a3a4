// One token by the rows of up to three weights, each of its own format, by invocations that need no memory and no barriers. An
// invocation has four rows, or eight. Of each unit four neighbours, who have other rows, load a quarter of the inputs each, for all four.
#import grid
#import linear_stage
#import reduce
#import load_plain
#import sums
#import parts

const INVOCATIONS = 8u;

// Of an invocation: 8 gain from inputs that are loaded once for them, but take long to compile in formats of many instructions.
override ROWS: u32;

// The inputs of a unit, as a unit has its weights, and the sums of its halves.
struct Inputs {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
    e: vec4<f32>,
    f: vec4<f32>,
    g: vec4<f32>,
    h: vec4<f32>,
    halves: vec2<f32>,
}

fn inputs(lane: u32, i: u32) -> Inputs {
    let at = i * 8u + lane * 2u;
    let even = input[at];
    let odd = input[at + 1u];
    let a = quadBroadcast(even, 0u);
    let b = quadBroadcast(odd, 0u);
    let c = quadBroadcast(even, 1u);
    let d = quadBroadcast(odd, 1u);
    let e = quadBroadcast(even, 2u);
    let f = quadBroadcast(odd, 2u);
    let g = quadBroadcast(even, 3u);
    let h = quadBroadcast(odd, 3u);
    let ones = vec4<f32>(1.0);
    return Inputs(a, b, c, d, e, f, g, h, vec2<f32>(dot(a + b + c + d, ones), dot(e + f + g + h, ones)));
}

// A row: numbers first, then the scales once a half, and the shifts by the sum of the half.
fn product(x: Inputs, u: Unit) -> f32 {
    let first = dot(x.a, u.a) + dot(x.b, u.b) + dot(x.c, u.c) + dot(x.d, u.d);
    let second = dot(x.e, u.e) + dot(x.f, u.f) + dot(x.g, u.g) + dot(x.h, u.h);
    return first * u.scale.x + second * u.scale.y + dot(x.halves, u.shift);
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
    let block = block_at(number, ROWS * INVOCATIONS);
    let row = block.row + local * ROWS;
    let lane = local & 3u;
    var sums = part_sums(block.part, 0u, row, lane);
    var up = Sums();
    if (OUTPUT == 3u) {
        up = part_sums(1u, 0u, row, lane);
    }
    for (var i = 0u; i < ROWS; i += 4u) {
        store_rows(0u, block.part, row + i, 1u, sums.a, up.a);
        sums = turned(sums, sums.a);
        up = turned(up, up.a);
    }
}
