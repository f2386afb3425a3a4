// The input of a linear layer as it is, by way of the memory of the workgroup: neighbouring lanes, which multiply neighbouring
// units, would read 128 bytes apart from each other for each block of rows.
#import staged

@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>; // [tokens, in]

fn stage(token: u32, local: u32, first: bool) {
    for (var t = 0u; t < TOKENS; t++) {
        let row = row_of(token + t);
        for (var i = local; i < columns(); i += 64u) {
            put(t, i, input[row + i]);
        }
    }
    workgroupBarrier();
}
