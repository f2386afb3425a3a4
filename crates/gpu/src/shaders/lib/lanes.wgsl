// What the 256 lanes of a workgroup tell each other, four numbers each.
var<workgroup> lanes: array<vec4<f32>, 256>;
var<workgroup> peaks: array<vec4<f32>, 16>; // of 16 lanes

// The largest of all lanes.
fn workgroup_peak(local: u32, own: vec4<f32>) -> vec4<f32> {
    lanes[local] = own;
    workgroupBarrier();
    var peak = own;
    for (var i = local & 0xf0u; i <= (local | 15u); i++) {
        peak = max(peak, lanes[i]);
    }
    if (local % 16u == 0u) {
        peaks[local / 16u] = peak;
    }
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) {
        peak = max(peak, peaks[i]);
    }
    return peak;
}

// For the first team of `size` lanes: the sum of what the lanes of all whole teams hold at the same place.
fn teams_sum(local: u32, size: u32, own: vec4<f32>) -> vec4<f32> {
    workgroupBarrier(); // the lanes may still read what lies there
    lanes[local] = own;
    workgroupBarrier();
    var sum = own;
    for (var i = local + size; i < 256u / size * size; i += size) {
        sum += lanes[i];
    }
    return sum;
}
