// q4_1: 32 elements in 20 bytes: d and m f16, 16 bytes. Element i is the low nibble of byte i, i + 16 the high one; d q + m.
#import unit
#import bits

fn unit(row: u32, index: u32) -> Unit {
    let at = (row >> 2u) + index * 5u;
    let head = weight[at];
    let d = half(head);
    let m = half(head >> 16u);
    let q0 = weight[at + 1u];
    let q1 = weight[at + 2u];
    let q2 = weight[at + 3u];
    let q3 = weight[at + 4u];
    return Unit(
        low_nibbles(q0), low_nibbles(q1),
        low_nibbles(q2), low_nibbles(q3),
        high_nibbles(q0), high_nibbles(q1),
        high_nibbles(q2), high_nibbles(q3),
        vec2<f32>(d), vec2<f32>(m),
    );
}
