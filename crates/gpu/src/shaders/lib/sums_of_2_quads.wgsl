// The sums of four rows by eight tokens.
const QUADS = 2u;

// For each four tokens a vector of rows for the own one and for those of three neighbours.
struct Sums {
    a: mat4x4<f32>,
    b: mat4x4<f32>,
}

// What a unit of the rows adds. Written out: a loop would move all sums from one place to another.
fn plus(sums: Sums, token: u32, lane: u32, i: u32, u0: Unit, u1: Unit, u2: Unit, u3: Unit) -> Sums {
    return Sums(
        sums.a + quad(token, lane, i, u0, u1, u2, u3),
        sums.b + quad(token + 4u, lane, i, u0, u1, u2, u3),
    );
}

// The next four tokens in the first place.
fn turned(sums: Sums) -> Sums {
    return Sums(sums.b, sums.a);
}
