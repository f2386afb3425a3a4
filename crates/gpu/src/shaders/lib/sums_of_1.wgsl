// The sums of four rows by one token.
const SUMS = 1u;

struct Sums {
    a: vec4<f32>,
}

fn turned(sums: Sums, first: vec4<f32>) -> Sums {
    return Sums(first);
}
