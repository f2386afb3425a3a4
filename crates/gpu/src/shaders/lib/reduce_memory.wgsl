// Sums and maxima of a workgroup of 64 by way of its memory.
const GROUP = 64u; // lanes of a workgroup

var<workgroup> partial: array<f32, 64>;
var<workgroup> lane_sums: array<vec4<f32>, 64>;

// The sum of all lanes: each adds up all values, in the same order.
fn workgroup_sum(local: u32, value: f32) -> f32 {
    workgroupBarrier(); // the lanes may still read the values of an earlier call
    partial[local] = value;
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < 64u; i++) {
        sum += partial[i];
    }
    return sum;
}

// The largest value of the first lanes. Between it and an earlier call the caller has a barrier.
fn workgroup_max(local: u32, value: f32, lanes: u32) -> f32 {
    partial[local] = value;
    workgroupBarrier();
    var largest = partial[0];
    for (var i = 1u; i < lanes; i++) {
        largest = max(largest, partial[i]);
    }
    return largest;
}

// The sum of neighbours, as many as `lanes` from a multiple of it.
fn neighbours_sum(local: u32, own: vec4<f32>, lanes: u32) -> vec4<f32> {
    if (lanes == 1u) {
        return own;
    }
    workgroupBarrier(); // the lanes may still read the sums of an earlier call
    lane_sums[local] = own;
    workgroupBarrier();
    var sum = vec4<f32>(0.0);
    let first = local - local % lanes;
    for (var i = 0u; i < lanes; i++) {
        sum += lane_sums[first + i];
    }
    return sum;
}
