// q4_k: 256 elements in 144 bytes: d and dmin f16, 12 bytes of scales, 128 bytes. Units 2 i and 2 i + 1 are the low and
// the high nibbles of bytes 32 i .. 32 i + 32; d scale q - dmin minimum.
#import unit
#import k_scales

fn nibbles(word: u32, shift: u32) -> vec4<f32> {
    return bytes((word >> shift) & 0x0f0f0f0fu);
}

fn unit(row: u32, index: u32) -> Unit {
    let block = (row >> 2u) + (index >> 3u) * 36u;
    let sub = index & 7u;
    let head = weight[block];
    let sm = scale_and_minimum(weight[block + 1u], weight[block + 2u], weight[block + 3u], sub);
    let d = half(head) * sm.x;
    let m = -half(head >> 16u) * sm.y;
    let q = block + 4u + (sub >> 1u) * 8u;
    let shift = (sub & 1u) << 2u;
    return Unit(
        nibbles(weight[q], shift), nibbles(weight[q + 1u], shift),
        nibbles(weight[q + 2u], shift), nibbles(weight[q + 3u], shift),
        nibbles(weight[q + 4u], shift), nibbles(weight[q + 5u], shift),
        nibbles(weight[q + 6u], shift), nibbles(weight[q + 7u], shift),
        vec2<f32>(d), vec2<f32>(m),
    );
}
