// q5_k: planes of nibbles as in q4_k; of high bits, 2 times 16 bytes a block (bit u of byte l belongs to element l of unit u); of d,
// dmin and scales as in q4_k.
#import unit
#import ahead_nothing
#import planes
#import quants
#import k_scales

fn five(low: u32, shift: u32, high: u32, sub: u32) -> Four {
    return quants(((low >> shift) & 0x0f0f0f0fu) | (((high >> sub) & 0x01010101u) << 4u));
}

fn unit(start: u32, index: u32) -> Unit {
    let block = index >> 3u;
    let sub = index & 7u;
    let blocks = params.units >> 3u;
    let head = four_words(start + (blocks * 10u + block) * 4u);
    let sm = scale_and_minimum(head.y, head.z, head.w, sub);
    let d = half(head.x) * sm.x;
    let m = -half(head.x >> 16u) * sm.y;
    let at = start + (block * 8u + (sub & 6u)) * 4u;
    let q0 = four_words(at);
    let q1 = four_words(at + 4u);
    let high = start + (blocks * 8u + block * 2u) * 4u;
    let h0 = four_words(high);
    let h1 = four_words(high + 4u);
    let shift = (sub & 1u) << 2u;
    return Unit(
        five(q0.x, shift, h0.x, sub), five(q0.y, shift, h0.y, sub), five(q0.z, shift, h0.z, sub), five(q0.w, shift, h0.w, sub),
        five(q1.x, shift, h1.x, sub), five(q1.y, shift, h1.y, sub), five(q1.z, shift, h1.z, sub), five(q1.w, shift, h1.w, sub),
        vec2<f32>(d), vec2<f32>(m),
    );
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    return unit(start, index);
}
