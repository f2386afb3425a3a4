// q2_k: planes of 2-bit numbers, 4 times 16 bytes a block of 256; of scale (low nibble) and minimum (high nibble) for each 16
// elements, 16 bytes; of d and dmin, f16, in a word. Units 0..4 are bit pairs 0..4 of bytes 0..32, units 4..8 of bytes 32..64.
#import unit
#import ahead_nothing
#import planes
#import quants

// Two bits of each byte.
fn two(word: u32, bit: u32) -> Four {
    return quants((word >> bit) & 0x03030303u);
}

fn unit(start: u32, index: u32) -> Unit {
    let block = index >> 3u;
    let sub = index & 7u;
    let blocks = params.units >> 3u;
    let head = word_at(start, blocks * 20u, block);
    let d = half(head);
    let dmin = half(head >> 16u);
    let scales = one_word(start + (blocks * 4u + block) * 4u, sub >> 1u) >> ((sub & 1u) << 4u);
    let d0 = d * f32(scales & 15u);
    let m0 = -dmin * f32((scales >> 4u) & 15u);
    let d1 = d * f32((scales >> 8u) & 15u);
    let m1 = -dmin * f32((scales >> 12u) & 15u);
    let at = start + (block * 4u + (sub >> 2u) * 2u) * 4u;
    let low = four_words(at);
    let high = four_words(at + 4u);
    let bit = (sub & 3u) << 1u;
    return Unit(
        two(low.x, bit), two(low.y, bit), two(low.z, bit), two(low.w, bit),
        two(high.x, bit), two(high.y, bit), two(high.z, bit), two(high.w, bit),
        vec2<f32>(d0, d1), vec2<f32>(m0, m1),
    );
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    return unit(start, index);
}
