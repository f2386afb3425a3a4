// Many tokens by the rows of up to three weights in blocks, in tiles as in `gemm`, by packed products of bytes: four products and
// their sum are one instruction where a GPU has it. Inputs are rounded for each 32 of them to 16 bits, which are two bytes: 256
// times a high one and a low one. So sums of 16 columns are exact, and only then scales make them f32.
#import grid
#import linear_stage
#import sums_of_4
#import load
#import parts
#import tiles

// What a group's largest input becomes: the most that two signed bytes have.
const LARGEST = 32639.0;

// Half `h` of the unit of row `r` is `row_bytes[h * ROW_LINE + r]`, with scale and shift beside it. That of a token is likewise,
// with what its numbers are multiplied with, and the same times their sum. A line is one longer than it has to be, so that those
// which write both halves meet other banks of the memory.
const ROW_LINE = 65u;
const TOKEN_LINE = 33u;
var<workgroup> row_bytes: array<vec4<u32>, 2u * ROW_LINE>;
var<workgroup> row_facts: array<vec2<f32>, 2u * ROW_LINE>;
var<workgroup> high_bytes: array<vec4<u32>, 2u * TOKEN_LINE>;
var<workgroup> low_bytes: array<vec4<u32>, 2u * TOKEN_LINE>;
var<workgroup> token_facts: array<vec2<f32>, 2u * TOKEN_LINE>;
var<workgroup> peaks: array<f32, 2u * TOKENS>; // of each half

// 16 inputs.
struct Inputs {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

// Half of the invocations have a row each; of the others two neighbours have the halves of a token.
fn loads_inputs(local: u32) -> bool {
    return local >= ROWS;
}

// The inputs of an invocation that loads some. It leaves the largest for its neighbour, who reads it after the next barrier.
fn load_inputs(token: u32, unit: u32, local: u32) -> Inputs {
    if (!loads_inputs(local)) {
        return Inputs();
    }
    let k = local - ROWS;
    let t = k / 2u;
    let row = row_of(token + t);
    let i = unit * 8u + k % 2u * 4u;
    let x = Inputs(loaded(row, t, i), loaded(row, t, i + 1u), loaded(row, t, i + 2u), loaded(row, t, i + 3u));
    let all = max(max(abs(x.a), abs(x.b)), max(abs(x.c), abs(x.d)));
    peaks[k] = max(max(all.x, all.y), max(all.z, all.w));
    return x;
}

fn high_of(x: vec4<i32>) -> u32 {
    return pack4xI8((x + vec4<i32>(128)) >> vec4<u32>(8u));
}

fn put_inputs(local: u32, x: Inputs) {
    let k = local - ROWS;
    let at = k % 2u * TOKEN_LINE + k / 2u;
    let peak = max(peaks[k], peaks[k ^ 1u]);
    let factor = select(0.0, LARGEST / peak, peak > 1e-30);
    let a = vec4<i32>(round(x.a * factor));
    let b = vec4<i32>(round(x.b * factor));
    let c = vec4<i32>(round(x.c * factor));
    let d = vec4<i32>(round(x.d * factor));
    low_bytes[at] = vec4<u32>(pack4xI8(a), pack4xI8(b), pack4xI8(c), pack4xI8(d));
    high_bytes[at] = vec4<u32>(high_of(a), high_of(b), high_of(c), high_of(d));
    let sum = a + b + c + d;
    let scale = peak / LARGEST;
    token_facts[at] = vec2<f32>(scale, scale * f32(sum.x + sum.y + sum.z + sum.w));
}

fn put_weights(row: u32, u: Unit) {
    row_bytes[row] = vec4<u32>(u.a, u.b, u.c, u.d);
    row_bytes[ROW_LINE + row] = vec4<u32>(u.e, u.f, u.g, u.h);
    row_facts[row] = vec2<f32>(u.scale.x, u.shift.x);
    row_facts[ROW_LINE + row] = vec2<f32>(u.scale.y, u.shift.y);
}

fn dots(w: vec4<u32>, x: vec4<u32>) -> i32 {
    return dot4I8Packed(w.x, x.x) + dot4I8Packed(w.y, x.y) + dot4I8Packed(w.z, x.z) + dot4I8Packed(w.w, x.w);
}

// The sums of a unit, which are added to those of the units before as a whole.
fn unit_sums(local: u32) -> Sums {
    var all = Sums();
    for (var h = 0u; h < 2u; h++) {
        let r = h * ROW_LINE + local % ROW_STEP;
        let w0 = row_bytes[r];
        let w1 = row_bytes[r + ROW_STEP];
        let w2 = row_bytes[r + 2u * ROW_STEP];
        let w3 = row_bytes[r + 3u * ROW_STEP];
        let f0 = row_facts[r];
        let f1 = row_facts[r + ROW_STEP];
        let f2 = row_facts[r + 2u * ROW_STEP];
        let f3 = row_facts[r + 3u * ROW_STEP];
        let scale = vec4<f32>(f0.x, f1.x, f2.x, f3.x);
        let shift = vec4<f32>(f0.y, f1.y, f2.y, f3.y);
        // A loop: written out, the kernel takes long to compile.
        var t = h * TOKEN_LINE + local / ROW_STEP;
        for (var j = 0u; j < SUMS; j++) {
            let x = high_bytes[t];
            let y = low_bytes[t];
            let high = vec4<i32>(dots(w0, x), dots(w1, x), dots(w2, x), dots(w3, x));
            let low = vec4<i32>(dots(w0, y), dots(w1, y), dots(w2, y), dots(w3, y));
            let facts = token_facts[t];
            all = turned(all, all.a + vec4<f32>(high * 256 + low) * (scale * facts.x) + shift * facts.y);
            t += TOKEN_STEP;
        }
    }
    return all;
}
