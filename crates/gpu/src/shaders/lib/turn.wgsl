// Angles of ropes: fixed-point fractions of a turn, so that they wrap exactly at any position, and sine and cosine of our own:
// WebGPU promises 11 bits of its own.

// High word of a product.
fn high_product(a: u32, b: u32) -> u32 {
    let al = a & 0xffffu;
    let ah = a >> 16u;
    let bl = b & 0xffffu;
    let bh = b >> 16u;
    let middle = ah * bl + ((al * bl) >> 16u);
    let carry = al * bh + (middle & 0xffffu);
    return ah * bh + (middle >> 16u) + (carry >> 16u);
}

// Cosine and sine of 2^-32 turns: a quadrant, and Taylor series within an eighth of a turn (error below 1e-7).
fn cosine_sine(turn: u32) -> vec2<f32> {
    let quadrant = (turn + 0x20000000u) >> 30u;
    let x = f32(bitcast<i32>(turn - (quadrant << 30u))) * 1.4629180792671596e-9; // 2 pi / 2^32
    let s = x * x;
    let sine = x * (1.0 - s * (1.0 / 6.0 - s * (1.0 / 120.0 - s * (1.0 / 5040.0 - s / 362880.0))));
    let cosine = 1.0 - s * (0.5 - s * (1.0 / 24.0 - s * (1.0 / 720.0 - s / 40320.0)));
    let swapped = select(vec2<f32>(cosine, sine), vec2<f32>(-sine, cosine), (quadrant & 1u) != 0u);
    return select(swapped, -swapped, (quadrant & 2u) != 0u);
}

// Cosine and sine of a position times 2^-32 and 2^-64 turns, divided by a factor.
fn rotation(position: u32, turns: vec2<u32>, factor: f32) -> vec2<f32> {
    var rate = turns;
    // Only slow pairs have a factor: 24 bits of their rate are enough.
    if (factor != 1.0) {
        rate = vec2<u32>(u32(f32(rate.x) / factor), 0u);
    }
    return cosine_sine(position * rate.x + high_product(position, rate.y));
}
