// q5_1: planes of nibbles as in q4_0, of 32 fifth bits in a word, and of d and m, f16, in a word; d q + m.
#import fifths
#import planes

fn unit(start: u32, index: u32) -> Unit {
    let head = word_at(start, params.units * 5u, index);
    let high = word_at(start, params.units * 4u, index);
    return fives(four_words(start + index * 4u), high, half(head), half(head >> 16u));
}
