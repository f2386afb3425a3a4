// Root-mean-square norm of every run of a row; a workgroup a run.
#import grid
#import reduce

struct Params {
    runs: u32,
    run: u32,     // elements of a run
    epsilon: f32,
    offset: f32,  // added to the weight
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [runs, run]
@group(0) @binding(2) var<storage, read> weight: array<f32>;            // [run]
@group(0) @binding(3) var<storage, read_write> output: array<f32>;      // [runs, run]

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups);
    if (number >= params.runs) {
        return;
    }
    let start = number * params.run;
    var squares = 0.0;
    for (var i = local; i < params.run; i += GROUP) {
        let x = input[start + i];
        squares += x * x;
    }
    let mean = workgroup_sum(local, squares) / f32(params.run);
    let factor = 1.0 / sqrt(mean + params.epsilon);
    for (var i = local; i < params.run; i += GROUP) {
        output[start + i] = input[start + i] * factor * (weight[i] + params.offset);
    }
}
