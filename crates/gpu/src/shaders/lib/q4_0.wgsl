// q4_0: planes of nibbles, 16 bytes a block, and of d, f16. Element i is the low nibble of byte i, i + 16 the high one; d (q - 8).
#import unit
#import planes
#import quants

struct Ahead {
    q: vec4<u32>,
    d: u32,
}

fn ahead(start: u32, index: u32) -> Ahead {
    return Ahead(four_words(start + index * 4u), half_word(start, params.units * 4u, index));
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    let q = ahead.q;
    let d = half_in(ahead.d, start);
    return Unit(
        low_quants(q.x), low_quants(q.y), low_quants(q.z), low_quants(q.w),
        high_quants(q.x), high_quants(q.y), high_quants(q.z), high_quants(q.w),
        vec2<f32>(d, d * HIGH), vec2<f32>(-8.0 * d),
    );
}

fn unit(start: u32, index: u32) -> Unit {
    return unit_of(ahead(start, index), start, index);
}
