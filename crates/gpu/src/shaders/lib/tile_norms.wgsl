// What the norms of a tile of tokens take from the whole rows, computed once; the rest happens while inputs are loaded.
#import norm_vectors

// Invocations that share a token.
const SHARE = 4u; // INVOCATIONS / TOKENS

var<workgroup> partial: array<f32, INVOCATIONS>;
var<workgroup> taken: array<vec2<f32>, TOKENS>; // of each token

// The sum of the invocations that share a token, for each of them.
fn token_sum(local: u32, value: f32) -> f32 {
    workgroupBarrier(); // the values of an earlier call may still be read
    partial[local] = value;
    workgroupBarrier();
    let first = local - local % SHARE;
    return partial[first] + partial[first + 1u] + partial[first + 2u] + partial[first + 3u];
}

fn token_mean(local: u32, value: f32) -> f32 {
    return token_sum(local, value) / f32(columns() * 4u);
}

// What a row whose squares the invocations have summed is divided by, inverted.
fn rms_factor(local: u32, squares: f32, norm: Norm) -> f32 {
    return 1.0 / sqrt(token_mean(local, squares) + norm.epsilon);
}

// Read after the next barrier.
fn keep(local: u32, value: vec2<f32>) {
    if (local % SHARE == 0u) {
        taken[local / SHARE] = value;
    }
}
