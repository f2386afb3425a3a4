// Attention of one token and one head a workgroup, over keys in tiles of 64 with an online softmax. Lane i scores key i of
// the tile. Then the lanes stand in teams that each hold one vector of the head a lane, and a team sums every n-th value.
#import grid
#import seen
#import rows
#import reduce

var<workgroup> q: array<vec4<f32>, 64>;    // the query, scaled
var<workgroup> weights: array<f32, 64>;    // exponentials of the scores of the tile
var<workgroup> sums: array<vec4<f32>, 64>; // of each lane
var<workgroup> totals: array<f32, 64>;     // of each lane

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
                score += dot(q[i], wide(key[k + i]));
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
                sum += weight * wide(value[(tile + i) * params.kv_stride + params.v_first + kv + slot]);
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
