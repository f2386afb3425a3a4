// Rows of a table of any format, a unit of 32 columns an invocation. A part of a split table writes the rows it holds.
#import grid
#import stored
#import format

struct Params {
    units: u32,      // columns / 32
    row_vectors: u32, // of a row of plain numbers; of a group of four rows in blocks
    rows: u32,       // of this part of the table
    first: u32,      // first row of this part
    table_rows: u32, // of the whole table
    n: u32,          // indices
    factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weight: array<Stored>;          // [rows, columns] in blocks
@group(0) @binding(2) var<storage, read> index: array<u32>;                 // [n]
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;    // [n, columns]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups) * 64u + local;
    let n = number / params.units;
    if (n >= params.n) {
        return;
    }
    let row = min(index[n], params.table_rows - 1u);
    if (row < params.first || row - params.first >= params.rows) {
        return;
    }
    let w = unit(row_start(row - params.first, params.row_vectors), number % params.units);
    let at = number * 8u;
    let scale = w.scale * params.factor;
    let shift = w.shift * params.factor;
    output[at] = w.a * scale.x + shift.x;
    output[at + 1u] = w.b * scale.x + shift.x;
    output[at + 2u] = w.c * scale.x + shift.x;
    output[at + 3u] = w.d * scale.x + shift.x;
    output[at + 4u] = w.e * scale.y + shift.y;
    output[at + 5u] = w.f * scale.y + shift.y;
    output[at + 6u] = w.g * scale.y + shift.y;
    output[at + 7u] = w.h * scale.y + shift.y;
}
