// Layer norm of every row; a workgroup a row. Two passes: the variance of differences does not cancel.
#import grid
#import reduce

struct Params {
    rows: u32,
    columns: u32,
    epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [rows, columns]
@group(0) @binding(2) var<storage, read> weight: array<f32>;            // [columns]
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [columns]
@group(0) @binding(4) var<storage, read_write> output: array<f32>;      // [rows, columns]

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = folded(group, groups);
    if (row >= params.rows) {
        return;
    }
    let start = row * params.columns;
    var sum = 0.0;
    for (var i = local; i < params.columns; i += GROUP) {
        sum += input[start + i];
    }
    let mean = workgroup_sum(local, sum) / f32(params.columns);
    var squares = 0.0;
    for (var i = local; i < params.columns; i += GROUP) {
        let x = input[start + i] - mean;
        squares += x * x;
    }
    let variance = workgroup_sum(local, squares) / f32(params.columns);
    let factor = 1.0 / sqrt(variance + params.epsilon);
    for (var i = local; i < params.columns; i += GROUP) {
        output[start + i] = (input[start + i] - mean) * factor * weight[i] + bias[i];
    }
}
