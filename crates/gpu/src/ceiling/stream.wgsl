// Reads a buffer and does nothing else.

override LOADS: u32 = 1; // vectors that an invocation reads

@group(0) @binding(0) var<storage, read> data: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = (group.y * groups.x + group.x) * LOADS * 256u + lane;
    var sum = vec4<u32>(0u);
    for (var i = 0u; i < LOADS; i += 1u) {
        sum ^= data[first + i * 256u];
    }
    // It is not, but no compiler knows.
    if (all(sum == vec4<u32>(0x9e3779b9u))) {
        result[0] = sum.x;
    }
}
