// The numbers of q5_0 and q5_1, of 16 bytes of nibbles as in q4_0 and 32 fifth bits.
#import unit
#import bits
#import quants

// Four low nibbles with their fifth bits.
fn five(nibbles: u32, high: u32, bit: u32) -> Four {
    return quants((nibbles & 0x0f0f0f0fu) | fifth_bits(high, bit));
}

fn fives(q: vec4<u32>, high: u32, scale: f32, shift: f32) -> Unit {
    return Unit(
        five(q.x, high, 0u), five(q.y, high, 4u), five(q.z, high, 8u), five(q.w, high, 12u),
        five(q.x >> 4u, high, 16u), five(q.y >> 4u, high, 20u), five(q.z >> 4u, high, 24u), five(q.w >> 4u, high, 28u),
        vec2<f32>(scale), vec2<f32>(shift),
    );
}
