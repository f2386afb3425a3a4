// bf16: 2 bytes an element, the high half of an f32, row after row.
#import unit
#import ahead_nothing
#import loads

// The first vector of a row.
fn row_start(row: u32, vectors: u32) -> u32 {
    return row * vectors;
}

fn wide(low: u32, high: u32) -> vec4<f32> {
    return bitcast<vec4<f32>>(vec4<u32>(low << 16u, low & 0xffff0000u, high << 16u, high & 0xffff0000u));
}

// Columns 4 index .. 4 index + 4.
fn four(start: u32, index: u32) -> vec4<f32> {
    let words = four_words(start + (index >> 1u));
    let is_odd = (index & 1u) != 0u;
    return wide(select(words.x, words.z, is_odd), select(words.y, words.w, is_odd));
}

// 32 weights from column 32 * index.
fn unit(start: u32, index: u32) -> Unit {
    let at = start + index * 4u;
    let w0 = four_words(at);
    let w1 = four_words(at + 1u);
    let w2 = four_words(at + 2u);
    let w3 = four_words(at + 3u);
    return Unit(
        wide(w0.x, w0.y), wide(w0.z, w0.w), wide(w1.x, w1.y), wide(w1.z, w1.w),
        wide(w2.x, w2.y), wide(w2.z, w2.w), wide(w3.x, w3.y), wide(w3.z, w3.w),
        vec2<f32>(1.0), vec2<f32>(0.0),
    );
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    return unit(start, index);
}
