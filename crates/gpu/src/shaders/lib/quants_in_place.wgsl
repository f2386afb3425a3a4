// Four weights of a word, converted where they lie: the `i`th is 256^i times what it stands for. Inputs are divided by that
// instead, once for all rows.
#import bits

alias Four = vec4<f32>;

// What the second half of a block in nibbles is short of: it lies four bits higher.
const HIGH = 0.0625;

fn quants(word: u32) -> vec4<f32> {
    let low = vec3<f32>(vec3<i32>(vec3<u32>(word) & vec3<u32>(0xffu, 0xff00u, 0xff0000u)));
    return vec4<f32>(low, f32(word & 0xff000000u));
}

fn signed_quants(word: u32) -> vec4<f32> {
    return quants(word ^ 0x80808080u) - vec4<f32>(128.0, 32768.0, 8388608.0, 2147483648.0);
}

fn low_quants(word: u32) -> vec4<f32> {
    return vec4<f32>(vec4<i32>(bitcast<i32>(word)) & vec4<i32>(0xf, 0xf00, 0xf0000, 0xf000000));
}

fn high_quants(word: u32) -> vec4<f32> {
    return quants(word & 0xf0f0f0f0u);
}

// Low nibbles, or high ones: a mask, and what makes numbers of these.
fn masked_quants(word: u32, mask: u32, factor: f32) -> vec4<f32> {
    return quants(word & mask) * factor;
}

// The inputs that they are multiplied with.
fn placed(x: vec4<f32>) -> vec4<f32> {
    return x * BYTES;
}
