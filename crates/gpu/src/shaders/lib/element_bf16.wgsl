// One weight of a row of any length, which starts at byte `row`.
fn element(row: u32, column: u32) -> f32 {
    let offset = row + column * 2u;
    let word = weight[offset >> 2u];
    return bitcast<f32>(select(word << 16u, word & 0xffff0000u, (offset & 2u) != 0u));
}
