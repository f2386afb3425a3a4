// Tokens by a weight of plain numbers whose rows are no multiple of 32: one output an invocation.
#import grid
#import element

struct Params {
    columns: u32,   // of the input
    row_bytes: u32, // of the weight
    rows: u32,      // of this part of the weight
    first: u32,     // first row of this part
    out: u32,       // output columns
    tokens: u32,
    bias: u32,      // 0 if there is none
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [tokens, in]
@group(0) @binding(2) var<storage, read> weight: array<u32>;            // [rows, in]
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [out], or one element if there is none
@group(0) @binding(4) var<storage, read_write> output: array<f32>;      // [tokens, out]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = folded(group, groups) * 64u + local;
    let token = index / params.rows;
    let row = index % params.rows;
    if (token >= params.tokens) {
        return;
    }
    let start = row * params.row_bytes;
    let x = token * params.columns;
    var sum = 0.0;
    for (var i = 0u; i < params.columns; i++) {
        sum += element(start, i) * input[x + i];
    }
    let column = params.first + row;
    if (params.bias != 0u) {
        sum += bias[column];
    }
    output[token * params.out + column] = sum;
}
