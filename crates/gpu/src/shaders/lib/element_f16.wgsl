#import bits

// One weight of a row of any length, which starts at byte `row`.
fn element(row: u32, column: u32) -> f32 {
    let offset = row + column * 2u;
    return half(weight[offset >> 2u] >> ((offset & 2u) << 3u));
}
