// q4_1: planes of nibbles as in q4_0, and of d and m, f16, in a word; d q + m.
#import unit
#import planes

struct Ahead {
    q: vec4<u32>,
    head: u32,
}

fn ahead(start: u32, index: u32) -> Ahead {
    return Ahead(four_words(start + index * 4u), word_at(start, params.units * 4u, index));
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    let q = ahead.q;
    let head = ahead.head;
    return Unit(
        low_nibbles(q.x), low_nibbles(q.y), low_nibbles(q.z), low_nibbles(q.w),
        high_nibbles(q.x), high_nibbles(q.y), high_nibbles(q.z), high_nibbles(q.w),
        vec2<f32>(half(head)), vec2<f32>(half(head >> 16u)),
    );
}

fn unit(start: u32, index: u32) -> Unit {
    return unit_of(ahead(start, index), start, index);
}
