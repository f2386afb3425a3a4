// Four rows of one weight by a tile of tokens, whose units the lanes take in turn. Imported once a weight, with its number behind every name.
#import format

fn sums(token: u32, row: u32, lane: u32, part: Part) -> Sums {
    // Past the edge, the last row and the last token are computed again and not stored.
    let last = part.rows - 1u;
    let r0 = row_start(min(row, last), part.row_vectors);
    let r1 = row_start(min(row + 1u, last), part.row_vectors);
    let r2 = row_start(min(row + 2u, last), part.row_vectors);
    let r3 = row_start(min(row + 3u, last), part.row_vectors);
    var all = Sums();
    for (var i = lane; i < params.units; i += LANES) {
        let u0 = unit(r0, i);
        let u1 = unit(r1, i);
        let u2 = unit(r2, i);
        let u3 = unit(r3, i);
        // A loop: written out, the kernel takes four times as long to compile.
        for (var t = 0u; t < TOKENS; t++) {
            all = turned(all, all.a + products(base(token, t), i, u0, u1, u2, u3));
        }
    }
    return all;
}
