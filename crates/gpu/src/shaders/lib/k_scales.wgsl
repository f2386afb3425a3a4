// The 8 scales and 8 minima of 6 bits in the 12 bytes of q4_k and q5_k.
#import bits

// Scale and minimum of unit `sub`.
fn scale_and_minimum(s0: u32, s1: u32, s2: u32, sub: u32) -> vec2<f32> {
    let i = sub & 3u;
    let first = byte_of(s0, i);
    let second = byte_of(s1, i);
    let third = byte_of(s2, i);
    let low = vec2<u32>(first & 63u, second & 63u);
    let high = vec2<u32>((third & 15u) | ((first >> 6u) << 4u), (third >> 4u) | ((second >> 6u) << 4u));
    return vec2<f32>(select(low, high, vec2<bool>(sub >= 4u)));
}
