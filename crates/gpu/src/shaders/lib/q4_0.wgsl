// q4_0: planes of nibbles, 16 bytes a block, and of d, f16. Element i is the low nibble of byte i, i + 16 the high one; d (q - 8).
#import unit
#import planes

fn unit(start: u32, index: u32) -> Unit {
    let q = four_words(start + index * 4u);
    let d = half_at(start, params.units * 4u, index);
    return Unit(
        low_nibbles(q.x), low_nibbles(q.y), low_nibbles(q.z), low_nibbles(q.w),
        high_nibbles(q.x), high_nibbles(q.y), high_nibbles(q.z), high_nibbles(q.w),
        vec2<f32>(d), vec2<f32>(-8.0 * d),
    );
}
