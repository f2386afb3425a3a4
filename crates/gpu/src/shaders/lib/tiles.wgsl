// What the kernels of many tokens share: an invocation has 4 rows of a tile and 4 of its tokens.
const ROWS = 64u;   // of a tile
const TOKENS = 32u;
const INVOCATIONS = 128u; // ROWS / 4 * TOKENS / 4

// Between the rows, and the tokens, of an invocation: neighbours compute neighbouring rows.
const ROW_STEP = 16u;
const TOKEN_STEP = 8u;

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = folded(group, groups);
    let token = number / params.groups * TOKENS;
    let start = number % params.groups;
    if (token >= params.tokens) {
        return;
    }
    prepare(token, local, start == 0u);
    let block = block_at(start, ROWS);
    var sums = part_sums(block.part, token, block.row, local);
    var up = Sums();
    if (OUTPUT == 3u) {
        up = part_sums(1u, token, block.row, local);
    }
    let row = block.row + local % ROW_STEP;
    for (var t = token + local / ROW_STEP; t < token + TOKENS; t += TOKEN_STEP) {
        store_rows(t, block.part, row, ROW_STEP, sums.a, up.a);
        sums = turned(sums, sums.a);
        up = turned(up, up.a);
    }
}
