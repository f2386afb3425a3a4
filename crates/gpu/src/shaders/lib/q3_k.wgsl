// q3_k: planes of 2-bit numbers as in q2_k; of high bits, 2 times 16 bytes a block (bit u of byte l belongs to element l of unit u;
// clear means -4); of 16 scales of 6 bits (minus 32) in three words; of d, f16.
#import unit
#import ahead_nothing
#import planes
#import quants

// Scale `i` of 16: its low nibble in byte i % 8, its two high bits in byte 8 + i % 4.
fn scale_of(s0: u32, s1: u32, s2: u32, i: u32) -> f32 {
    let low = byte_of(select(s0, s1, (i & 4u) != 0u), i & 3u) >> ((i >> 3u) << 2u);
    let high = byte_of(s2, i & 3u) >> ((i >> 2u) << 1u);
    return f32((low & 15u) | ((high & 3u) << 4u)) - 32.0;
}

fn three(low: u32, high: u32, bit: u32, sub: u32) -> Four {
    return quants(((low >> bit) & 0x03030303u) | (((high >> sub) & 0x01010101u) << 2u));
}

// Word `index` of the plane of scales.
fn scale_word(start: u32, plane: u32, index: u32) -> u32 {
    return one_word((start & 0xfffffffcu) + plane + (index >> 2u), index & 3u);
}

fn unit(start: u32, index: u32) -> Unit {
    let block = index >> 3u;
    let sub = index & 7u;
    let blocks = params.units >> 3u;
    let d = half_at(start, blocks * 27u, block);
    let scales = (block * 4u + (start & 3u)) * 3u;
    let s0 = scale_word(start, blocks * 24u, scales);
    let s1 = scale_word(start, blocks * 24u, scales + 1u);
    let s2 = scale_word(start, blocks * 24u, scales + 2u);
    let d0 = d * scale_of(s0, s1, s2, sub * 2u);
    let d1 = d * scale_of(s0, s1, s2, sub * 2u + 1u);
    let at = start + (block * 4u + (sub >> 2u) * 2u) * 4u;
    let l0 = four_words(at);
    let l1 = four_words(at + 4u);
    let high = start + (blocks * 4u + block * 2u) * 4u;
    let h0 = four_words(high);
    let h1 = four_words(high + 4u);
    let bit = (sub & 3u) << 1u;
    return Unit(
        three(l0.x, h0.x, bit, sub), three(l0.y, h0.y, bit, sub), three(l0.z, h0.z, bit, sub), three(l0.w, h0.w, bit, sub),
        three(l1.x, h1.x, bit, sub), three(l1.y, h1.y, bit, sub), three(l1.z, h1.z, bit, sub), three(l1.w, h1.w, bit, sub),
        vec2<f32>(d0, d1), vec2<f32>(-4.0 * d0, -4.0 * d1),
    );
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    return unit(start, index);
}
