// q5_1: 32 elements in 24 bytes: d and m f16, 32 high bits, 16 bytes of nibbles as in q4_0; d q + m.
#import unit
#import bits

// Four consecutive bits of a word, from bit `bit`, as the fifth bit of a number.
fn fifth(word: u32, bit: u32) -> vec4<u32> {
    return ((vec4<u32>(word >> bit) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u)) << vec4<u32>(4u);
}

fn unit(row: u32, index: u32) -> Unit {
    let at = (row >> 2u) + index * 6u;
    let head = weight[at];
    let d = half(head);
    let m = vec4<f32>(half(head >> 16u));
    let high = weight[at + 1u];
    let q0 = weight[at + 2u];
    let q1 = weight[at + 3u];
    let q2 = weight[at + 4u];
    let q3 = weight[at + 5u];
    return Unit(
        d * vec4<f32>(low_nibbles(q0) | fifth(high, 0u)) + m, d * vec4<f32>(low_nibbles(q1) | fifth(high, 4u)) + m,
        d * vec4<f32>(low_nibbles(q2) | fifth(high, 8u)) + m, d * vec4<f32>(low_nibbles(q3) | fifth(high, 12u)) + m,
        d * vec4<f32>(high_nibbles(q0) | fifth(high, 16u)) + m, d * vec4<f32>(high_nibbles(q1) | fifth(high, 20u)) + m,
        d * vec4<f32>(high_nibbles(q2) | fifth(high, 24u)) + m, d * vec4<f32>(high_nibbles(q3) | fifth(high, 28u)) + m,
    );
}
