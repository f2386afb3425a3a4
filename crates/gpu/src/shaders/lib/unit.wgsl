// 32 consecutive weights of a row, as numbers that a kernel multiplies before it scales: `scale * number + shift`. Named
// fields stay in registers; an array may not.
#import quants

struct Unit {
    a: Four, // elements 0..4
    b: Four, // 4..8
    c: Four,
    d: Four,
    e: Four, // 16..20
    f: Four,
    g: Four,
    h: Four,
    scale: vec2<f32>, // of the first and of the second 16 elements
    shift: vec2<f32>,
}
