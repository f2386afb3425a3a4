// Mean over the rows of each sequence of a packed batch; one column of a sequence an invocation.
#import grid

struct Params {
    elements: u32, // sequences * columns
    columns: u32,
    rows: u32,     // of the input
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [rows, columns]
@group(0) @binding(2) var<storage, read> offsets: array<u32>;           // [sequences + 1]
@group(0) @binding(3) var<storage, read_write> output: array<f32>;      // [sequences, columns]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = folded(group, groups) * 64u + local;
    if (i >= params.elements) {
        return;
    }
    let sequence = i / params.columns;
    let column = i % params.columns;
    let start = offsets[sequence];
    let end = min(offsets[sequence + 1u], params.rows);
    var sum = 0.0;
    for (var row = start; row < end; row++) {
        sum += input[row * params.columns + column];
    }
    output[i] = select(0.0, sum / f32(max(end, start + 1u) - start), end > start);
}
