// q6_k: 256 elements in 210 bytes: 128 bytes of low nibbles, 64 bytes of bit pairs, 16 signed scales, d f16; two halves of
// 128 elements. Unit j of a half: nibbles (low for j < 2, else high) of bytes 32 (j % 2) .. of its 64, pair j of its 32;
// d scale (q - 32).
#import unit
#import bits
#import words

fn six(low: u32, shift: u32, high: u32, bit: u32) -> vec4<f32> {
    return bytes(((low >> shift) & 0x0f0f0f0fu) | (((high >> bit) & 0x03030303u) << 4u));
}

fn unit(row: u32, index: u32) -> Unit {
    let block = row + (index >> 3u) * 210u;
    let sub = index & 7u;
    let part = sub >> 2u;
    let j = sub & 3u;
    let d = half(word_at(block + 208u));
    let scales = signed_bytes(word_at(block + 192u + sub * 2u));
    let d0 = d * scales.x;
    let d1 = d * scales.y;
    let nibble = (j >> 1u) << 2u;
    let bit = j << 1u;
    // A block starts at a word, or in the middle of one; everything in it is as far from a word as it is.
    let shift = (block & 2u) << 3u;
    let low = (block + part * 64u + (j & 1u) * 32u) >> 2u;
    let l0 = weight[low];
    let l1 = weight[low + 1u];
    let l2 = weight[low + 2u];
    let l3 = weight[low + 3u];
    let l4 = weight[low + 4u];
    let l5 = weight[low + 5u];
    let l6 = weight[low + 6u];
    let l7 = weight[low + 7u];
    let l8 = weight[low + 8u];
    let high = (block + 128u + part * 32u) >> 2u;
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
        six(joined(l0, l1, shift), nibble, joined(h0, h1, shift), bit),
        six(joined(l1, l2, shift), nibble, joined(h1, h2, shift), bit),
        six(joined(l2, l3, shift), nibble, joined(h2, h3, shift), bit),
        six(joined(l3, l4, shift), nibble, joined(h3, h4, shift), bit),
        six(joined(l4, l5, shift), nibble, joined(h4, h5, shift), bit),
        six(joined(l5, l6, shift), nibble, joined(h5, h6, shift), bit),
        six(joined(l6, l7, shift), nibble, joined(h6, h7, shift), bit),
        six(joined(l7, l8, shift), nibble, joined(h7, h8, shift), bit),
        vec2<f32>(d0, d1), vec2<f32>(-32.0 * d0, -32.0 * d1),
    );
}
