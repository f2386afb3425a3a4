// Index of the largest element of each row, the first of equals; a workgroup a row.
#import grid

struct Params {
    rows: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [rows, columns]
@group(0) @binding(2) var<storage, read_write> output: array<u32>;      // [rows]

var<workgroup> values: array<f32, 256>;
var<workgroup> indices: array<u32, 256>;

@compute @workgroup_size(256)
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
    var best = -3.4028234e38;
    var at = 0xffffffffu;
    for (var i = local; i < params.columns; i += 256u) {
        let x = input[start + i];
        if (x > best || at == 0xffffffffu) {
            best = x;
            at = i;
        }
    }
    values[local] = best;
    indices[local] = at;
    workgroupBarrier();
    if (local == 0u) {
        for (var i = 1u; i < 256u; i++) {
            let better = values[i] > best || (values[i] == best && indices[i] < at);
            if (better) {
                best = values[i];
                at = indices[i];
            }
        }
        output[row] = at;
    }
}
