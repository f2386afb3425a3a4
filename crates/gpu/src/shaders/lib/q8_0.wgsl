// q8_0: planes of signed bytes, 2 times 16 a block, and of d, f16; d q.
#import unit
#import planes

fn unit(start: u32, index: u32) -> Unit {
    let low = four_words(start + index * 8u);
    let high = four_words(start + index * 8u + 4u);
    let d = half_at(start, params.units * 8u, index);
    return Unit(
        signed_bytes(low.x), signed_bytes(low.y), signed_bytes(low.z), signed_bytes(low.w),
        signed_bytes(high.x), signed_bytes(high.y), signed_bytes(high.z), signed_bytes(high.w),
        vec2<f32>(d), vec2<f32>(0.0),
    );
}
