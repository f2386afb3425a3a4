// One token drawn from each row of logits; a workgroup a row. Thresholds for top-k and top-p are found bit by bit over the
// order of the floats, so nothing is sorted by size; of equal logits at a threshold all are kept. Both leave few: a histogram of
// how far logits lie below the largest says which may be among them, and what follows looks at those alone.
#import grid

struct Params {
    rows: u32,
    columns: u32, // below 2^24: counts are exact in f32
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;            // [rows, columns]
@group(0) @binding(2) var<storage, read> settings: array<u32>;          // [8]: graph::SampleParams::to_words
@group(0) @binding(3) var<storage, read_write> output: array<u32>;      // [rows]

const LOWEST = -3.4028234e38;
const FEW = 512u;         // logits that are kept beside
const BINS = 256u;
const BINS_OF_ONE = 8.0;  // of a difference of 1
const STEPS = vec4<u32>(0u, 256u, 512u, 768u);

var<workgroup> partial: array<f32, 256>;
var<workgroup> sixteenths: array<f32, 16>;       // sums of sixteen lanes
var<workgroup> bins: array<atomic<u32>, BINS>;
var<workgroup> taken: atomic<u32>;
var<workgroup> border: vec2<u32>;                // the last bin of the few, and how many these are; 0 if they are too many
var<workgroup> unordered: array<u32, FEW>;       // columns, as they came
var<workgroup> few: array<f32, FEW>;             // in the order of their columns
var<workgroup> few_columns: array<u32, FEW>;

// Where a row starts, how many logits count, and whether they are the few.
var<private> start: u32;
var<private> count: u32;
var<private> is_few: bool;
var<private> whole: f32; // what all logits of the row weigh, if that was summed

// The sum of all lanes, and in `partial` what each has: added in the same order by each, sixteen and sixteen.
fn workgroup_sum(lane: u32, value: f32) -> f32 {
    workgroupBarrier(); // the lanes may still read the sums of an earlier call
    partial[lane] = value;
    workgroupBarrier();
    var sum = 0.0;
    for (var i = lane & 0xf0u; i <= (lane | 15u); i++) {
        sum += partial[i];
    }
    if (lane % 16u == 0u) {
        sixteenths[lane / 16u] = sum;
    }
    workgroupBarrier();
    sum = 0.0;
    for (var i = 0u; i < 16u; i++) {
        sum += sixteenths[i];
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

fn logit(i: u32) -> f32 {
    if (is_few) {
        return few[min(i, FEW - 1u)];
    }
    return logits[start + i];
}

// Those of a lane, on their way together; past the end the lowest, which weighs nothing.
fn four(i: u32) -> vec4<f32> {
    if (!is_few && i + STEPS.w < count) {
        let at = start + i;
        return vec4<f32>(logits[at], logits[at + STEPS.y], logits[at + STEPS.z], logits[at + STEPS.w]);
    }
    let at = vec4<u32>(i) + STEPS;
    let inside = min(at, vec4<u32>(count - 1u));
    let x = vec4<f32>(logit(inside.x), logit(inside.y), logit(inside.z), logit(inside.w));
    return select(vec4<f32>(LOWEST), x, at < vec4<u32>(count));
}

struct Sixteen {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

fn sixteen(i: u32) -> Sixteen {
    return Sixteen(four(i), four(i + 1024u), four(i + 2048u), four(i + 3072u));
}

// Whole numbers in the order of the floats.
fn key(x: f32) -> u32 {
    return keys(vec4<f32>(x)).x;
}

fn keys(x: vec4<f32>) -> vec4<u32> {
    let bits = bitcast<vec4<u32>>(x);
    return select(bits | vec4<u32>(0x80000000u), ~bits, (bits & vec4<u32>(0x80000000u)) != vec4<u32>(0u));
}

// Probability relative to the largest.
fn weight(x: f32, largest: f32, temperature: f32) -> f32 {
    return exp((x - largest) / temperature);
}

// How many of four reach a cut.
fn reaching(x: vec4<f32>, cut: u32) -> f32 {
    return dot(select(vec4<f32>(0.0), vec4<f32>(1.0), keys(x) >= vec4<u32>(cut)), vec4<f32>(1.0));
}

// What those of four that reach a cut weigh.
fn weighing(x: vec4<f32>, cut: u32, largest: f32, temperature: f32) -> f32 {
    let reach = keys(x) >= vec4<u32>(cut);
    if (!any(reach)) {
        return 0.0; // most of them
    }
    return dot(select(vec4<f32>(0.0), exp((x - largest) / temperature), reach), vec4<f32>(1.0));
}

// What all that reach a cut weigh.
fn sum_reaching(local: u32, cut: u32, largest: f32, temperature: f32) -> f32 {
    var sum = 0.0;
    for (var i = local; i < count; i += 4096u) {
        let x = sixteen(i);
        sum += weighing(x.a, cut, largest, temperature) + weighing(x.b, cut, largest, temperature)
            + weighing(x.c, cut, largest, temperature) + weighing(x.d, cut, largest, temperature);
    }
    return workgroup_sum(local, sum);
}

// Of a logit so far below the largest; those too far have none. No number is too far.
fn bin_of(x: f32, largest: f32) -> u32 {
    let distance = (largest - x) * BINS_OF_ONE;
    return select(BINS, u32(clamp(distance, 0.0, f32(BINS - 1u))), distance < f32(BINS));
}

fn count_one(x: f32, largest: f32) {
    let bin = bin_of(x, largest);
    if (bin < BINS) {
        atomicAdd(&bins[bin], 1u);
    }
}

fn count_four(x: vec4<f32>, largest: f32) {
    count_one(x.x, largest);
    count_one(x.y, largest);
    count_one(x.z, largest);
    count_one(x.w, largest);
}

fn take_one(x: f32, column: u32, largest: f32) {
    if (column < params.columns && bin_of(x, largest) <= border.x) {
        let place = atomicAdd(&taken, 1u);
        if (place < FEW) {
            unordered[place] = column;
        }
    }
}

fn take_four(x: vec4<f32>, i: u32, largest: f32) {
    take_one(x.x, i, largest);
    take_one(x.y, i + 256u, largest);
    take_one(x.z, i + 512u, largest);
    take_one(x.w, i + 768u, largest);
}

// Brings all that may be among the `top_k` into the memory of the workgroup, in the order of their columns, if they are not too
// many; for a `top_k` of 0 the largest, as many as there is room for.
fn keep_few(local: u32, top_k: u32, largest: f32) {
    atomicStore(&bins[local], 0u);
    if (local == 0u) {
        atomicStore(&taken, 0u);
        border = vec2<u32>(0u);
    }
    workgroupBarrier();
    for (var i = local; i < count; i += 4096u) {
        let x = sixteen(i);
        count_four(x.a, largest);
        count_four(x.b, largest);
        count_four(x.c, largest);
        count_four(x.d, largest);
    }
    workgroupBarrier();
    var all = 0u; // in the bins up to that of the lane
    for (var bin = 0u; bin <= local; bin++) {
        all += atomicLoad(&bins[bin]);
    }
    let is_kth = all >= top_k && all - atomicLoad(&bins[local]) < top_k;
    let is_full = local == BINS - 1u || all + atomicLoad(&bins[min(local + 1u, BINS - 1u)]) > FEW;
    if (all <= FEW && select(is_kth, is_full, top_k == 0u)) {
        border = vec2<u32>(local, all);
    }
    workgroupBarrier();
    let kept = border.y;
    if (kept > 0u) {
        for (var i = local; i < count; i += 4096u) {
            let x = sixteen(i);
            take_four(x.a, i, largest);
            take_four(x.b, i + 1024u, largest);
            take_four(x.c, i + 2048u, largest);
            take_four(x.d, i + 3072u, largest);
        }
    }
    workgroupBarrier();
    for (var i = local; i < kept; i += 256u) {
        let column = unordered[i];
        var rank = 0u;
        for (var j = 0u; j < kept; j++) {
            rank += select(0u, 1u, unordered[j] < column);
        }
        few[rank] = logits[start + column];
        few_columns[rank] = column;
    }
    workgroupBarrier();
    if (kept > 0u) {
        is_few = true;
        count = kept;
    }
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

    // Inverse cumulative distribution in the order of the columns: sums of 256 chunks, then one lane walks into its chunk.
    let chunk = (count + 255u) / 256u;
    let first = min(local * chunk, count);
    let last = min(first + chunk, count);
    var sum = 0.0;
    for (var i = first; i < last; i++) {
        let x = logit(i);
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
        let end = min((chosen + 1u) * chunk, count);
        for (var i = min(chosen * chunk, count); i < end; i++) {
            let x = logit(i);
            let w = weight(x, largest, temperature);
            if (key(x) >= cut && (w >= min_p || x == largest)) {
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
