// Sums and maxima of a workgroup of 64 by its subgroups. Those of all lanes take subgroups of any size with any lanes in them:
// each subgroup goes through all values, which its lanes take in turn.
override SUBGROUP: u32 = 1u; // neighbours that lie beside each other in a subgroup, at least; a power of 2

const GROUP = 64u; // lanes of a workgroup

var<workgroup> partial: array<f32, 64>;
var<workgroup> lane_sums: array<vec4<f32>, 64>;

fn workgroup_sum(local: u32, value: f32) -> f32 {
    workgroupBarrier(); // the lanes may still read the values of an earlier call
    partial[local] = value;
    workgroupBarrier();
    let lanes = subgroupAdd(1u);
    var sum = 0.0;
    for (var i = subgroupExclusiveAdd(1u); i < 64u; i += lanes) {
        sum += partial[i];
    }
    return subgroupAdd(sum);
}

// The largest value; lanes past the first `lanes` hold none that is larger. Between it and an earlier call the caller has a
// barrier.
fn workgroup_max(local: u32, value: f32, lanes: u32) -> f32 {
    partial[local] = value;
    workgroupBarrier();
    let own_lanes = subgroupAdd(1u);
    var largest = value;
    for (var i = subgroupExclusiveAdd(1u); i < 64u; i += own_lanes) {
        largest = max(largest, partial[i]);
    }
    return subgroupMax(largest);
}

// The sum of neighbours, as many as `lanes` from a multiple of it: without memory and barriers where a subgroup holds them.
fn neighbours_sum(local: u32, own: vec4<f32>, lanes: u32) -> vec4<f32> {
    var sum = own;
    for (var step = 1u; step < min(lanes, SUBGROUP); step <<= 1u) {
        sum += subgroupShuffleXor(sum, step);
    }
    if (lanes <= SUBGROUP) {
        return sum;
    }
    workgroupBarrier(); // the lanes may still read the sums of an earlier call
    lane_sums[local] = sum;
    workgroupBarrier();
    var total = vec4<f32>(0.0);
    let first = local - local % lanes;
    for (var i = 0u; i < lanes; i += SUBGROUP) {
        total += lane_sums[first + i];
    }
    return total;
}
