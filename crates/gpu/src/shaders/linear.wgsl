// One token by a weight of any format: LANES neighbouring invocations share a row and take its units in turn.
#import grid
#import format

struct Params {
    units: u32,     // input columns / 32
    row_bytes: u32, // of the weight
    rows: u32,      // of this part of the weight
    first: u32,     // first row of this part
    out: u32,       // output columns
    tokens: u32,    // 1
    bias: u32,      // 0 if there is none
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;       // [1, in]
@group(0) @binding(2) var<storage, read> weight: array<u32>;            // [rows, in] in blocks
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [out], or one element if there is none
@group(0) @binding(4) var<storage, read_write> output: array<f32>;      // [1, out]

override LANES: u32;

var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = (folded(group, groups) * 64u + local) / LANES;
    let lane = local % LANES;
    var sum = 0.0;
    if (row < params.rows) {
        let start = row * params.row_bytes;
        for (var i = lane; i < params.units; i += LANES) {
            let w = unit(start, i);
            let x = i * 8u;
            sum += dot(w.a, input[x]) + dot(w.b, input[x + 1u]) + dot(w.c, input[x + 2u]) + dot(w.d, input[x + 3u])
                + dot(w.e, input[x + 4u]) + dot(w.f, input[x + 5u]) + dot(w.g, input[x + 6u]) + dot(w.h, input[x + 7u]);
        }
    }
    if (LANES > 1u) {
        partial[local] = sum;
        workgroupBarrier();
        if (lane == 0u) {
            for (var i = 1u; i < LANES; i++) {
                sum += partial[local + i];
            }
        }
    }
    if (lane == 0u && row < params.rows) {
        let column = params.first + row;
        if (params.bias != 0u) {
            sum += bias[column];
        }
        output[column] = sum;
    }
}
