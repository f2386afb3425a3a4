// Inputs of weights in blocks.
#import format
#import quants

fn place(x: vec4<f32>) -> vec4<f32> {
    return placed(x);
}
