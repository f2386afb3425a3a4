// Attention of a tile of rows, each a token with one query head, over tiles of keys with an online softmax. All rows of a
// workgroup have the same key and value head, so a key is read once for all tokens of the tile and for all heads that share it.
// Lanes stand in teams of four rows. A lane scores two keys of the tile for its rows, then sums one vector of the values.
#import grid
#import seen
#import rows

override LANES: u32;                // of a team: 16, 32 or 64, at least the vectors of a head
override TEAMS: u32 = 128u / LANES;
override KEYS: u32 = 2u * LANES;    // of a tile
override CHUNK: u32 = TILE / KEYS;  // vectors of each key that are in memory at once
override VALUES: u32 = TILE / LANES;

var<workgroup> q: array<vec4<f32>, 512>;      // [4 TEAMS, LANES], scaled
var<workgroup> tile: array<Vector, TILE>;     // keys: [CHUNK, KEYS]; then values: [VALUES, LANES]
var<workgroup> scores: array<vec4<f32>, 256>; // [TEAMS, KEYS] of the four rows of a team, then their exponentials

// The lanes of a team read neighbouring keys, and those that fetch a key neighbouring vectors of it. Both meet as many banks of
// memory as there are, since keys change places within a vector's row of the tile.
fn place(key: u32, vector: u32) -> u32 {
    return vector * KEYS + (key ^ vector);
}

fn row_span(row: u32) -> vec2<u32> {
    let token = row / params.group;
    if (token >= params.tokens) {
        return vec2<u32>(0u);
    }
    return span(token);
}

@compute @workgroup_size(128)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups);
    let kv_heads = params.heads / params.group;
    let rows = params.tokens * params.group;
    let first_row = number / kv_heads * 4u * TEAMS;
    if (first_row >= rows) {
        return;
    }
    let vectors = params.vectors;
    let kv_head = number % kv_heads;
    let lane = local % LANES;
    let team = local / LANES;
    for (var i = local; i < 512u; i += 128u) {
        let row = first_row + i / LANES;
        if (row < rows && lane < vectors) {
            let head = kv_head * params.group + row % params.group;
            let at = row / params.group * params.stride + params.q_first + head * vectors;
            q[i] = query[at + lane] * params.scale;
        }
    }
    // What any row sees; each row sees a part of it.
    var seen = vec2<u32>(0xffffffffu, 0u);
    let last_row = min(first_row + 4u * TEAMS, rows) - 1u;
    for (var token = first_row / params.group; token <= last_row / params.group; token++) {
        let own = span(token);
        if (own.x < own.y) {
            seen = vec2<u32>(min(seen.x, own.x), max(seen.y, own.y));
        }
    }
    let row = first_row + team * 4u;
    let span0 = row_span(row);
    let span1 = row_span(row + 1u);
    let span2 = row_span(row + 2u);
    let span3 = row_span(row + 3u);
    let starts = vec4<u32>(span0.x, span1.x, span2.x, span3.x);
    let ends = vec4<u32>(span0.y, span1.y, span2.y, span3.y);

    var best = vec4<f32>(-1.0e30); // largest score of each row so far
    var total = vec4<f32>(0.0);    // sum of its weights, relative to that
    var sum0 = vec4<f32>(0.0);
    var sum1 = vec4<f32>(0.0);
    var sum2 = vec4<f32>(0.0);
    var sum3 = vec4<f32>(0.0);
    for (var start = seen.x; start < seen.y; start += KEYS) {
        let count = min(seen.y - start, KEYS);
        let keys_at = start * params.kv_stride + params.k_first + kv_head * vectors;
        let values_at = start * params.kv_stride + params.v_first + kv_head * vectors;
        var score0 = vec4<f32>(0.0); // of key `lane` for the four rows
        var score1 = vec4<f32>(0.0); // of key `lane + LANES`
        for (var chunk = 0u; chunk < vectors; chunk += CHUNK) {
            let width = min(vectors - chunk, CHUNK);
            workgroupBarrier(); // the lanes may still read what lies there
            for (var i = local; i < TILE; i += 128u) {
                let row = i / CHUNK;
                let vector = i % CHUNK;
                if (row < count && vector < width) {
                    tile[place(row, vector)] = key[keys_at + row * params.kv_stride + chunk + vector];
                }
            }
            workgroupBarrier();
            for (var vector = 0u; vector < width; vector++) {
                let key0 = wide(tile[place(lane, vector)]);
                let key1 = wide(tile[place(lane + LANES, vector)]);
                let at = team * 4u * LANES + chunk + vector;
                let q0 = q[at];
                let q1 = q[at + LANES];
                let q2 = q[at + 2u * LANES];
                let q3 = q[at + 3u * LANES];
                score0 += vec4<f32>(dot(q0, key0), dot(q1, key0), dot(q2, key0), dot(q3, key0));
                score1 += vec4<f32>(dot(q0, key1), dot(q1, key1), dot(q2, key1), dot(q3, key1));
            }
        }
        // What a row does not see weighs nothing: so far below `best` that its exponential is zero.
        let row0 = vec4<u32>(start + lane);
        let row1 = row0 + LANES;
        score0 = select(vec4<f32>(-3.0e38), score0, (row0 >= starts) & (row0 < ends));
        score1 = select(vec4<f32>(-3.0e38), score1, (row1 >= starts) & (row1 < ends));
        let own = team * KEYS + lane;
        scores[own] = score0;
        scores[own + LANES] = score1;
        workgroupBarrier();
        var peak = best;
        for (var i = 0u; i < count; i++) {
            peak = max(peak, scores[team * KEYS + i]);
        }
        workgroupBarrier(); // all have their peak
        scores[own] = exp(score0 - peak);
        scores[own + LANES] = exp(score1 - peak);
        let shrink = exp(best - peak);
        best = peak;
        total *= shrink;
        sum0 *= shrink.x;
        sum1 *= shrink.y;
        sum2 *= shrink.z;
        sum3 *= shrink.w;
        for (var first = 0u; first < count; first += VALUES) {
            let some = min(count - first, VALUES);
            workgroupBarrier(); // the lanes may still read what lies there
            for (var i = team; i < some; i += TEAMS) {
                if (lane < vectors) {
                    tile[i * LANES + lane] = value[values_at + (first + i) * params.kv_stride + lane];
                }
            }
            workgroupBarrier();
            for (var i = 0u; i < some; i++) {
                let weight = scores[team * KEYS + first + i];
                let vector = wide(tile[i * LANES + lane]);
                total += weight;
                sum0 += weight.x * vector;
                sum1 += weight.y * vector;
                sum2 += weight.z * vector;
                sum3 += weight.w * vector;
            }
        }
    }
    let factor = select(vec4<f32>(0.0), 1.0 / total, total > vec4<f32>(0.0));
    let sums = array<vec4<f32>, 4>(sum0 * factor.x, sum1 * factor.y, sum2 * factor.z, sum3 * factor.w);
    for (var i = 0u; i < 4u && row + i < rows && lane < vectors; i++) {
        let token = (row + i) / params.group;
        let head = kv_head * params.group + (row + i) % params.group;
        output[(token * params.heads + head) * vectors + lane] = sums[i];
    }
}
