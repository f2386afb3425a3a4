// Attention of one token and one head a workgroup, over keys in tiles of 64 with an online softmax: lane i scores key i of
// the tile, then sums dimensions i, i + 64, i + 128 and i + 192 of the values.
#import grid

struct Params {
    tokens: u32,
    heads: u32,
    group: u32,      // query heads of a key and value head
    head_dim: u32,   // at most 256
    kv_columns: u32, // kv_heads * head_dim
    rows: u32,       // of key and value
    window: u32,     // rows that a causal query sees
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<f32>;             // [tokens, heads, head_dim]
@group(0) @binding(2) var<storage, read> key: array<f32>;               // [rows, kv_heads, head_dim]
@group(0) @binding(3) var<storage, read> value: array<f32>;             // [rows, kv_heads, head_dim]
@group(0) @binding(4) var<storage, read> visible: array<u32>;           // positions [tokens], or spans [tokens, 2]
@group(0) @binding(5) var<storage, read_write> output: array<f32>;      // [tokens, heads, head_dim]

override CAUSAL: bool;

var<workgroup> q: array<f32, 256>;      // the query, scaled
var<workgroup> scores: array<f32, 64>;  // of the keys of the tile
var<workgroup> weights: array<f32, 64>; // their exponentials

// First row and end of the rows that a token sees.
fn span(token: u32) -> vec2<u32> {
    if (!CAUSAL) {
        return min(vec2<u32>(visible[token * 2u], visible[token * 2u + 1u]), vec2<u32>(params.rows));
    }
    let position = visible[token];
    if (position == 0xffffffffu) { // padding
        return vec2<u32>(0u);
    }
    let end = position + 1u;
    return vec2<u32>(end - min(end, params.window), min(end, params.rows));
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups);
    let token = number / params.heads;
    if (token >= params.tokens) {
        return;
    }
    let dim = params.head_dim;
    let start = number * dim;
    let kv = number % params.heads / params.group * dim;
    for (var i = local; i < dim; i += 64u) {
        q[i] = query[start + i] * params.scale;
    }
    let rows = span(token);
    var best = -1.0e30; // largest score so far
    var total = 0.0;    // sum of the weights, relative to it
    var s0 = 0.0;       // weighted sums of this lane's dimensions
    var s1 = 0.0;
    var s2 = 0.0;
    var s3 = 0.0;
    workgroupBarrier(); // q is there
    for (var tile = rows.x; tile < rows.y; tile += 64u) {
        let count = min(rows.y - tile, 64u);
        var score = -1.0e30;
        if (local < count) {
            let k = (tile + local) * params.kv_columns + kv;
            score = 0.0;
            for (var i = 0u; i < dim; i++) {
                score += q[i] * key[k + i];
            }
            scores[local] = score;
        }
        workgroupBarrier();
        var peak = best;
        for (var i = 0u; i < count; i++) {
            peak = max(peak, scores[i]);
        }
        weights[local] = exp(score - peak);
        let shrink = exp(best - peak);
        best = peak;
        total *= shrink;
        s0 *= shrink;
        s1 *= shrink;
        s2 *= shrink;
        s3 *= shrink;
        workgroupBarrier();
        var v = tile * params.kv_columns + kv + local;
        for (var i = 0u; i < count; i++) {
            let p = weights[i];
            total += p;
            if (local < dim) {
                s0 += p * value[v];
            }
            if (local + 64u < dim) {
                s1 += p * value[v + 64u];
            }
            if (local + 128u < dim) {
                s2 += p * value[v + 128u];
            }
            if (local + 192u < dim) {
                s3 += p * value[v + 192u];
            }
            v += params.kv_columns;
        }
    }
    let norm = select(0.0, 1.0 / total, total > 0.0);
    if (local < dim) {
        output[start + local] = s0 * norm;
    }
    if (local + 64u < dim) {
        output[start + local + 64u] = s1 * norm;
    }
    if (local + 128u < dim) {
        output[start + local + 128u] = s2 * norm;
    }
    if (local + 192u < dim) {
        output[start + local + 192u] = s3 * norm;
    }
}
