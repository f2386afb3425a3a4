// q4_1: planes of nibbles as in q4_0, and of d and m, f16, in a word; d q + m.
#import unit
#import planes
#import quants

struct Ahead {
    q: vec4<u32>,
    head: u32,
}

fn ahead(start: u32, index: u32) -> Ahead {
    return Ahead(four_words(start + index * 4u), word_at(start, params.units * 4u, index));
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    let q = ahead.q;
    let d = half(ahead.head);
    return Unit(
        low_quants(q.x), low_quants(q.y), low_quants(q.z), low_quants(q.w),
        high_quants(q.x), high_quants(q.y), high_quants(q.z), high_quants(q.w),
        vec2<f32>(d, d * HIGH), vec2<f32>(half(ahead.head >> 16u)),
    );
}

fn unit(start: u32, index: u32) -> Unit {
    return unit_of(ahead(start, index), start, index);
}
