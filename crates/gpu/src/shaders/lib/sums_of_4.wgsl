// The sums of four rows by four tokens.
const SUMS = 4u;

// A vector of rows for each token. They have names, since an array that a loop indexes does not stay in registers; the tokens
// of a loop take turns in the first place instead.
struct Sums {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

// With another vector in the first place, and then the next token there: after as many turns all are where they were.
fn turned(sums: Sums, first: vec4<f32>) -> Sums {
    return Sums(sums.b, sums.c, sums.d, first);
}
