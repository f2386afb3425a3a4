// q5_1: 32 elements in 24 bytes: d and m f16, 32 high bits, 16 bytes of nibbles as in q4_0; d q + m.
#import unit
#import bits

// Four low nibbles with their fifth bits.
fn five(nibbles: u32, high: u32, bit: u32) -> vec4<f32> {
    return bytes((nibbles & 0x0f0f0f0fu) | fifth_bits(high, bit));
}

fn unit(row: u32, index: u32) -> Unit {
    let at = (row >> 2u) + index * 6u;
    let head = weight[at];
    let d = half(head);
    let m = half(head >> 16u);
    let high = weight[at + 1u];
    let q0 = weight[at + 2u];
    let q1 = weight[at + 3u];
    let q2 = weight[at + 4u];
    let q3 = weight[at + 5u];
    return Unit(
        five(q0, high, 0u), five(q1, high, 4u),
        five(q2, high, 8u), five(q3, high, 12u),
        five(q0 >> 4u, high, 16u), five(q1 >> 4u, high, 20u),
        five(q2 >> 4u, high, 24u), five(q3 >> 4u, high, 28u),
        vec2<f32>(d), vec2<f32>(m),
    );
}
