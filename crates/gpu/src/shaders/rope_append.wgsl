// What comes between query, key and value of several tokens and their attention: norms of the heads, rope, and the new rows of
// the caches. A workgroup a head of a token, a lane two neighbours, which are one word of a cache; padding and rows past the
// capacity are not appended.
#import grid
#import halves
#import heads
#import reduce

struct Params {
    tokens: u32,
    heads: u32,
    kv_heads: u32,
    head_dim: u32,
    rows: u32,    // of the caches
    turns: u32,   // first words in `vectors`
    factors: u32,
    q_weight: u32,
    q_epsilon: f32,
    q_offset: f32,
    k_weight: u32,
    k_epsilon: f32,
    k_offset: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;         // [tokens, heads + 2 kv_heads, head_dim]
@group(0) @binding(2) var<storage, read> vectors: array<u32>;       // norms, turns and factors of the rope
@group(0) @binding(3) var<storage, read_write> output: array<f32>;  // [tokens, heads, head_dim]
@group(0) @binding(4) var<storage, read> positions: array<u32>;     // [tokens]
@group(0) @binding(5) var<storage, read_write> keys: array<u32>;    // halves: [rows, kv_heads, head_dim]
@group(0) @binding(6) var<storage, read_write> values: array<u32>;  // halves: [rows, kv_heads, head_dim]

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups);
    let each = params.heads + 2u * params.kv_heads;
    let token = number / each;
    let head = number % each;
    if (token >= params.tokens) {
        return;
    }
    let dim = params.head_dim;
    let at = number * dim;
    let position = positions[token];
    let row = position * params.kv_heads; // in heads
    if (head >= params.heads + params.kv_heads) {
        let to = (row + head - params.heads - params.kv_heads) * dim / 2u;
        if (position < params.rows) {
            for (var i = local; i < dim / 2u; i += GROUP) {
                values[to + i] = narrowed2(input[at + 2u * i], input[at + 2u * i + 1u]);
            }
        }
        return;
    }
    var norm = Norm(params.q_weight, params.q_epsilon, params.q_offset);
    if (head >= params.heads) {
        norm = Norm(params.k_weight, params.k_epsilon, params.k_offset);
    }
    var root = 1.0; // of the mean square, inverted
    if (NORMS) {
        var squares = 0.0;
        for (var i = local; i < dim; i += GROUP) {
            let value = input[at + i];
            squares += value * value;
        }
        root = 1.0 / sqrt(workgroup_sum(local, squares) / f32(dim) + norm.epsilon);
    }
    for (var pair = 2u * local; pair < dim / 2u; pair += 2u * GROUP) {
        let a = turned(at, dim, position, pair, root, norm);
        let b = turned(at, dim, position, pair + 1u, root, norm);
        // Two words of neighbours, and where in the head they are.
        var low = vec2<f32>(a.x, b.x);
        var high = vec2<f32>(a.y, b.y);
        var first = pair;
        var second = pair + dim / 2u;
        if (ADJACENT) {
            low = a;
            high = b;
            first = 2u * pair;
            second = first + 2u;
        }
        if (head < params.heads) {
            let to = (token * params.heads + head) * dim;
            output[to + first] = low.x;
            output[to + first + 1u] = low.y;
            output[to + second] = high.x;
            output[to + second + 1u] = high.y;
        } else if (position < params.rows) {
            let to = (row + head - params.heads) * dim;
            keys[(to + first) / 2u] = narrowed2(low.x, low.y);
            keys[(to + second) / 2u] = narrowed2(high.x, high.y);
        }
    }
}
