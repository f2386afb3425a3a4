// Keys and values that were just computed.
@group(0) @binding(2) var<storage, read> key: array<vec4<f32>>;   // [rows, kv_stride]: [kv_heads, head_dim] from k_first
@group(0) @binding(3) var<storage, read> value: array<vec4<f32>>; // the same from v_first

fn key_at(i: u32) -> vec4<f32> {
    return key[i];
}

fn value_at(i: u32) -> vec4<f32> {
    return value[i];
}
