// Every row divided by its Euclidean norm; a workgroup a row.
#import grid
#import reduce

struct Params {
    rows: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [rows, columns]
@group(0) @binding(2) var<storage, read_write> output: array<f32>;      // [rows, columns]

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
    var squares = 0.0;
    for (var i = local; i < params.columns; i += GROUP) {
        let x = input[start + i];
        squares += x * x;
    }
    let norm = max(sqrt(workgroup_sum(local, squares)), 1e-12);
    for (var i = local; i < params.columns; i += GROUP) {
        output[start + i] = input[start + i] / norm;
    }
}
