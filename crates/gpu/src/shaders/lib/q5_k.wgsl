// q5_k: 256 elements in 176 bytes: q4_k with 32 bytes of high bits before the nibbles (bit u of byte l belongs to element
// l of unit u).
#import unit
#import k_scales

fn five(low: u32, shift: u32, high: u32, sub: u32) -> vec4<f32> {
    return bytes(((low >> shift) & 0x0f0f0f0fu) | (((high >> sub) & 0x01010101u) << 4u));
}

fn unit(row: u32, index: u32) -> Unit {
    let block = (row >> 2u) + (index >> 3u) * 44u;
    let sub = index & 7u;
    let head = weight[block];
    let sm = scale_and_minimum(weight[block + 1u], weight[block + 2u], weight[block + 3u], sub);
    let d = half(head) * sm.x;
    let m = -half(head >> 16u) * sm.y;
    let h = block + 4u;
    let q = block + 12u + (sub >> 1u) * 8u;
    let shift = (sub & 1u) << 2u;
    return Unit(
        five(weight[q], shift, weight[h], sub),
        five(weight[q + 1u], shift, weight[h + 1u], sub),
        five(weight[q + 2u], shift, weight[h + 2u], sub),
        five(weight[q + 3u], shift, weight[h + 3u], sub),
        five(weight[q + 4u], shift, weight[h + 4u], sub),
        five(weight[q + 5u], shift, weight[h + 5u], sub),
        five(weight[q + 6u], shift, weight[h + 6u], sub),
        five(weight[q + 7u], shift, weight[h + 7u], sub),
        vec2<f32>(d), vec2<f32>(m),
    );
}
