// q6_k: planes of low nibbles, 8 times 16 bytes a block of 256; of bit pairs, 4 times 16; of signed scales, 16 bytes; of d, f16. Two
// halves of 128 elements. Unit j of a half: nibbles (low for j < 2, else high) of bytes 32 (j % 2) .. of its 64, pair j of its 32;
// d scale (q - 32).
#import unit
#import ahead_nothing
#import planes
#import quants

fn six(low: u32, shift: u32, high: u32, bit: u32) -> Four {
    return quants(((low >> shift) & 0x0f0f0f0fu) | (((high >> bit) & 0x03030303u) << 4u));
}

fn unit(start: u32, index: u32) -> Unit {
    let block = index >> 3u;
    let sub = index & 7u;
    let part = sub >> 2u;
    let j = sub & 3u;
    let blocks = params.units >> 3u;
    let d = half_at(start, blocks * 52u, block);
    let scales = signed_bytes(one_word(start + (blocks * 12u + block) * 4u, sub >> 1u) >> ((sub & 1u) << 4u));
    let d0 = d * scales.x;
    let d1 = d * scales.y;
    let at = start + (block * 8u + part * 4u + (j & 1u) * 2u) * 4u;
    let l0 = four_words(at);
    let l1 = four_words(at + 4u);
    let high = start + (blocks * 8u + block * 4u + part * 2u) * 4u;
    let h0 = four_words(high);
    let h1 = four_words(high + 4u);
    let shift = (j >> 1u) << 2u;
    let bit = j << 1u;
    return Unit(
        six(l0.x, shift, h0.x, bit), six(l0.y, shift, h0.y, bit), six(l0.z, shift, h0.z, bit), six(l0.w, shift, h0.w, bit),
        six(l1.x, shift, h1.x, bit), six(l1.y, shift, h1.y, bit), six(l1.z, shift, h1.z, bit), six(l1.w, shift, h1.w, bit),
        vec2<f32>(d0, d1), vec2<f32>(-32.0 * d0, -32.0 * d1),
    );
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    return unit(start, index);
}
