// Pairs of halves in words, the first in the low bits, as caches hold them.

// Four neighbours.
fn widened(words: vec2<u32>) -> vec4<f32> {
    return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}

// The bits of the nearest half, at most 65504. Of our own: how hardware rounds is left open.
fn half_bits(x: f32) -> u32 {
    let bits = bitcast<u32>(clamp(x, -65504.0, 65504.0));
    let magnitude = bits & 0x7fffffffu;
    let moved = magnitude - 0x38000000u; // the exponent as a half counts it
    let normal = (moved + 0xfffu + ((moved >> 13u) & 1u)) >> 13u;
    let subnormal = u32(round(bitcast<f32>(magnitude) * 16777216.0)); // 2^24
    return ((bits >> 16u) & 0x8000u) | select(normal, subnormal, magnitude < 0x38800000u);
}

fn narrowed2(x: f32, y: f32) -> u32 {
    return half_bits(x) | (half_bits(y) << 16u);
}

fn narrowed(x: vec4<f32>) -> vec2<u32> {
    return vec2<u32>(narrowed2(x.x, x.y), narrowed2(x.z, x.w));
}
