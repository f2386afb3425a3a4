// f32: 4 bytes an element, row after row.
#import unit
#import ahead_nothing
#import loads

// The first vector of a row.
fn row_start(row: u32, vectors: u32) -> u32 {
    return row * vectors;
}

// Columns 4 index .. 4 index + 4.
fn four(start: u32, index: u32) -> vec4<f32> {
    return bitcast<vec4<f32>>(four_words(start + index));
}

// 32 weights from column 32 * index.
fn unit(start: u32, index: u32) -> Unit {
    let at = index * 8u;
    return Unit(
        four(start, at), four(start, at + 1u), four(start, at + 2u), four(start, at + 3u),
        four(start, at + 4u), four(start, at + 5u), four(start, at + 6u), four(start, at + 7u),
        vec2<f32>(1.0), vec2<f32>(0.0),
    );
}

fn unit_of(ahead: Ahead, start: u32, index: u32) -> Unit {
    return unit(start, index);
}
