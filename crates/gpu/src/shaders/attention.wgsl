// Attention of one token and one head a workgroup, over keys in tiles of 64 with an online softmax. Lane i scores key i of
// the tile. Then the lanes stand in teams that each hold one vector of the head a lane, and a team sums every n-th value.
#import grid
#import rows
#import reduce

struct Params {
    tokens: u32,
    heads: u32,
    group: u32,      // query heads of a key and value head
    vectors: u32,    // head_dim / 4, at most 64
    rows: u32,       // of key and value
    window: u32,     // rows that a causal query sees
    scale: f32,
    stride: u32,     // vectors of a row of the buffer that holds the query
    kv_stride: u32,  // of those that hold key and value
    q_first: u32,    // first vector of the query in its row
    k_first: u32,
    v_first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<vec4<f32>>;       // [tokens, stride]: [heads, head_dim] from q_first
@group(0) @binding(4) var<storage, read> visible: array<u32>;           // positions [tokens], or spans [tokens, 2]
@group(0) @binding(5) var<storage, read_write> output: array<vec4<f32>>; // [tokens, heads, head_dim]

override CAUSAL: bool;

var<workgroup> q: array<vec4<f32>, 64>;    // the query, scaled
var<workgroup> weights: array<f32, 64>;    // exponentials of the scores of the tile
var<workgroup> sums: array<vec4<f32>, 64>; // of each lane
var<workgroup> totals: array<f32, 64>;     // of each lane

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
    let vectors = params.vectors;
    let start = number * vectors;
    let kv = number % params.heads / params.group * vectors;
    if (local < vectors) {
        let head = number % params.heads * vectors;
        q[local] = query[token * params.stride + params.q_first + head + local] * params.scale;
    }
    let teams = 64u / vectors;
    let team = local / vectors; // lanes of no team idle
    let slot = local % vectors;
    let rows = span(token);
    var best = -1.0e30; // largest score so far
    var total = 0.0;    // sum of the weights of the team's values, relative to it
    var sum = vec4<f32>(0.0);
    workgroupBarrier(); // q is there
    for (var tile = rows.x; tile < rows.y; tile += 64u) {
        let count = min(rows.y - tile, 64u);
        var score = -1.0e30;
        if (local < count) {
            let k = (tile + local) * params.kv_stride + params.k_first + kv;
            score = 0.0;
            for (var i = 0u; i < vectors; i++) {
                score += dot(q[i], key_at(k + i));
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
                sum += weight * value_at((tile + i) * params.kv_stride + params.v_first + kv + slot);
            }
        }
    }
    sums[local] = sum;
    totals[local] = total;
    workgroupBarrier();
    if (team == 0u) {
        for (var i = local + vectors; i < teams * vectors; i += vectors) {
            sum += sums[i];
            total += totals[i];
        }
        output[start + slot] = sum * select(0.0, 1.0 / total, total > 0.0);
    }
}
