// Sums of a workgroup of four neighbours: without memory and barriers.
const GROUP = 4u; // lanes of a workgroup

// The sum of all four.
fn workgroup_sum(local: u32, value: f32) -> f32 {
    let pair = value + quadSwapX(value);
    return pair + quadSwapY(pair);
}
