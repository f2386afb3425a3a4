// q4_0: 32 elements in 18 bytes: d f16, 16 bytes. Element i is the low nibble of byte i, i + 16 the high one; d (q - 8).
#import unit
#import bits

fn unit(row: u32, index: u32) -> Unit {
    let start = row + index * 18u;
    let at = start >> 2u;
    let shift = (start & 2u) << 3u;
    let w0 = weight[at];
    let w1 = weight[at + 1u];
    let w2 = weight[at + 2u];
    let w3 = weight[at + 3u];
    let w4 = weight[at + 4u];
    let d = half(w0 >> shift);
    // The nibbles start 2 bytes after d: in the middle of w0, or at w1.
    let aligned = shift != 0u;
    let q0 = select((w0 >> 16u) | (w1 << 16u), w1, aligned);
    let q1 = select((w1 >> 16u) | (w2 << 16u), w2, aligned);
    let q2 = select((w2 >> 16u) | (w3 << 16u), w3, aligned);
    let q3 = select((w3 >> 16u) | (w4 << 16u), w4, aligned);
    let m = vec4<f32>(-8.0);
    return Unit(
        d * (vec4<f32>(low_nibbles(q0)) + m), d * (vec4<f32>(low_nibbles(q1)) + m),
        d * (vec4<f32>(low_nibbles(q2)) + m), d * (vec4<f32>(low_nibbles(q3)) + m),
        d * (vec4<f32>(high_nibbles(q0)) + m), d * (vec4<f32>(high_nibbles(q1)) + m),
        d * (vec4<f32>(high_nibbles(q2)) + m), d * (vec4<f32>(high_nibbles(q3)) + m),
    );
}
