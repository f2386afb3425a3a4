// Weights and biases of norms.

// Vector `i` behind a word of `vectors`.
fn vector(first: u32, i: u32) -> vec4<f32> {
    let at = first + i * 4u;
    return vec4<f32>(vectors[at], vectors[at + 1u], vectors[at + 2u], vectors[at + 3u]);
}

fn gain(norm: Norm, i: u32) -> vec4<f32> {
    return vector(norm.weight, i) + norm.offset;
}
