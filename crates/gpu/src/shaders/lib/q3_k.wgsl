// q3_k: 256 elements in 110 bytes: 32 bytes of high bits (bit u of byte l belongs to element l of unit u; clear means -4),
// 64 bytes of 2-bit numbers as in q2_k, 12 bytes with 16 scales of 6 bits (minus 32), d f16.
#import unit
#import bits

// Scale `i` of 16: its low nibble in byte i % 8, its two high bits in byte 8 + i % 4.
fn scale_of(s0: u32, s1: u32, s2: u32, i: u32) -> f32 {
    let low = byte_of(select(s0, s1, (i & 4u) != 0u), i & 3u) >> ((i >> 3u) << 2u);
    let high = byte_of(s2, i & 3u) >> ((i >> 2u) << 1u);
    return f32((low & 15u) | ((high & 3u) << 4u)) - 32.0;
}

fn three(low: u32, high: u32, bit: u32, sub: u32) -> vec4<f32> {
    return vec4<f32>(pair_of_bytes(low, bit) | (bit_of_bytes(high, sub) << vec4<u32>(2u))) - vec4<f32>(4.0);
}

fn unit(row: u32, index: u32) -> Unit {
    let block = row + (index >> 3u) * 110u;
    let sub = index & 7u;
    let d = half(word_at(block + 108u));
    let s0 = word_at(block + 96u);
    let s1 = word_at(block + 100u);
    let s2 = word_at(block + 104u);
    let d0 = d * scale_of(s0, s1, s2, sub * 2u);
    let d1 = d * scale_of(s0, s1, s2, sub * 2u + 1u);
    let q = block + 32u + (sub >> 2u) * 32u;
    let bit = (sub & 3u) << 1u;
    return Unit(
        d0 * three(word_at(q), word_at(block), bit, sub),
        d0 * three(word_at(q + 4u), word_at(block + 4u), bit, sub),
        d0 * three(word_at(q + 8u), word_at(block + 8u), bit, sub),
        d0 * three(word_at(q + 12u), word_at(block + 12u), bit, sub),
        d1 * three(word_at(q + 16u), word_at(block + 16u), bit, sub),
        d1 * three(word_at(q + 20u), word_at(block + 20u), bit, sub),
        d1 * three(word_at(q + 24u), word_at(block + 24u), bit, sub),
        d1 * three(word_at(q + 28u), word_at(block + 28u), bit, sub),
    );
}
