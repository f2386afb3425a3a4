// Attention of rows, each a token with one query head, by invocations that need no memory and no barriers. A workgroup is four
// neighbours with rows of one key and value head. Of each four keys a neighbour loads one, and the others get it from it; the
// softmax over tiles of 16 keys is online.
#import grid
#import seen
#import rows
#import reduce

const KEYS = 16u; // of a tile

// Sums of a row, a vector of the head each.
var<private> sums: array<vec4<f32>, 64>;

fn scored(sum: vec4<f32>, q: vec4<f32>, k: vec4<f32>) -> vec4<f32> {
    return sum + vec4<f32>(
        dot(q, k), dot(q, quadSwapX(k)), dot(q, quadSwapY(k)), dot(q, quadSwapDiagonal(k)),
    );
}

fn weighted(sum: vec4<f32>, w: vec4<f32>, v: vec4<f32>) -> vec4<f32> {
    return sum + w.x * v + w.y * quadSwapX(v) + w.z * quadSwapY(v) + w.w * quadSwapDiagonal(v);
}

// The scores of keys that the row sees, and one so far below any other that its exponential is zero for the others.
fn masked(score: vec4<f32>, keys: vec4<u32>, seen: vec2<u32>) -> vec4<f32> {
    let visible = (keys >= vec4<u32>(seen.x)) & (keys < vec4<u32>(seen.y));
    return select(vec4<f32>(-3.0e38), score, visible);
}

fn largest(v: vec4<f32>) -> f32 {
    return max(max(v.x, v.y), max(v.z, v.w));
}

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups);
    let kv_heads = params.heads / params.group;
    let rows = params.tokens * params.group; // of each of these
    let first = number / kv_heads * GROUP;
    if (first >= rows) {
        return;
    }
    let kv_head = number % kv_heads;
    let row = min(first + local, rows - 1u);
    let token = row / params.group;
    let head = (kv_head * params.group + row % params.group) * params.vectors;
    let seen = span(token);
    // What any of the four sees. They read it all alike, so that nobody waits for anybody.
    var start = 0xffffffffu;
    var end = 0u;
    for (var i = 0u; i < GROUP; i++) {
        let other = span(min(first + i, rows - 1u) / params.group);
        if (other.x < other.y) {
            start = min(start, other.x);
            end = max(end, other.y);
        }
    }
    let q_at = token * params.stride + params.q_first + head;
    let kv = kv_head * params.vectors;
    let own = vec4<u32>(local, local ^ 1u, local ^ 2u, local ^ 3u); // whose key is in which place
    var best = -1.0e30; // largest score so far
    var total = 0.0;    // sum of the weights, relative to it
    for (var tile = start; tile < end; tile += KEYS) {
        // Past the edge, the last key is read again and not seen.
        let last = params.rows - 1u;
        let r0 = min(tile + local, last) * params.kv_stride + kv;
        let r1 = min(tile + 4u + local, last) * params.kv_stride + kv;
        let r2 = min(tile + 8u + local, last) * params.kv_stride + kv;
        let r3 = min(tile + 12u + local, last) * params.kv_stride + kv;
        var s0 = vec4<f32>(0.0);
        var s1 = vec4<f32>(0.0);
        var s2 = vec4<f32>(0.0);
        var s3 = vec4<f32>(0.0);
        for (var i = 0u; i < params.vectors; i++) {
            let q = query[q_at + i] * params.scale;
            let k = params.k_first + i;
            s0 = scored(s0, q, wide(key[r0 + k]));
            s1 = scored(s1, q, wide(key[r1 + k]));
            s2 = scored(s2, q, wide(key[r2 + k]));
            s3 = scored(s3, q, wide(key[r3 + k]));
        }
        s0 = masked(s0, own + tile, seen);
        s1 = masked(s1, own + tile + 4u, seen);
        s2 = masked(s2, own + tile + 8u, seen);
        s3 = masked(s3, own + tile + 12u, seen);
        let peak = max(best, largest(max(max(s0, s1), max(s2, s3))));
        let w0 = exp(s0 - peak);
        let w1 = exp(s1 - peak);
        let w2 = exp(s2 - peak);
        let w3 = exp(s3 - peak);
        let shrink = exp(best - peak);
        best = peak;
        total = total * shrink + dot(w0 + w1 + w2 + w3, vec4<f32>(1.0));
        for (var i = 0u; i < params.vectors; i++) {
            let v = params.v_first + i;
            var sum = sums[i] * shrink;
            sum = weighted(sum, w0, wide(value[r0 + v]));
            sum = weighted(sum, w1, wide(value[r1 + v]));
            sum = weighted(sum, w2, wide(value[r2 + v]));
            sums[i] = weighted(sum, w3, wide(value[r3 + v]));
        }
    }
    if (first + local < rows) {
        let factor = select(0.0, 1.0 / total, total > 0.0);
        let to = token * params.heads * params.vectors + head;
        for (var i = 0u; i < params.vectors; i++) {
            output[to + i] = sums[i] * factor;
        }
    }
}
