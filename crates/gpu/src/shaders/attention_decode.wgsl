// Causal attention of one token with what comes before it: norms of the heads, rope, and the new row of the caches. A
// workgroup has HEADS query heads of one key, which it reads once for them, and one of SPLITS shares of the keys, which the
// linear layer behind it merges (`input_splits.wgsl`): flash-decoding, https://pytorch.org/blog/flash-decoding. The workgroups of
// the first share compute the new row and start their online softmax with it, the first of them appends it, and nobody reads it
// from the cache: so none waits for another. Four lanes score a key of a tile of 64. Then the lanes stand in teams that each hold
// one vector of the head a lane, and a team sums every n-th value. What belongs to several heads is a vector of one number a head.
#import grid
#import halves
#import decode_heads

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
// [heads, head_dim]; of several shares [SPLITS, heads, head_dim] as they are, then [SPLITS, heads, 4]: largest score, sum of the weights
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> positions: array<u32>;              // [1]
@group(0) @binding(5) var<storage, read_write> keys: array<vec2<u32>>;       // halves: [rows, kv_heads, head_dim]
@group(0) @binding(6) var<storage, read_write> values: array<vec2<u32>>;     // halves: [rows, kv_heads, head_dim]

override SPLITS: u32;

const TILE = 64u; // keys
// Keys of a share, at least: to merge one costs more than to read some.
const SHARE = 128u;

// What a team has summed: the weights of its values, relative to the largest scores so far, and the values of each head by them.
struct Mixed {
    total: vec4<f32>,
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

fn plus(mixed: Mixed, weight: vec4<f32>, halves: vec2<u32>) -> Mixed {
    let value = widened(halves);
    return Mixed(
        mixed.total + weight,
        mixed.a + weight.x * value, mixed.b + weight.y * value, mixed.c + weight.z * value, mixed.d + weight.w * value,
    );
}

// Of value `i` of the tile, if it has as many.
fn tile_weight(i: u32) -> vec4<f32> {
    return select(vec4<f32>(0.0), tile_lanes[min(i, TILE - 1u)], i < TILE);
}

// Adds up the sums of a head and writes them, with what the others need to know of them.
fn store(local: u32, split: u32, head: u32, own: vec4<f32>, best: f32, total: f32) {
    let sum = teams_sum(local, params.vectors, own);
    let row = split * params.heads + head;
    if (local < params.vectors) {
        let factor = select(0.0, 1.0 / total, total > 0.0);
        output[row * params.vectors + local] = sum * select(1.0, factor, SPLITS == 1u);
    }
    if (SPLITS > 1u && local == 0u) {
        output[SPLITS * params.heads * params.vectors + row] = vec4<f32>(best, total, 0.0, 0.0);
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups);
    let head = number / SPLITS * HEADS; // the first of them
    let split = number % SPLITS;
    if (head >= params.heads) {
        return;
    }
    let dim_vectors = params.vectors;
    let position = positions[0];
    let is_padding = position == 0xffffffffu;
    let team = local / dim_vectors; // what lanes past the last whole team sum is read by nobody
    let slot = local % dim_vectors;
    let kv = head / params.group * dim_vectors;
    let k_at = (params.heads * dim_vectors + kv) * 4u;
    turn_heads(local, position, head * dim_vectors * 4u, k_at);
    let teams = 256u / dim_vectors;
    var best = vec4<f32>(-1.0e30); // largest scores so far
    var mixed = Mixed();
    if (position < params.rows && split == 0u) {
        best = vec4<f32>(0.0);
        for (var i = 0u; i < dim_vectors; i++) {
            best += score_of(i, k[i]);
        }
        if (team == 0u) {
            let at = k_at + (params.kv_vectors + slot) * 4u;
            let value = narrowed(vec4<f32>(input[at], input[at + 1u], input[at + 2u], input[at + 3u]));
            mixed = plus(mixed, vec4<f32>(1.0), value);
            if (head % params.group == 0u) {
                keys[position * params.kv_vectors + kv + slot] = narrowed(k[slot]);
                values[position * params.kv_vectors + kv + slot] = value;
            }
        }
    }
    // Of padding, nothing.
    let last = select(min(position, params.rows), 0u, is_padding);
    let first = min(position + 1u - min(position + 1u, params.window), last);
    let share = max((last - first + SPLITS - 1u) / SPLITS, SHARE);
    let end = min(first + (split + 1u) * share, last);
    for (var tile = first + split * share; tile < end; tile += TILE) {
        let count = min(end - tile, TILE);
        var part = vec4<f32>(0.0);
        if (local / 4u < count) {
            let at = (tile + local / 4u) * params.kv_vectors + kv;
            for (var i = local % 4u; i < dim_vectors; i += 4u) {
                part += score_of(i, widened(keys[at + i]));
            }
        }
        // On their way while the keys are scored. What lies past the last of them weighs nothing.
        let at = tile * params.kv_vectors + kv + slot;
        let v0 = values[at + min(team, count - 1u) * params.kv_vectors];
        let v1 = values[at + min(team + teams, count - 1u) * params.kv_vectors];
        let v2 = values[at + min(team + 2u * teams, count - 1u) * params.kv_vectors];
        let v3 = values[at + min(team + 3u * teams, count - 1u) * params.kv_vectors];
        let v4 = values[at + min(team + 4u * teams, count - 1u) * params.kv_vectors];
        let v5 = values[at + min(team + 5u * teams, count - 1u) * params.kv_vectors];
        let v6 = values[at + min(team + 6u * teams, count - 1u) * params.kv_vectors];
        let v7 = values[at + min(team + 7u * teams, count - 1u) * params.kv_vectors];
        lanes[local] = part;
        workgroupBarrier();
        var score = vec4<f32>(-3.0e38); // so far below the best that its exponential is zero
        if (local < count) {
            score = lanes[local * 4u] + lanes[local * 4u + 1u] + lanes[local * 4u + 2u] + lanes[local * 4u + 3u];
        }
        let peak = max(best, tile_peak(local, score));
        if (local < TILE) {
            tile_lanes[local] = exp(score - peak);
        }
        let shrink = exp(best - peak);
        best = peak;
        mixed = Mixed(
            mixed.total * shrink,
            mixed.a * shrink.x, mixed.b * shrink.y, mixed.c * shrink.z, mixed.d * shrink.w,
        );
        workgroupBarrier();
        mixed = plus(mixed, tile_weight(team), v0);
        mixed = plus(mixed, tile_weight(team + teams), v1);
        mixed = plus(mixed, tile_weight(team + 2u * teams), v2);
        mixed = plus(mixed, tile_weight(team + 3u * teams), v3);
        mixed = plus(mixed, tile_weight(team + 4u * teams), v4);
        mixed = plus(mixed, tile_weight(team + 5u * teams), v5);
        mixed = plus(mixed, tile_weight(team + 6u * teams), v6);
        mixed = plus(mixed, tile_weight(team + 7u * teams), v7);
        // Of large heads there are few teams.
        for (var i = team + 8u * teams; i < count; i += teams) {
            mixed = plus(mixed, tile_lanes[i], values[at + i * params.kv_vectors]);
        }
    }
    let total = teams_sum(local, dim_vectors, mixed.total);
    store(local, split, head, mixed.a, best.x, total.x);
    if (HEADS > 1u) {
        store(local, split, head + 1u, mixed.b, best.y, total.y);
    }
    if (HEADS > 2u) {
        store(local, split, head + 2u, mixed.c, best.z, total.z);
    }
    if (HEADS > 3u) {
        store(local, split, head + 3u, mixed.d, best.w, total.w);
    }
}
