// Rows of a table of plain numbers whose rows are no multiple of 32: one element an invocation.
#import grid
#import element

struct Params {
    columns: u32,
    row_bytes: u32,
    rows: u32,       // of this part of the table
    first: u32,      // first row of this part
    table_rows: u32, // of the whole table
    n: u32,          // indices
    factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weight: array<u32>;            // [rows, columns]
@group(0) @binding(2) var<storage, read> index: array<u32>;             // [n]
@group(0) @binding(3) var<storage, read_write> output: array<f32>;      // [n, columns]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups) * 64u + local;
    let n = number / params.columns;
    if (n >= params.n) {
        return;
    }
    let row = min(index[n], params.table_rows - 1u);
    if (row < params.first || row - params.first >= params.rows) {
        return;
    }
    output[number] = params.factor * element((row - params.first) * params.row_bytes, number % params.columns);
}
