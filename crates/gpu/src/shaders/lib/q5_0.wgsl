// q5_0: 32 elements in 22 bytes: d f16, 32 high bits, 16 bytes of nibbles as in q4_0; d (q - 16).
#import unit
#import bits

// Four consecutive bits of a word, from bit `bit`, as the fifth bit of a number.
fn fifth(word: u32, bit: u32) -> vec4<u32> {
    return ((vec4<u32>(word >> bit) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u)) << vec4<u32>(4u);
}

fn unit(row: u32, index: u32) -> Unit {
    let start = row + index * 22u;
    let d = half(word_at(start));
    let high = word_at(start + 2u);
    let q0 = word_at(start + 6u);
    let q1 = word_at(start + 10u);
    let q2 = word_at(start + 14u);
    let q3 = word_at(start + 18u);
    let m = vec4<f32>(-16.0);
    return Unit(
        d * (vec4<f32>(low_nibbles(q0) | fifth(high, 0u)) + m), d * (vec4<f32>(low_nibbles(q1) | fifth(high, 4u)) + m),
        d * (vec4<f32>(low_nibbles(q2) | fifth(high, 8u)) + m), d * (vec4<f32>(low_nibbles(q3) | fifth(high, 12u)) + m),
        d * (vec4<f32>(high_nibbles(q0) | fifth(high, 16u)) + m), d * (vec4<f32>(high_nibbles(q1) | fifth(high, 20u)) + m),
        d * (vec4<f32>(high_nibbles(q2) | fifth(high, 24u)) + m), d * (vec4<f32>(high_nibbles(q3) | fifth(high, 28u)) + m),
    );
}
