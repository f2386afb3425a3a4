// Causal attention of one token with what comes before it: norms of the heads, rope, and the new row of the caches. A
// workgroup has HEADS query heads of one key and reads it once for them. All workgroups of a key compute its new row and start
// their online softmax with it, the first of them appends it, and nobody reads it from the cache: so none waits for another.
// Lane i scores key i of a tile of 256. Then the lanes stand in teams that each hold one vector of the head a lane, and a team
// sums every n-th value. What belongs to several heads is a vector of one number a head.
#import grid
#import halves
#import decode_heads
#import lanes

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

// Adds up the sums of a head and writes it.
fn store(local: u32, head: u32, own: vec4<f32>, factor: f32) {
    let sum = teams_sum(local, params.vectors, own);
    if (local < params.vectors) {
        output[head * params.vectors + local] = sum * factor;
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let head = folded(group, groups) * HEADS; // the first of them
    if (head >= params.heads) {
        return;
    }
    let dim_vectors = params.vectors;
    let position = positions[0];
    if (position == 0xffffffffu) { // padding
        if (local < dim_vectors) {
            for (var i = 0u; i < HEADS; i++) {
                output[(head + i) * dim_vectors + local] = vec4<f32>(0.0);
            }
        }
        return;
    }
    let team = local / dim_vectors; // what lanes past the last whole team sum is read by nobody
    let slot = local % dim_vectors;
    let kv = head / params.group * dim_vectors;
    let k_at = (params.heads * dim_vectors + kv) * 4u;
    turn_heads(local, position, head * dim_vectors * 4u, k_at);
    let teams = 256u / dim_vectors;
    var best = vec4<f32>(-1.0e30); // largest scores so far
    var total = vec4<f32>(0.0);    // sums of the weights of the team's values, relative to them
    var sum0 = vec4<f32>(0.0);
    var sum1 = vec4<f32>(0.0);
    var sum2 = vec4<f32>(0.0);
    var sum3 = vec4<f32>(0.0);
    if (position < params.rows) {
        best = vec4<f32>(0.0);
        for (var i = 0u; i < dim_vectors; i++) {
            best += score_of(i, k[i]);
        }
        if (team == 0u) {
            let at = k_at + (params.kv_vectors + slot) * 4u;
            let value = narrowed(vec4<f32>(input[at], input[at + 1u], input[at + 2u], input[at + 3u]));
            total = vec4<f32>(1.0);
            sum0 = widened(value);
            sum1 = sum0;
            sum2 = sum0;
            sum3 = sum0;
            if (head % params.group == 0u) {
                keys[position * params.kv_vectors + kv + slot] = narrowed(k[slot]);
                values[position * params.kv_vectors + kv + slot] = value;
            }
        }
    }
    let end = min(position, params.rows);
    for (var tile = position + 1u - min(position + 1u, params.window); tile < end; tile += 256u) {
        let count = min(end - tile, 256u);
        var score = vec4<f32>(-3.0e38); // so far below the best that its exponential is zero
        if (local < count) {
            let at = (tile + local) * params.kv_vectors + kv;
            score = vec4<f32>(0.0);
            for (var i = 0u; i < dim_vectors; i++) {
                score += score_of(i, widened(keys[at + i]));
            }
        }
        let peak = max(best, workgroup_peak(local, score));
        lanes[local] = exp(score - peak);
        let shrink = exp(best - peak);
        best = peak;
        total *= shrink;
        sum0 *= shrink.x;
        sum1 *= shrink.y;
        sum2 *= shrink.z;
        sum3 *= shrink.w;
        workgroupBarrier();
        for (var i = team; i < count; i += teams) {
            let weight = lanes[i];
            let value = widened(values[(tile + i) * params.kv_vectors + kv + slot]);
            total += weight;
            sum0 += weight.x * value;
            sum1 += weight.y * value;
            sum2 += weight.z * value;
            sum3 += weight.w * value;
        }
        workgroupBarrier(); // all have read the weights
    }
    total = teams_sum(local, dim_vectors, total);
    let factor = select(vec4<f32>(0.0), 1.0 / total, total > vec4<f32>(0.0));
    store(local, head, sum0, factor.x);
    if (HEADS > 1u) {
        store(local, head + 1u, sum1, factor.y);
    }
    if (HEADS > 2u) {
        store(local, head + 2u, sum2, factor.z);
    }
    if (HEADS > 3u) {
        store(local, head + 3u, sum3, factor.w);
    }
}
