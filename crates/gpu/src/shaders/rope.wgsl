// Rotary position embedding; one pair of elements an invocation.
#import grid
#import turn

struct Params {
    pairs: u32,    // tokens * columns / 2
    columns: u32,
    head_dim: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [tokens, columns]
@group(0) @binding(2) var<storage, read> positions: array<u32>;         // [tokens]
@group(0) @binding(3) var<storage, read> factors: array<f32>;           // [head_dim / 2]
@group(0) @binding(4) var<storage, read> turns: array<vec2<u32>>;       // [head_dim / 2]: 2^-32 and 2^-64 turns a position
@group(0) @binding(5) var<storage, read_write> output: array<f32>;      // [tokens, columns]

override ADJACENT: bool;
override FACTORS: bool;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups) * 64u + local;
    if (number >= params.pairs) {
        return;
    }
    let half_dim = params.head_dim / 2u;
    let pair = number % half_dim;
    let start = number / half_dim * params.head_dim;
    var first = start + pair;
    var second = first + half_dim;
    if (ADJACENT) {
        first = start + pair * 2u;
        second = first + 1u;
    }
    let a = input[first];
    let b = input[second];
    let position = positions[start / params.columns];
    if (position == 0xffffffffu) { // padding
        output[first] = a;
        output[second] = b;
        return;
    }
    var factor = 1.0;
    if (FACTORS) {
        factor = factors[pair];
    }
    let cs = rotation(position, turns[pair], factor);
    output[first] = a * cs.x - b * cs.y;
    output[second] = a * cs.y + b * cs.x;
}
