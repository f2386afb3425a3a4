// Several tokens by the rows of a weight, by invocations that need no memory and no barriers. An invocation has four rows, and of
// each four tokens it loads the inputs of one: its three neighbours, who have other rows, get them from it. So an input is loaded
// by one of four, and a unit is dequantized once for all tokens of the tile.
#import grid
#import linear_stage
#import reduce
#import load_plain
#import sums
#import parts

const INVOCATIONS = 16u;
const TOKENS = 4u * QUADS; // of a tile

// What four columns of four rows add to their sums, by the own token and by those of the neighbours.
fn columns4(sums: mat4x4<f32>, r0: vec4<f32>, r1: vec4<f32>, r2: vec4<f32>, r3: vec4<f32>, x: vec4<f32>) -> mat4x4<f32> {
    let rows = transpose(mat4x4<f32>(r0, r1, r2, r3));
    return mat4x4<f32>(
        sums[0] + rows * x,
        sums[1] + rows * quadSwapX(x),
        sums[2] + rows * quadSwapY(x),
        sums[3] + rows * quadSwapDiagonal(x),
    );
}

// The sums of a unit, which are added to those of the units before as a whole: one long sum loses four times as much.
fn quad(token: u32, lane: u32, i: u32, u0: Unit, u1: Unit, u2: Unit, u3: Unit) -> mat4x4<f32> {
    let x = row_of(token + lane) + i * 8u;
    var sums = mat4x4<f32>();
    sums = columns4(sums, u0.a, u1.a, u2.a, u3.a, input[x]);
    sums = columns4(sums, u0.b, u1.b, u2.b, u3.b, input[x + 1u]);
    sums = columns4(sums, u0.c, u1.c, u2.c, u3.c, input[x + 2u]);
    sums = columns4(sums, u0.d, u1.d, u2.d, u3.d, input[x + 3u]);
    sums = columns4(sums, u0.e, u1.e, u2.e, u3.e, input[x + 4u]);
    sums = columns4(sums, u0.f, u1.f, u2.f, u3.f, input[x + 5u]);
    sums = columns4(sums, u0.g, u1.g, u2.g, u3.g, input[x + 6u]);
    return columns4(sums, u0.h, u1.h, u2.h, u3.h, input[x + 7u]);
}

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups);
    let token = number / params.groups * TOKENS;
    if (token >= params.tokens) {
        return;
    }
    let block = block_at(number % params.groups, 4u * INVOCATIONS);
    let row = block.row + local * 4u;
    let lane = local & 3u;
    var sums = part_sums(block.part, token, row, lane);
    let none = vec4<f32>(); // there is one part
    for (var t = token; t < token + TOKENS; t += 4u) {
        store_rows(t + lane, block.part, row, 1u, sums.a[0], none);
        store_rows(t + (lane ^ 1u), block.part, row, 1u, sums.a[1], none);
        store_rows(t + (lane ^ 2u), block.part, row, 1u, sums.a[2], none);
        store_rows(t + (lane ^ 3u), block.part, row, 1u, sums.a[3], none);
        sums = turned(sums);
    }
}
