// q5_1: planes of nibbles as in q4_0, of 32 fifth bits in a word, and of d and m, f16, in a word; d q + m.
#import fifths
#import planes
#import quants

struct Ahead {
    q: vec4<u32>,
    high: u32,
    head: u32,
}

fn ahead(start: u32, index: u32) -> Ahead {
    let high = word_at(start, params.units * 4u, index);
    return Ahead(four_words(start + index * 4u), high, word_at(start, params.units * 5u, index));
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    return fives(ahead.q, ahead.high, half(ahead.head), half(ahead.head >> 16u));
}

fn unit(start: u32, index: u32) -> Unit {
    return unit_of(ahead(start, index), start, index);
}
