// Fields of packed words.

// The half in the low 16 bits, subnormals included (hardware may flush those, and block scales are often that small).
// Infinity and NaN do not occur in weights. Products stand for shifts to the left: a device without an instruction for the shift
// of a vector has one for its product, and others make a shift of it.
fn half(word: u32) -> f32 {
    let sign = (word & 0x8000u) * 0x10000u;
    let magnitude = word & 0x7fffu;
    let normal = magnitude * 0x2000u + 0x38000000u;
    let subnormal = bitcast<u32>(bitcast<f32>(magnitude | 0x3f000000u) - 0.5); // 2^-24 of the magnitude
    return bitcast<f32>(sign | select(normal, subnormal, magnitude < 0x400u));
}

// Of fields of a word, which are converted where they lie: a product by a power of 2 is exact, and cheaper than a shift where
// there is no instruction for that of a vector.
const BYTES = vec4<f32>(1.0, 0.00390625, 0.0000152587890625, 0.000000059604644775390625); // 2^0, 2^-8, 2^-16, 2^-24

// Four unsigned bytes. By way of i32 where the sign allows it: that conversion is one instruction everywhere.
fn bytes(word: u32) -> vec4<f32> {
    let low = vec3<f32>(vec3<i32>(vec3<u32>(word) & vec3<u32>(0xffu, 0xff00u, 0xff0000u)));
    return vec4<f32>(low, f32(word & 0xff000000u)) * BYTES;
}

// Four signed bytes: 128 more, without their sign, and 128 less.
fn signed_bytes(word: u32) -> vec4<f32> {
    return bytes(word ^ 0x80808080u) - 128.0;
}

// Four low nibbles, in the order of the bytes.
fn low_nibbles(word: u32) -> vec4<f32> {
    return vec4<f32>(vec4<i32>(bitcast<i32>(word)) & vec4<i32>(0xf, 0xf00, 0xf0000, 0xf000000)) * BYTES;
}

// Four high nibbles.
fn high_nibbles(word: u32) -> vec4<f32> {
    let low = vec3<f32>(vec3<i32>(vec3<u32>(word) & vec3<u32>(0xf0u, 0xf000u, 0xf00000u)));
    return vec4<f32>(low, f32(word & 0xf0000000u)) * (BYTES * 0.0625);
}

// Four consecutive bits of a word, from bit `bit`, as bit 4 of the bytes of a word.
fn fifth_bits(word: u32, bit: u32) -> u32 {
    return ((((word >> bit) & 15u) * 0x00204081u) & 0x01010101u) << 4u;
}

// Byte `index` of a word.
fn byte_of(word: u32, index: u32) -> u32 {
    return (word >> (8u * index)) & 255u;
}
