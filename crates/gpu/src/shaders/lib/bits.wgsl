// Fields of packed words.

// The half in the low 16 bits, subnormals included (hardware may flush those, and block scales are often that small).
// Infinity and NaN do not occur in weights.
fn half(word: u32) -> f32 {
    let sign = (word & 0x8000u) << 16u;
    let magnitude = word & 0x7fffu;
    let normal = bitcast<f32>(sign | ((magnitude << 13u) + 0x38000000u));
    let subnormal = select(1.0, -1.0, sign != 0u) * f32(magnitude) * 5.9604644775390625e-8; // 2^-24
    return select(normal, subnormal, magnitude < 0x400u);
}

// 32 bits from bit `shift` (0..32) of two neighbouring words.
fn joined(low: u32, high: u32, shift: u32) -> u32 {
    return (low >> shift) | ((high << 1u) << (31u - shift));
}

// Four unsigned bytes. By way of i32: signed conversion is one instruction everywhere.
fn bytes(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<i32>(255));
}

// Four signed bytes.
fn signed_bytes(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}

// Four low nibbles, in the order of the bytes.
fn low_nibbles(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<i32>(15));
}

// Four high nibbles.
fn high_nibbles(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) >> vec4<u32>(4u, 12u, 20u, 28u)) & vec4<i32>(15));
}

// Four consecutive bits of a word, from bit `bit`, as bit 4 of the bytes of a word.
fn fifth_bits(word: u32, bit: u32) -> u32 {
    return ((((word >> bit) & 15u) * 0x00204081u) & 0x01010101u) << 4u;
}

// Byte `index` of a word.
fn byte_of(word: u32, index: u32) -> u32 {
    return (word >> (8u * index)) & 255u;
}
