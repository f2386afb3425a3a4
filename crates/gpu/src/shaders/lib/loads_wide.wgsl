// Reading a weight by vectors of 16 bytes: one load.
fn four_words(at: u32) -> vec4<u32> {
    return weight[at];
}

// A word of a vector.
fn one_word(at: u32, index: u32) -> u32 {
    return weight[at][index];
}
