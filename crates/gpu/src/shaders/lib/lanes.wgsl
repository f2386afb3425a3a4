// What the 256 lanes of a workgroup tell each other, four numbers each.
var<workgroup> lanes: array<vec4<f32>, 256>;
var<workgroup> tile_lanes: array<vec4<f32>, 64>; // of the first 64
var<workgroup> peaks: array<vec4<f32>, 4>;       // of 16 of these

// The largest of what the first 64 lanes have. Between it and what was read of `tile_lanes` before, the caller has a barrier.
fn tile_peak(local: u32, own: vec4<f32>) -> vec4<f32> {
    if (local < 64u) {
        tile_lanes[local] = own;
    }
    workgroupBarrier();
    var peak = tile_lanes[local % 4u * 16u];
    for (var i = 1u; i < 16u; i++) {
        peak = max(peak, tile_lanes[local % 4u * 16u + i]);
    }
    if (local < 4u) {
        peaks[local] = peak;
    }
    workgroupBarrier();
    return max(max(peaks[0], peaks[1]), max(peaks[2], peaks[3]));
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
