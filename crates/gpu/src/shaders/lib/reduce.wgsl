// Sums over a workgroup of 64 with one barrier: every lane adds up all partial sums, in the same order.
var<workgroup> partial: array<f32, 64>;

fn workgroup_sum(lane: u32, value: f32) -> f32 {
    workgroupBarrier(); // the lanes may still read the sums of an earlier call
    partial[lane] = value;
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < 64u; i++) {
        sum += partial[i];
    }
    return sum;
}
