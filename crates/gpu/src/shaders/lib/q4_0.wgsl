// q4_0: 32 elements in 18 bytes: d f16, 16 bytes. Element i is the low nibble of byte i, i + 16 the high one; d (q - 8).
#import unit
#import bits

fn unit(row: u32, index: u32) -> Unit {
    let start = row + index * 18u;
    let at = start >> 2u;
    let w0 = weight[at];
    let w1 = weight[at + 1u];
    let w2 = weight[at + 2u];
    let w3 = weight[at + 3u];
    let w4 = weight[at + 4u];
    // The nibbles start 2 bytes after d: in the middle of w0, or at w1.
    let middle = (start & 2u) == 0u;
    let d = half(select(w0 >> 16u, w0, middle));
    let q0 = select(w1, joined(w0, w1, 16u), middle);
    let q1 = select(w2, joined(w1, w2, 16u), middle);
    let q2 = select(w3, joined(w2, w3, 16u), middle);
    let q3 = select(w4, joined(w3, w4, 16u), middle);
    return Unit(
        low_nibbles(q0), low_nibbles(q1),
        low_nibbles(q2), low_nibbles(q3),
        high_nibbles(q0), high_nibbles(q1),
        high_nibbles(q2), high_nibbles(q3),
        vec2<f32>(d), vec2<f32>(-8.0 * d),
    );
}
