// q5_0: 32 elements in 22 bytes: d f16, 32 high bits, 16 bytes of nibbles as in q4_0; d (q - 16).
#import unit
#import bits

// Four low nibbles with their fifth bits.
fn five(nibbles: u32, high: u32, bit: u32) -> vec4<f32> {
    return bytes((nibbles & 0x0f0f0f0fu) | fifth_bits(high, bit));
}

fn unit(row: u32, index: u32) -> Unit {
    let start = row + index * 22u;
    let at = start >> 2u;
    let w0 = weight[at];
    let w1 = weight[at + 1u];
    let w2 = weight[at + 2u];
    let w3 = weight[at + 3u];
    let w4 = weight[at + 4u];
    let w5 = weight[at + 5u];
    // What follows d starts in the middle of w0, or at w1.
    let middle = (start & 2u) == 0u;
    let d = half(select(w0 >> 16u, w0, middle));
    let high = select(w1, joined(w0, w1, 16u), middle);
    let q0 = select(w2, joined(w1, w2, 16u), middle);
    let q1 = select(w3, joined(w2, w3, 16u), middle);
    let q2 = select(w4, joined(w3, w4, 16u), middle);
    let q3 = select(w5, joined(w4, w5, 16u), middle);
    return Unit(
        five(q0, high, 0u), five(q1, high, 4u),
        five(q2, high, 8u), five(q3, high, 12u),
        five(q0 >> 4u, high, 16u), five(q1 >> 4u, high, 20u),
        five(q2 >> 4u, high, 24u), five(q3 >> 4u, high, 28u),
        vec2<f32>(d), vec2<f32>(-16.0 * d),
    );
}
