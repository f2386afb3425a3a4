// The few largest logits of a row, found by how far all lie below the largest.
#import logits

const BINS = 256u;
const BINS_OF_ONE = 8.0; // of a difference of 1

var<workgroup> bins: array<atomic<u32>, BINS>;
var<workgroup> taken: atomic<u32>;
var<workgroup> border: vec2<u32>;            // the last bin of the few, and how many these are; 0 if they are too many
var<workgroup> unordered: array<u32, FEW>;   // columns, as they came
var<workgroup> few_columns: array<u32, FEW>;

// Of a logit so far below the largest; those too far have none. No number is too far.
fn bin_of(x: f32, largest: f32) -> u32 {
    let distance = (largest - x) * BINS_OF_ONE;
    return select(BINS, u32(clamp(distance, 0.0, f32(BINS - 1u))), distance < f32(BINS));
}

fn count_one(x: f32, column: u32, largest: f32) {
    let bin = bin_of(x, largest);
    if (column < params.columns && bin < BINS) {
        atomicAdd(&bins[bin], 1u);
    }
}

fn count_four(x: vec4<f32>, i: u32, largest: f32) {
    count_one(x.x, i, largest);
    count_one(x.y, i + 256u, largest);
    count_one(x.z, i + 512u, largest);
    count_one(x.w, i + 768u, largest);
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
        count_four(x.a, i, largest);
        count_four(x.b, i + 1024u, largest);
        count_four(x.c, i + 2048u, largest);
        count_four(x.d, i + 3072u, largest);
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
