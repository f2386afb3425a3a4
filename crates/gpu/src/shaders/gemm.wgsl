// Many tokens by the rows of up to three weights, each of its own format. A workgroup computes 64 rows of one weight by 32 tokens.
// Of each unit of 32 columns its invocations together dequantize the weights of these rows, once, and load the inputs of these
// tokens, into the memory of the workgroup; then each invocation multiplies 4 rows by 4 tokens in registers.
#import grid
#import linear_stage
#import sums_of_4
#import load
#import parts
#import tiles

// Vector `i` of the unit of row `r` is `weights[i * WEIGHTS_LINE + r]`: invocations that multiply read the vectors of neighbouring
// rows. A line is one longer than it has to be, so that those which write the vectors of one row meet other banks of the memory.
const WEIGHTS_LINE = 65u;
const INPUTS_LINE = 33u;
var<workgroup> weights: array<vec4<f32>, 8u * WEIGHTS_LINE>;
var<workgroup> inputs: array<vec4<f32>, 8u * INPUTS_LINE>;

// The inputs of a unit: neighbours read neighbouring vectors of one token.
fn load_inputs(token: u32, unit: u32, local: u32) {
    for (var k = local; k < TOKENS * 8u; k += INVOCATIONS) {
        let t = k / 8u;
        let i = k % 8u;
        inputs[i * INPUTS_LINE + t] = loaded(row_of(token + t), t, unit * 8u + i);
    }
}

// Four columns: `w[c]` holds those of four rows at column `c`, which makes each product one multiply-add.
fn plus(sum: vec4<f32>, w: mat4x4<f32>, x: vec4<f32>) -> vec4<f32> {
    return sum + w[0] * x.x + w[1] * x.y + w[2] * x.z + w[3] * x.w;
}

// The sums of a unit, which are added to those of the units before as a whole: one long sum loses four times as much.
fn unit_sums(local: u32) -> Sums {
    var all = Sums();
    let row = local % ROW_STEP;
    let token = local / ROW_STEP;
    // A loop: written out, the kernel takes long to compile.
    for (var i = 0u; i < 8u; i++) {
        let r = i * WEIGHTS_LINE + row;
        let w = transpose(mat4x4<f32>(
            weights[r], weights[r + ROW_STEP], weights[r + 2u * ROW_STEP], weights[r + 3u * ROW_STEP],
        ));
        let t = i * INPUTS_LINE + token;
        all.a = plus(all.a, w, inputs[t]);
        all.b = plus(all.b, w, inputs[t + TOKEN_STEP]);
        all.c = plus(all.c, w, inputs[t + 2u * TOKEN_STEP]);
        all.d = plus(all.d, w, inputs[t + 3u * TOKEN_STEP]);
    }
    return all;
}
