// q4_k: planes of nibbles, 8 times 16 bytes a block of 256, and of d and dmin, f16, with 12 bytes of scales. Units 2 i and 2 i + 1 are
// the low and the high nibbles of bytes 32 i .. 32 i + 32; d scale q - dmin minimum.
#import unit
#import planes
#import quants
#import k_scales

struct Ahead {
    low: vec4<u32>,
    high: vec4<u32>,
    head: vec4<u32>,
}

fn ahead(start: u32, index: u32) -> Ahead {
    let block = index >> 3u;
    let at = start + (block * 8u + (index & 6u)) * 4u;
    return Ahead(four_words(at), four_words(at + 4u), four_words(start + (params.units + block) * 4u));
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    let low = ahead.low;
    let high = ahead.high;
    let head = ahead.head;
    let sub = index & 7u;
    let sm = scale_and_minimum(head.y, head.z, head.w, sub);
    let d = half(head.x) * sm.x;
    let m = -half(head.x >> 16u) * sm.y;
    let is_high = (sub & 1u) != 0u;
    let mask = select(0x0f0f0f0fu, 0xf0f0f0f0u, is_high);
    let factor = select(1.0, 0.0625, is_high);
    return Unit(
        masked_quants(low.x, mask, factor), masked_quants(low.y, mask, factor), masked_quants(low.z, mask, factor), masked_quants(low.w, mask, factor),
        masked_quants(high.x, mask, factor), masked_quants(high.y, mask, factor), masked_quants(high.z, mask, factor), masked_quants(high.w, mask, factor),
        vec2<f32>(d), vec2<f32>(m),
    );
}

fn unit(start: u32, index: u32) -> Unit {
    return unit_of(ahead(start, index), start, index);
}
