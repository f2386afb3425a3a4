// Four weights of a word, as numbers.
#import bits

alias Four = vec4<f32>;

// What the second half of a block in nibbles is short of.
const HIGH = 1.0;

fn quants(word: u32) -> vec4<f32> {
    return bytes(word);
}

fn signed_quants(word: u32) -> vec4<f32> {
    return signed_bytes(word);
}

fn low_quants(word: u32) -> vec4<f32> {
    return low_nibbles(word);
}

fn high_quants(word: u32) -> vec4<f32> {
    return high_nibbles(word);
}

// Low nibbles, or high ones: a mask, and what makes numbers of these.
fn masked_quants(word: u32, mask: u32, factor: f32) -> vec4<f32> {
    return quants(word & mask) * factor;
}

// The inputs that they are multiplied with.
fn placed(x: vec4<f32>) -> vec4<f32> {
    return x;
}
