// q8_0: planes of signed bytes, 2 times 16 a block, and of d, f16; d q.
#import unit
#import planes
#import quants

struct Ahead {
    low: vec4<u32>,
    high: vec4<u32>,
    d: u32,
}

fn ahead(start: u32, index: u32) -> Ahead {
    let at = start + index * 8u;
    return Ahead(four_words(at), four_words(at + 4u), half_word(start, params.units * 8u, index));
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    let low = ahead.low;
    let high = ahead.high;
    let d = half_in(ahead.d, start);
    return Unit(
        signed_quants(low.x), signed_quants(low.y), signed_quants(low.z), signed_quants(low.w),
        signed_quants(high.x), signed_quants(high.y), signed_quants(high.z), signed_quants(high.w),
        vec2<f32>(d), vec2<f32>(0.0),
    );
}

fn unit(start: u32, index: u32) -> Unit {
    return unit_of(ahead(start, index), start, index);
}
