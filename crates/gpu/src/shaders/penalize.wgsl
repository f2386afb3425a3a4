// Logits with tokens of the past made less likely; a workgroup a row. The last occurrence of a token speaks for it.
#import grid

struct Params {
    rows: u32,
    columns: u32,
    capacity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;            // [rows, columns]
@group(0) @binding(2) var<storage, read> history: array<u32>;           // [capacity]
@group(0) @binding(3) var<storage, read> settings: array<u32>;          // [8]: graph::Penalties::to_words
@group(0) @binding(4) var<storage, read_write> output: array<f32>;      // [rows, columns]

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
    let repetition = bitcast<f32>(settings[0]);
    let frequency = bitcast<f32>(settings[1]);
    let presence = bitcast<f32>(settings[2]);
    let end = min(settings[5], params.capacity);
    let recent = end - min(settings[3], end); // first of the window
    let counted = min(settings[4], end);      // first after the prompt
    let start = row * params.columns;
    for (var i = start + local; i < start + params.columns; i += 256u) {
        output[i] = logits[i];
    }
    storageBarrier();
    for (var i = min(recent, counted) + local; i < end; i += 256u) {
        let id = history[i];
        var is_last = id < params.columns;
        for (var later = i + 1u; is_last && later < end; later++) {
            is_last = history[later] != id;
        }
        if (!is_last) {
            continue;
        }
        var times = 0u;
        for (var earlier = counted; earlier <= i; earlier++) {
            times += u32(history[earlier] == id);
        }
        var logit = logits[start + id];
        if (i >= recent) {
            logit = select(logit * repetition, logit / repetition, logit > 0.0);
        }
        if (times > 0u) {
            logit -= f32(times) * frequency + presence;
        }
        output[start + id] = logit;
    }
}
