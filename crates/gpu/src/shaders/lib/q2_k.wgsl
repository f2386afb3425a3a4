// q2_k: 256 elements in 84 bytes: 16 bytes of scale (low nibble) and minimum (high nibble) for each 16 elements, 64 bytes
// of 2-bit numbers, d and dmin f16. Units 0..4 are bit pairs 0..4 of bytes 0..32, units 4..8 of bytes 32..64.
#import unit
#import bits

// Two bits of each byte.
fn two(word: u32, bit: u32) -> vec4<f32> {
    return bytes((word >> bit) & 0x03030303u);
}

fn unit(row: u32, index: u32) -> Unit {
    let block = (row >> 2u) + (index >> 3u) * 21u;
    let sub = index & 7u;
    let head = weight[block + 20u];
    let d = half(head);
    let dmin = half(head >> 16u);
    let scales = weight[block + (sub >> 1u)] >> ((sub & 1u) << 4u);
    let d0 = d * f32(scales & 15u);
    let m0 = -dmin * f32((scales >> 4u) & 15u);
    let d1 = d * f32((scales >> 8u) & 15u);
    let m1 = -dmin * f32((scales >> 12u) & 15u);
    let q = block + 4u + (sub >> 2u) * 8u;
    let bit = (sub & 3u) << 1u;
    return Unit(
        two(weight[q], bit), two(weight[q + 1u], bit),
        two(weight[q + 2u], bit), two(weight[q + 3u], bit),
        two(weight[q + 4u], bit), two(weight[q + 5u], bit),
        two(weight[q + 6u], bit), two(weight[q + 7u], bit),
        vec2<f32>(d0, d1), vec2<f32>(m0, m1),
    );
}
