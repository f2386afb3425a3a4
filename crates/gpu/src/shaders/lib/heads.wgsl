// Heads of queries and keys on their way to attention: a norm of each, and rope.
#import turn

struct Norm {
    weight: u32, // first word in `vectors`
    epsilon: f32,
    offset: f32, // added to the weight
}

override ADJACENT: bool;
override FACTORS: bool;
override NORMS: bool;

fn real(at: u32) -> f32 {
    return bitcast<f32>(vectors[at]);
}

// Where the elements of a pair are in a head of `dim`.
fn places(pair: u32, dim: u32) -> vec2<u32> {
    if (ADJACENT) {
        return vec2<u32>(pair * 2u, pair * 2u + 1u);
    }
    return vec2<u32>(pair, pair + dim / 2u);
}

// A pair of the head that starts at `at`, normed by its root of the mean square, inverted, and turned.
fn turned(at: u32, dim: u32, position: u32, pair: u32, root: f32, norm: Norm) -> vec2<f32> {
    let place = places(pair, dim);
    var a = input[at + place.x];
    var b = input[at + place.y];
    if (NORMS) {
        a *= root * (real(norm.weight + place.x) + norm.offset);
        b *= root * (real(norm.weight + place.y) + norm.offset);
    }
    var cs = vec2<f32>(1.0, 0.0);
    if (position != 0xffffffffu) { // padding does not turn
        var factor = 1.0;
        if (FACTORS) {
            factor = real(params.factors + pair);
        }
        let turns = vec2<u32>(vectors[params.turns + pair * 2u], vectors[params.turns + pair * 2u + 1u]);
        cs = rotation(position, turns, factor);
    }
    return vec2<f32>(a * cs.x - b * cs.y, a * cs.y + b * cs.x);
}
