// Index of the largest element of each row, the first of equals; a workgroup a row.
#import grid

struct Params {
    rows: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [rows, columns]
@group(0) @binding(2) var<storage, read_write> output: array<u32>;      // [rows]

var<workgroup> values: array<f32, 256>;
var<workgroup> indices: array<u32, 256>;

const NONE = 0xffffffffu;
const STEPS = vec4<u32>(0u, 256u, 512u, 768u);

struct Best {
    value: f32,
    at: u32,
}

fn four(start: u32, columns: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(
        input[start + columns.x], input[start + columns.y], input[start + columns.z], input[start + columns.w],
    );
}

// Of columns that come later, only what is larger.
fn better(best: Best, x: f32, column: u32) -> Best {
    if (x > best.value || best.at == NONE) {
        return Best(x, column);
    }
    return best;
}

fn better_of_four(best: Best, x: vec4<f32>, columns: vec4<u32>) -> Best {
    return better(better(better(better(best, x.x, columns.x), x.y, columns.y), x.z, columns.z), x.w, columns.w);
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
    let start = row * params.columns;
    let last = params.columns - 1u;
    var best = -3.4028234e38;
    var at = NONE;
    for (var i = local; i < params.columns; i += 4096u) {
        // All on their way before the first is looked at; past the end, the last one again.
        let columns = array<vec4<u32>, 4>(
            min(vec4<u32>(i) + STEPS, vec4<u32>(last)),
            min(vec4<u32>(i + 1024u) + STEPS, vec4<u32>(last)),
            min(vec4<u32>(i + 2048u) + STEPS, vec4<u32>(last)),
            min(vec4<u32>(i + 3072u) + STEPS, vec4<u32>(last)),
        );
        let a = four(start, columns[0]);
        let b = four(start, columns[1]);
        let c = four(start, columns[2]);
        let d = four(start, columns[3]);
        var found = Best(best, at);
        found = better_of_four(found, a, columns[0]);
        found = better_of_four(found, b, columns[1]);
        found = better_of_four(found, c, columns[2]);
        found = better_of_four(found, d, columns[3]);
        best = found.value;
        at = found.at;
    }
    values[local] = best;
    indices[local] = at;
    for (var step = 128u; step > 0u; step >>= 1u) {
        workgroupBarrier();
        if (local < step) {
            let other = values[local + step];
            let index = indices[local + step];
            if (other > values[local] || (other == values[local] && index < indices[local])) {
                values[local] = other;
                indices[local] = index;
            }
        }
    }
    if (local == 0u) {
        output[row] = indices[0];
    }
}
