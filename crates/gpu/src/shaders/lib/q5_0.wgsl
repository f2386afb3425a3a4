// q5_0: planes of nibbles as in q4_0, of 32 fifth bits in a word, and of d, f16; d (q - 16).
#import fifths
#import planes
#import quants

struct Ahead {
    q: vec4<u32>,
    high: u32,
    d: u32,
}

fn ahead(start: u32, index: u32) -> Ahead {
    let high = word_at(start, params.units * 4u, index);
    return Ahead(four_words(start + index * 4u), high, half_word(start, params.units * 5u, index));
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    let d = half_in(ahead.d, start);
    return fives(ahead.q, ahead.high, d, -16.0 * d);
}

fn unit(start: u32, index: u32) -> Unit {
    return unit_of(ahead(start, index), start, index);
}
