// Reading a weight by vectors of 16 bytes, word by word: of loads of whole vectors llvmpipe makes so much code that it throws kernels
// away after each launch, and compiles them again for the next one.
fn four_words(at: u32) -> vec4<u32> {
    let word = at * 4u;
    return vec4<u32>(weight[word], weight[word + 1u], weight[word + 2u], weight[word + 3u]);
}

// A word of a vector.
fn one_word(at: u32, index: u32) -> u32 {
    return weight[at * 4u + index];
}
