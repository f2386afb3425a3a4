// q3_k: 256 elements in 110 bytes: 32 bytes of high bits (bit u of byte l belongs to element l of unit u; clear means -4),
// 64 bytes of 2-bit numbers as in q2_k, 12 bytes with 16 scales of 6 bits (minus 32), d f16.
#import unit
#import bits
#import words

// Scale `i` of 16: its low nibble in byte i % 8, its two high bits in byte 8 + i % 4.
fn scale_of(s0: u32, s1: u32, s2: u32, i: u32) -> f32 {
    let low = byte_of(select(s0, s1, (i & 4u) != 0u), i & 3u) >> ((i >> 3u) << 2u);
    let high = byte_of(s2, i & 3u) >> ((i >> 2u) << 1u);
    return f32((low & 15u) | ((high & 3u) << 4u)) - 32.0;
}

fn three(low: u32, high: u32, bit: u32, sub: u32) -> vec4<f32> {
    return bytes(((low >> bit) & 0x03030303u) | (((high >> sub) & 0x01010101u) << 2u));
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
    let bit = (sub & 3u) << 1u;
    // A block starts at a word, or in the middle of one; everything in it is as far from a word as it is.
    let shift = (block & 2u) << 3u;
    let low = (block + 32u + (sub >> 2u) * 32u) >> 2u;
    let l0 = weight[low];
    let l1 = weight[low + 1u];
    let l2 = weight[low + 2u];
    let l3 = weight[low + 3u];
    let l4 = weight[low + 4u];
    let l5 = weight[low + 5u];
    let l6 = weight[low + 6u];
    let l7 = weight[low + 7u];
    let l8 = weight[low + 8u];
    let high = block >> 2u;
    let h0 = weight[high];
    let h1 = weight[high + 1u];
    let h2 = weight[high + 2u];
    let h3 = weight[high + 3u];
    let h4 = weight[high + 4u];
    let h5 = weight[high + 5u];
    let h6 = weight[high + 6u];
    let h7 = weight[high + 7u];
    let h8 = weight[high + 8u];
    return Unit(
        three(joined(l0, l1, shift), joined(h0, h1, shift), bit, sub),
        three(joined(l1, l2, shift), joined(h1, h2, shift), bit, sub),
        three(joined(l2, l3, shift), joined(h2, h3, shift), bit, sub),
        three(joined(l3, l4, shift), joined(h3, h4, shift), bit, sub),
        three(joined(l4, l5, shift), joined(h4, h5, shift), bit, sub),
        three(joined(l5, l6, shift), joined(h5, h6, shift), bit, sub),
        three(joined(l6, l7, shift), joined(h6, h7, shift), bit, sub),
        three(joined(l7, l8, shift), joined(h7, h8, shift), bit, sub),
        vec2<f32>(d0, d1), vec2<f32>(-4.0 * d0, -4.0 * d1),
    );
}
