// What the kernels of linear stages share: their numbers and bindings, where a block of rows lies, what becomes of a product.
#import activation

struct Norm {
    weight: u32,  // first word in `vectors`
    bias: u32,    // likewise, of a layer norm
    epsilon: f32,
    offset: f32,  // added to the weight
}

struct Part {
    row_vectors: u32, // of a row of plain numbers; of a group of four rows in blocks
    rows: u32,
    first: u32, // output column of the first row
    bias: u32,  // first word in `vectors`, or NONE
}

struct Params {
    units: u32,   // input columns / 32
    tokens: u32,
    out: u32,     // output columns
    other: u32,   // columns of `other`, or 0 if it is one row
    blocks: u32,  // of rows, of all parts
    groups: u32,  // workgroups of a tile of tokens
    before: f32,  // factor in front of an activation function
    after: f32,   // factor behind it
    norm: Norm,
    inner: Norm,
    parts: array<Part, 3>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> vectors: array<f32>;           // norms and biases
@group(0) @binding(3) var<storage, read_write> output: array<f32>;      // [tokens, out]
@group(0) @binding(4) var<storage, read> other: array<f32>;             // [tokens, out] to add, or [tokens, in] of a sum

override PARTS: u32;  // that lie beside each other
override OUTPUT: u32; // 0 plain, 1 plus `other`, 2 activation, 3 activation of part 0 times part 1

const NONE = 0xffffffffu;

fn columns() -> u32 { // of the input, in vectors
    return params.units * 8u;
}

// Where a token starts in the input; past the edge the last token stands in.
fn row_of(token: u32) -> u32 {
    return min(token, params.tokens - 1u) * columns();
}

struct Block {
    part: u32,
    row: u32, // its first
}

// Blocks of so many rows, those of one part before those of the next.
fn block_at(number: u32, rows: u32) -> Block {
    var block = number;
    var part = 0u;
    for (; part + 1u < PARTS; part++) {
        let blocks = (params.parts[part].rows + rows - 1u) / rows;
        if (block < blocks) {
            break;
        }
        block -= blocks;
    }
    return Block(part, block * rows);
}

fn biased(part: u32, row: u32, sum: f32) -> f32 {
    let bias = params.parts[part].bias;
    if (bias == NONE) {
        return sum;
    }
    return sum + vectors[bias + row];
}

fn store(token: u32, part: u32, row: u32, sum: f32, up: f32) {
    if (token >= params.tokens || row >= params.parts[part].rows) {
        return;
    }
    let column = params.parts[part].first + row;
    var value = biased(part, row, sum);
    if (OUTPUT == 1u) {
        value += other[token * params.other + column];
    }
    if (OUTPUT >= 2u) {
        value = activated(value * params.before) * params.after;
    }
    if (OUTPUT == 3u) {
        value *= biased(1u, row, up);
    }
    output[token * params.out + column] = value;
}

// Four rows, `step` apart.
fn store_rows(token: u32, part: u32, row: u32, step: u32, sums: vec4<f32>, up: vec4<f32>) {
    store(token, part, row, sums.x, up.x);
    store(token, part, row + step, sums.y, up.y);
    store(token, part, row + 2u * step, sums.z, up.z);
    store(token, part, row + 3u * step, sums.w, up.w);
}
