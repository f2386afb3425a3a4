// The logits of a row, or the few of them that are kept beside, and what all lanes of a workgroup see of them. They are floats
// that are compared as whole numbers.

const LOWEST = -3.4028234e38;
const FEW = 512u; // logits that are kept beside
const STEPS = vec4<u32>(0u, 256u, 512u, 768u);

var<workgroup> partial: array<f32, 256>;
var<workgroup> sixteenths: array<f32, 16>; // sums of sixteen lanes
var<workgroup> few: array<f32, FEW>;       // in the order of their columns

// Where the row starts, how many logits count, and whether they are the few.
var<private> start: u32;
var<private> count: u32;
var<private> is_few: bool;

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
