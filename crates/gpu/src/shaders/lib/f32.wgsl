// f32: 4 bytes an element.
#import unit

fn four(at: u32) -> vec4<f32> {
    return bitcast<vec4<f32>>(vec4<u32>(weight[at], weight[at + 1u], weight[at + 2u], weight[at + 3u]));
}

// 32 weights from column 32 * index of the row that starts at byte `row`.
fn unit(row: u32, index: u32) -> Unit {
    let at = (row >> 2u) + index * 32u;
    return Unit(
        four(at), four(at + 4u), four(at + 8u), four(at + 12u),
        four(at + 16u), four(at + 20u), four(at + 24u), four(at + 28u),
        vec2<f32>(1.0), vec2<f32>(0.0),
    );
}

// One weight.
fn element(row: u32, column: u32) -> f32 {
    return bitcast<f32>(weight[(row >> 2u) + column]);
}
