// What the kernels of one attention op have in common: their numbers, and what a token sees.
struct Params {
    tokens: u32,
    heads: u32,
    group: u32,      // query heads of a key and value head
    vectors: u32,    // head_dim / 4, at most 64
    rows: u32,       // of key and value
    window: u32,     // rows that a causal query sees
    scale: f32,
    stride: u32,     // vectors of a row of the buffer that holds the query
    kv_stride: u32,  // of those that hold key and value
    q_first: u32,    // first vector of the query in its row
    k_first: u32,
    v_first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<vec4<f32>>;       // [tokens, stride]: [heads, head_dim] from q_first
@group(0) @binding(4) var<storage, read> visible: array<u32>;           // positions [tokens], or spans [tokens, 2]
@group(0) @binding(5) var<storage, read_write> output: array<vec4<f32>>; // [tokens, heads, head_dim]

override CAUSAL: bool;

// First row and end of the rows that a token sees.
fn span(token: u32) -> vec2<u32> {
    if (!CAUSAL) {
        return min(vec2<u32>(visible[token * 2u], visible[token * 2u + 1u]), vec2<u32>(params.rows));
    }
    let position = visible[token];
    if (position == 0xffffffffu) { // padding
        return vec2<u32>(0u);
    }
    let end = position + 1u;
    return vec2<u32>(end - min(end, params.window), min(end, params.rows));
}
