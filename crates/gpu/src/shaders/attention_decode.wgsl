// Causal attention of one token with what comes before it: norms of the heads, rope, and the new row of the caches. A
// workgroup a query head. All heads of a key compute its new row and start their online softmax with it, the first of them
// appends it, and nobody reads it from the cache: so no workgroup waits for another.
#import grid
#import halves
#import reduce
#import turn

struct Params {
    heads: u32,
    group: u32,        // query heads of a key and value head
    vectors: u32,      // head_dim / 4, at most 64
    kv_vectors: u32,   // kv_heads * head_dim / 4
    rows: u32,         // of the caches
    window: u32,       // rows that the token sees
    scale: f32,
    turns: u32,        // first words in `vectors`
    factors: u32,
    q_weight: u32,
    q_epsilon: f32,
    q_offset: f32,     // added to the weight
    k_weight: u32,
    k_epsilon: f32,
    k_offset: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;                  // query, key and value: [heads + 2 kv_heads, head_dim]
@group(0) @binding(2) var<storage, read> vectors: array<u32>;                // norms, turns and factors of the rope
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;     // [heads, head_dim]
@group(0) @binding(4) var<storage, read> positions: array<u32>;              // [1]
@group(0) @binding(5) var<storage, read_write> keys: array<vec2<u32>>;       // halves: [rows, kv_heads, head_dim]
@group(0) @binding(6) var<storage, read_write> values: array<vec2<u32>>;     // halves: [rows, kv_heads, head_dim]

override ADJACENT: bool;
override FACTORS: bool;
override NORMS: bool;

var<workgroup> turned: array<vec2<f32>, 256>; // query and key after the rope
var<workgroup> q: array<vec4<f32>, 64>;       // the query, scaled
var<workgroup> k: array<vec4<f32>, 64>;       // the new key, as the cache keeps it
var<workgroup> weights: array<f32, 64>;       // exponentials of the scores of the tile
var<workgroup> sums: array<vec4<f32>, 64>;    // of each lane
var<workgroup> totals: array<f32, 64>;        // of each lane

fn real(at: u32) -> f32 {
    return bitcast<f32>(vectors[at]);
}

// Norms and rope of the query head that starts at element `q_at` and the key head at `k_at`.
fn turn(local: u32, position: u32, q_at: u32, k_at: u32) {
    let dim = params.vectors * 4u;
    var q_factor = 1.0;
    var k_factor = 1.0;
    if (NORMS) {
        var squares = vec2<f32>(0.0);
        for (var i = local; i < dim; i += 64u) {
            let pair = vec2<f32>(input[q_at + i], input[k_at + i]);
            squares += pair * pair;
        }
        q_factor = 1.0 / sqrt(workgroup_sum(local, squares.x) / f32(dim) + params.q_epsilon);
        k_factor = 1.0 / sqrt(workgroup_sum(local, squares.y) / f32(dim) + params.k_epsilon);
    }
    for (var pair = local; pair < dim / 2u; pair += 64u) {
        var first = pair;
        var second = pair + dim / 2u;
        if (ADJACENT) {
            first = pair * 2u;
            second = first + 1u;
        }
        var a = vec2<f32>(input[q_at + first], input[k_at + first]);
        var b = vec2<f32>(input[q_at + second], input[k_at + second]);
        if (NORMS) {
            let factor = vec2<f32>(q_factor, k_factor);
            let offset = vec2<f32>(params.q_offset, params.k_offset);
            a *= factor * (vec2<f32>(real(params.q_weight + first), real(params.k_weight + first)) + offset);
            b *= factor * (vec2<f32>(real(params.q_weight + second), real(params.k_weight + second)) + offset);
        }
        var factor = 1.0;
        if (FACTORS) {
            factor = real(params.factors + pair);
        }
        let turns = vec2<u32>(vectors[params.turns + pair * 2u], vectors[params.turns + pair * 2u + 1u]);
        let cs = rotation(position, turns, factor);
        turned[first] = a * cs.x - b * cs.y;
        turned[second] = a * cs.y + b * cs.x;
    }
    workgroupBarrier();
    if (local < params.vectors) {
        let i = local * 4u;
        q[local] = vec4<f32>(turned[i].x, turned[i + 1u].x, turned[i + 2u].x, turned[i + 3u].x) * params.scale;
        k[local] = widened(narrowed(vec4<f32>(turned[i].y, turned[i + 1u].y, turned[i + 2u].y, turned[i + 3u].y)));
    }
    workgroupBarrier();
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let head = folded(group, groups);
    if (head >= params.heads) {
        return;
    }
    let vectors_of_head = params.vectors;
    let position = positions[0];
    let team = local / vectors_of_head; // lanes of no team idle
    let slot = local % vectors_of_head;
    if (position == 0xffffffffu) { // padding
        if (team == 0u) {
            output[head * vectors_of_head + slot] = vec4<f32>(0.0);
        }
        return;
    }
    let kv = head / params.group * vectors_of_head;
    let q_at = head * vectors_of_head * 4u;
    let k_at = (params.heads * vectors_of_head + kv) * 4u;
    turn(local, position, q_at, k_at);
    let v_at = k_at + (params.kv_vectors + slot) * 4u;
    let own_value = narrowed(vec4<f32>(input[v_at], input[v_at + 1u], input[v_at + 2u], input[v_at + 3u]));
    let fits = position < params.rows;
    let teams = 64u / vectors_of_head;
    var best = -1.0e30; // largest score so far
    var total = 0.0;    // sum of the weights of the team's values, relative to it
    var sum = vec4<f32>(0.0);
    if (fits) {
        best = 0.0;
        for (var i = 0u; i < vectors_of_head; i++) {
            best += dot(q[i], k[i]);
        }
        if (team == 0u) {
            total = 1.0;
            sum = widened(own_value);
            if (head % params.group == 0u) {
                keys[position * params.kv_vectors + kv + slot] = narrowed(k[slot]);
                values[position * params.kv_vectors + kv + slot] = own_value;
            }
        }
    }
    let end = min(position, params.rows);
    for (var tile = position + 1u - min(position + 1u, params.window); tile < end; tile += 64u) {
        let count = min(end - tile, 64u);
        var score = -1.0e30;
        if (local < count) {
            let at = (tile + local) * params.kv_vectors + kv;
            score = 0.0;
            for (var i = 0u; i < vectors_of_head; i++) {
                score += dot(q[i], widened(keys[at + i]));
            }
        }
        let peak = max(best, workgroup_max(local, score, count));
        weights[local] = exp(score - peak);
        let shrink = exp(best - peak);
        best = peak;
        total *= shrink;
        sum *= shrink;
        workgroupBarrier();
        if (team < teams) {
            for (var i = team; i < count; i += teams) {
                let weight = weights[i];
                total += weight;
                sum += weight * widened(values[(tile + i) * params.kv_vectors + kv + slot]);
            }
        }
    }
    sums[local] = sum;
    totals[local] = total;
    workgroupBarrier();
    if (team == 0u) {
        for (var i = local + vectors_of_head; i < teams * vectors_of_head; i += vectors_of_head) {
            sum += sums[i];
            total += totals[i];
        }
        output[head * vectors_of_head + slot] = sum * select(0.0, 1.0 / total, total > 0.0);
    }
}
