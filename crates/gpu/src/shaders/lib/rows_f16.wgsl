// Keys and values of caches.
#import halves

// Four neighbours of a row.
alias Vector = vec2<u32>;

@group(0) @binding(2) var<storage, read> key: array<Vector>;   // halves: [rows, kv_stride]: [kv_heads, head_dim] from k_first
@group(0) @binding(3) var<storage, read> value: array<Vector>; // the same from v_first

const TILE = 512u; // vectors in 4 KiB

fn wide(vector: Vector) -> vec4<f32> {
    return widened(vector);
}
