// The input of a linear layer: attention of one token, of which several workgroups have computed shares (`attention_decode.wgsl`).
// Each is weighed by its largest score.
#import staged

override SPLITS: u32;
override HEADS: u32; // at most MERGED / SPLITS

const MERGED = 256u;

// [SPLITS, HEADS, head_dim], then [SPLITS, HEADS, 4]: largest score, sum of the weights
@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;

var<workgroup> factors: array<f32, MERGED>; // [HEADS, SPLITS]

fn stage(token: u32, local: u32, first: bool) {
    let at = SPLITS * columns();
    for (var head = local; head < HEADS; head += 64u) {
        var peak = -3.0e38;
        for (var split = 0u; split < SPLITS; split++) {
            peak = max(peak, input[at + split * HEADS + head].x);
        }
        var total = 0.0;
        for (var split = 0u; split < SPLITS; split++) {
            let own = input[at + split * HEADS + head];
            total += own.y * exp(own.x - peak);
        }
        for (var split = 0u; split < SPLITS; split++) {
            let own = input[at + split * HEADS + head];
            // Where there was no key, nothing was written that counts.
            factors[head * SPLITS + split] = select(0.0, exp(own.x - peak) / total, own.y > 0.0);
        }
    }
    workgroupBarrier();
    let vectors = columns() / HEADS;
    for (var i = local; i < columns(); i += 64u) {
        var sum = vec4<f32>(0.0);
        for (var split = 0u; split < SPLITS; split++) {
            let factor = factors[i / vectors * SPLITS + split];
            if (factor > 0.0) {
                sum += factor * input[split * columns() + i];
            }
        }
        put(0u, i, sum);
    }
    workgroupBarrier();
}
