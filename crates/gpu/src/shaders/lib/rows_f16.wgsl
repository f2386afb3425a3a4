// Keys and values of caches.
#import halves

@group(0) @binding(2) var<storage, read> key: array<vec2<u32>>;   // halves: [rows, kv_stride]: [kv_heads, head_dim] from k_first
@group(0) @binding(3) var<storage, read> value: array<vec2<u32>>; // the same from v_first

fn key_at(i: u32) -> vec4<f32> {
    return widened(key[i]);
}

fn value_at(i: u32) -> vec4<f32> {
    return widened(value[i]);
}
