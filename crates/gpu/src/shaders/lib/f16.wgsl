// f16: 2 bytes an element.
#import unit
#import bits

fn four(at: u32) -> vec4<f32> {
    let low = weight[at];
    let high = weight[at + 1u];
    return vec4<f32>(half(low), half(low >> 16u), half(high), half(high >> 16u));
}

// 32 weights from column 32 * index of the row that starts at byte `row`; its length is a multiple of 32.
fn unit(row: u32, index: u32) -> Unit {
    let at = (row >> 2u) + index * 16u;
    return Unit(
        four(at), four(at + 2u), four(at + 4u), four(at + 6u),
        four(at + 8u), four(at + 10u), four(at + 12u), four(at + 14u),
        vec2<f32>(1.0), vec2<f32>(0.0),
    );
}

// One weight, of a row of any length.
fn element(row: u32, column: u32) -> f32 {
    let offset = row + column * 2u;
    return half(weight[offset >> 2u] >> ((offset & 2u) << 3u));
}
