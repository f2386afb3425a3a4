// q4_1: planes of nibbles as in q4_0, and of d and m, f16, in a word; d q + m.
#import unit
#import planes

fn unit(start: u32, index: u32) -> Unit {
    let q = four_words(start + index * 4u);
    let head = word_at(start, params.units * 4u, index);
    return Unit(
        low_nibbles(q.x), low_nibbles(q.y), low_nibbles(q.z), low_nibbles(q.w),
        high_nibbles(q.x), high_nibbles(q.y), high_nibbles(q.z), high_nibbles(q.w),
        vec2<f32>(half(head)), vec2<f32>(half(head >> 16u)),
    );
}
