// The query heads of a workgroup and the new key, for one token.
#import halves
#import heads
#import lanes

override HEADS: u32; // of a workgroup, at most 4; the group is a multiple

var<workgroup> whole_heads: array<f32, 1280>; // [5, 256]: each query head after the rope, then the key
var<workgroup> q: array<vec4<f32>, 256>;      // [4, 64]: the query heads, scaled
var<workgroup> k: array<vec4<f32>, 64>;       // the new key, as the cache keeps it

// Norms and rope: 32 lanes each of the query heads from `q_at`, and for the key head at `k_at`.
fn turn_heads(local: u32, position: u32, q_at: u32, k_at: u32) {
    let dim = params.vectors * 4u;
    let head = local / 32u;
    let lane = local % 32u;
    let is_key = head == HEADS;
    let is_idle = head > HEADS;
    let at = select(q_at + head * dim, k_at, is_key);
    var norm = Norm(params.q_weight, params.q_epsilon, params.q_offset);
    if (is_key) {
        norm = Norm(params.k_weight, params.k_epsilon, params.k_offset);
    }
    var root = 1.0; // of the mean square, inverted
    if (NORMS) {
        var squares = 0.0;
        for (var i = lane; i < dim && !is_idle; i += 32u) {
            squares += input[at + i] * input[at + i];
        }
        lanes[local] = vec4<f32>(squares, 0.0, 0.0, 0.0);
        workgroupBarrier();
        squares = 0.0;
        for (var i = 0u; i < 32u; i++) {
            squares += lanes[head * 32u + i].x;
        }
        root = 1.0 / sqrt(squares / f32(dim) + norm.epsilon);
    }
    for (var pair = lane; pair < dim / 2u && !is_idle; pair += 32u) {
        let place = places(pair, dim);
        let both = turned(at, dim, position, pair, root, norm);
        whole_heads[head * 256u + place.x] = both.x;
        whole_heads[head * 256u + place.y] = both.y;
    }
    workgroupBarrier();
    for (var vector = lane; vector < params.vectors && !is_idle; vector += 32u) {
        let i = head * 256u + vector * 4u;
        let whole = vec4<f32>(whole_heads[i], whole_heads[i + 1u], whole_heads[i + 2u], whole_heads[i + 3u]);
        if (is_key) {
            k[vector] = widened(narrowed(whole));
        } else {
            q[head * 64u + vector] = whole * params.scale;
        }
    }
    workgroupBarrier();
}

// What a vector of a key adds to the scores.
fn score_of(vector: u32, key: vec4<f32>) -> vec4<f32> {
    var score = vec4<f32>(dot(q[vector], key), 0.0, 0.0, 0.0);
    if (HEADS > 1u) {
        score.y = dot(q[64u + vector], key);
    }
    if (HEADS > 2u) {
        score.z = dot(q[128u + vector], key);
    }
    if (HEADS > 3u) {
        score.w = dot(q[192u + vector], key);
    }
    return score;
}
