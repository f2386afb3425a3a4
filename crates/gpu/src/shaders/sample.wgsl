// One token drawn from each row of logits; a workgroup a row. Thresholds for top-k and top-p are found bit by bit over the
// order of the floats, so nothing is sorted by size; of equal logits at a threshold all are kept. Both leave few: a histogram of
// how far logits lie below the largest says which may be among them, and what follows looks at those alone.
#import grid
#import few

struct Params {
    rows: u32,
    columns: u32, // below 2^24: counts are exact in f32
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;            // [rows, columns]
@group(0) @binding(2) var<storage, read> settings: array<u32>;          // [8]: graph::SampleParams::to_words
@group(0) @binding(3) var<storage, read_write> output: array<u32>;      // [rows]

var<private> whole: f32; // what all logits of the row weigh, if that was summed

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = folded(group, groups);
    if (row >= params.rows) {
        return;
    }
    let temperature = bitcast<f32>(settings[0]);
    let top_p = bitcast<f32>(settings[1]);
    let min_p = bitcast<f32>(settings[2]);
    let top_k = settings[3];
    let uniform_number = bitcast<f32>(settings[6]);
    start = row * params.columns;
    count = params.columns;

    var own = LOWEST;
    for (var i = local; i < count; i += 4096u) {
        let x = sixteen(i);
        let four_largest = max(max(x.a, x.b), max(x.c, x.d));
        own = max(own, max(max(four_largest.x, four_largest.y), max(four_largest.z, four_largest.w)));
    }
    let largest = workgroup_max(local, own);
    if (params.columns > FEW) {
        if (top_k > 0u && top_k < params.columns) {
            keep_few(local, top_k, largest);
        } else if (top_p < 1.0) {
            whole = sum_reaching(local, 0u, largest, temperature);
            keep_few(local, 0u, largest);
            // The others may be among those that are kept.
            if (sum_reaching(local, 0u, largest, temperature) < whole * top_p) {
                is_few = false;
                count = params.columns;
            }
        }
    }

    // The largest cut such that at least top_k keys reach it.
    var cut = 0u;
    if (top_k > 0u && top_k < params.columns) {
        for (var bit = 0u; bit < 32u; bit++) {
            let candidate = cut | (0x80000000u >> bit);
            var reach = 0.0;
            for (var i = local; i < count; i += 4096u) {
                let x = sixteen(i);
                reach += reaching(x.a, candidate) + reaching(x.b, candidate) + reaching(x.c, candidate) + reaching(x.d, candidate);
            }
            if (workgroup_sum(local, reach) >= f32(top_k)) {
                cut = candidate;
            }
        }
    }

    // The largest cut such that the weights that reach it are at least top_p of those kept so far.
    if (top_p < 1.0) {
        let floor = cut;
        var target_sum = 0.0;
        var candidate = 0u;
        cut = 0u;
        for (var bit = 0u; bit < 33u; bit++) { // the first round, with no cut, sums all
            let sum = sum_reaching(local, max(candidate, floor), largest, temperature);
            if (bit == 0u) {
                target_sum = max(sum, whole) * top_p;
            } else if (sum >= target_sum) {
                cut = candidate;
            }
            candidate = cut | (0x80000000u >> bit);
        }
        cut = min(max(cut, floor), key(largest));
    }

    // Inverse cumulative distribution in the order of the columns: sums of 256 chunks, then one lane walks into its chunk. What
    // weighs nothing is never drawn, however sums are rounded.
    let chunk = (count + 255u) / 256u;
    let first = min(local * chunk, count);
    let last = min(first + chunk, count);
    var sum = 0.0;
    for (var i = first; i < last; i++) {
        let x = logit(i);
        let w = weight(x, largest, temperature);
        if (key(x) >= cut && w > 0.0 && (w >= min_p || x == largest)) {
            sum += w;
        }
    }
    let total = workgroup_sum(local, sum);
    if (local == 0u) {
        let drawn = uniform_number * total;
        var before = 0.0; // sum of the chunks before the chosen one
        var chosen = 0u;
        for (var i = 0u; i < 256u; i++) {
            if (partial[i] > 0.0) {
                chosen = i;
                if (drawn < before + partial[i]) {
                    break;
                }
                before += partial[i];
            }
        }
        var token = 0u;
        let end = min((chosen + 1u) * chunk, count);
        for (var i = min(chosen * chunk, count); i < end; i++) {
            let x = logit(i);
            let w = weight(x, largest, temperature);
            if (key(x) >= cut && w > 0.0 && (w >= min_p || x == largest)) {
                token = i;
                before += w;
                if (drawn < before) {
                    break;
                }
            }
        }
        if (is_few) {
            token = few_columns[min(token, FEW - 1u)];
        }
        output[row] = token;
    }
}
