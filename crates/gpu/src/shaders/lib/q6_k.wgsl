// q6_k: 256 elements in 210 bytes: 128 bytes of low nibbles, 64 bytes of bit pairs, 16 signed scales, d f16; two halves of
// 128 elements. Unit j of a half: nibbles (low for j < 2, else high) of bytes 32 (j % 2) .. of its 64, pair j of its 32;
// d scale (q - 32).
#import unit
#import bits

fn six(low: u32, shift: u32, high: u32, bit: u32) -> vec4<f32> {
    return vec4<f32>(low_nibbles(low >> shift) | (pair_of_bytes(high, bit) << vec4<u32>(4u))) - vec4<f32>(32.0);
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
    let low = block + part * 64u + (j & 1u) * 32u;
    let shift = (j >> 1u) << 2u;
    let high = block + 128u + part * 32u;
    let bit = j << 1u;
    return Unit(
        d0 * six(word_at(low), shift, word_at(high), bit),
        d0 * six(word_at(low + 4u), shift, word_at(high + 4u), bit),
        d0 * six(word_at(low + 8u), shift, word_at(high + 8u), bit),
        d0 * six(word_at(low + 12u), shift, word_at(high + 12u), bit),
        d1 * six(word_at(low + 16u), shift, word_at(high + 16u), bit),
        d1 * six(word_at(low + 20u), shift, word_at(high + 20u), bit),
        d1 * six(word_at(low + 24u), shift, word_at(high + 24u), bit),
        d1 * six(word_at(low + 28u), shift, word_at(high + 28u), bit),
    );
}
