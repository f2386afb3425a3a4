// q5_0: planes of nibbles as in q4_0, of 32 fifth bits in a word, and of d, f16; d (q - 16).
#import fifths
#import planes

fn unit(start: u32, index: u32) -> Unit {
    let d = half_at(start, params.units * 5u, index);
    return fives(four_words(start + index * 4u), word_at(start, params.units * 4u, index), d, -16.0 * d);
}
