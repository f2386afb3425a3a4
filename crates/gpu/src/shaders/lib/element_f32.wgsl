// One weight of a row of any length, which starts at byte `row`.
fn element(row: u32, column: u32) -> f32 {
    return bitcast<f32>(weight[(row >> 2u) + column]);
}
