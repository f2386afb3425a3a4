// A unit of a weight in blocks, scaled: many tokens meet it.
#import format

fn scaled(row: u32, index: u32) -> Unit {
    let u = unit(row, index);
    return Unit(
        u.a * u.scale.x + u.shift.x, u.b * u.scale.x + u.shift.x,
        u.c * u.scale.x + u.shift.x, u.d * u.scale.x + u.shift.x,
        u.e * u.scale.y + u.shift.y, u.f * u.scale.y + u.shift.y,
        u.g * u.scale.y + u.shift.y, u.h * u.scale.y + u.shift.y,
        vec2<f32>(1.0), vec2<f32>(0.0),
    );
}
