// Four weights of a word stay in one, as bytes with a sign: packed products take them so.
alias Four = u32;

// What the second half of a block in nibbles is short of.
const HIGH = 1.0;

fn quants(word: u32) -> u32 {
    return word;
}

fn signed_quants(word: u32) -> u32 {
    return word;
}

fn low_quants(word: u32) -> u32 {
    return word & 0x0f0f0f0fu;
}

fn high_quants(word: u32) -> u32 {
    return (word >> 4u) & 0x0f0f0f0fu;
}

// Low nibbles, or high ones: a mask, and what makes numbers of these.
fn masked_quants(word: u32, mask: u32, factor: f32) -> u32 {
    return (word & mask) >> select(4u, 0u, factor == 1.0);
}
