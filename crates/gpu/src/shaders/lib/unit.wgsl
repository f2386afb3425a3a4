// 32 consecutive weights of a row, as numbers that a kernel multiplies before it scales: `scale * number + shift`. Named
// fields stay in registers; an array may not.
struct Unit {
    a: vec4<f32>, // elements 0..4
    b: vec4<f32>, // 4..8
    c: vec4<f32>,
    d: vec4<f32>,
    e: vec4<f32>, // 16..20
    f: vec4<f32>,
    g: vec4<f32>,
    h: vec4<f32>,
    scale: vec2<f32>, // of the first and of the second 16 elements
    shift: vec2<f32>,
}
