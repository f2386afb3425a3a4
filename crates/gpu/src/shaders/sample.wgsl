// One token drawn from each row of logits; a workgroup a row. Thresholds for top-k and top-p are found bit by bit over the
// order of the floats, so nothing is sorted; of equal logits at a threshold all are kept.
#import grid

struct Params {
    rows: u32,
    columns: u32, // below 2^24: counts are exact in f32
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;            // [rows, columns]
@group(0) @binding(2) var<storage, read> settings: array<u32>;          // [8]: graph::SampleParams::to_words
@group(0) @binding(3) var<storage, read_write> output: array<u32>;      // [rows]

var<workgroup> partial: array<f32, 256>;

fn workgroup_sum(lane: u32, value: f32) -> f32 {
    workgroupBarrier(); // the lanes may still read the sums of an earlier call
    partial[lane] = value;
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < 256u; i++) {
        sum += partial[i];
    }
    return sum;
}

fn workgroup_max(lane: u32, value: f32) -> f32 {
    partial[lane] = value;
    workgroupBarrier();
    var largest = partial[0];
    for (var i = 1u; i < 256u; i++) {
        largest = max(largest, partial[i]);
    }
    return largest;
}

// Whole numbers in the order of the floats.
fn key(x: f32) -> u32 {
    let bits = bitcast<u32>(x);
    return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

// Probability relative to the largest.
fn weight(x: f32, largest: f32, temperature: f32) -> f32 {
    return exp((x - largest) / temperature);
}

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
    let start = row * params.columns;
    let end = start + params.columns;

    var largest = -3.4028234e38;
    for (var i = start + local; i < end; i += 256u) {
        largest = max(largest, logits[i]);
    }
    largest = workgroup_max(local, largest);

    // The largest cut such that at least top_k keys reach it.
    var cut = 0u;
    if (top_k > 0u && top_k < params.columns) {
        for (var bit = 0u; bit < 32u; bit++) {
            let candidate = cut | (0x80000000u >> bit);
            var count = 0.0;
            for (var i = start + local; i < end; i += 256u) {
                count += select(0.0, 1.0, key(logits[i]) >= candidate);
            }
            if (workgroup_sum(local, count) >= f32(top_k)) {
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
            var sum = 0.0;
            for (var i = start + local; i < end; i += 256u) {
                let x = logits[i];
                if (key(x) >= max(candidate, floor)) {
                    sum += weight(x, largest, temperature);
                }
            }
            sum = workgroup_sum(local, sum);
            if (bit == 0u) {
                target_sum = sum * top_p;
            } else if (sum >= target_sum) {
                cut = candidate;
            }
            candidate = cut | (0x80000000u >> bit);
        }
        cut = min(max(cut, floor), key(largest));
    }

    // Inverse cumulative distribution in the order of the columns: sums of 256 chunks, then one lane walks into its chunk.
    let chunk = (params.columns + 255u) / 256u;
    let first = min(start + local * chunk, end);
    let last = min(first + chunk, end);
    var sum = 0.0;
    for (var i = first; i < last; i++) {
        let x = logits[i];
        let w = weight(x, largest, temperature);
        if (key(x) >= cut && (w >= min_p || x == largest)) {
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
        let from_column = min(start + chosen * chunk, end);
        let to_column = min(from_column + chunk, end);
        for (var i = from_column; i < to_column; i++) {
            let x = logits[i];
            let w = weight(x, largest, temperature);
            if (key(x) >= cut && (w >= min_p || x == largest)) {
                token = i - start;
                before += w;
                if (drawn < before) {
                    break;
                }
            }
        }
        output[row] = token;
    }
}
