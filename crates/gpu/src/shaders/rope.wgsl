// Rotary position embedding; one pair of elements an invocation. Angles are fixed-point fractions of a turn, so that they
// wrap exactly at any position, and sine and cosine are our own: WebGPU promises 11 bits of its own.
#import grid

struct Params {
    pairs: u32,    // tokens * columns / 2
    columns: u32,
    head_dim: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [tokens, columns]
@group(0) @binding(2) var<storage, read> positions: array<u32>;         // [tokens]
@group(0) @binding(3) var<storage, read> factors: array<f32>;           // [head_dim / 2]
@group(0) @binding(4) var<storage, read> turns: array<vec2<u32>>;       // [head_dim / 2]: 2^-32 and 2^-64 turns a position
@group(0) @binding(5) var<storage, read_write> output: array<f32>;      // [tokens, columns]

override ADJACENT: bool;
override FACTORS: bool;

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

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups) * 64u + local;
    if (number >= params.pairs) {
        return;
    }
    let half_dim = params.head_dim / 2u;
    let pair = number % half_dim;
    let start = number / half_dim * params.head_dim;
    var first = start + pair;
    var second = first + half_dim;
    if (ADJACENT) {
        first = start + pair * 2u;
        second = first + 1u;
    }
    let a = input[first];
    let b = input[second];
    let position = positions[start / params.columns];
    if (position == 0xffffffffu) { // padding
        output[first] = a;
        output[second] = b;
        return;
    }
    var rate = turns[pair];
    if (FACTORS) {
        // Only slow pairs have a factor: 24 bits of their rate are enough.
        if (factors[pair] != 1.0) {
            rate = vec2<u32>(u32(f32(rate.x) / factors[pair]), 0u);
        }
    }
    let cs = cosine_sine(position * rate.x + high_product(position, rate.y));
    output[first] = a * cs.x - b * cs.y;
    output[second] = a * cs.y + b * cs.x;
}
