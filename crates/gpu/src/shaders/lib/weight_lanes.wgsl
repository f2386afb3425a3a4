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
    // Of each unit the next one is on its way, and after the last one that again.
    var a0 = ahead(r0, lane);
    var a1 = ahead(r1, lane);
    var a2 = ahead(r2, lane);
    var a3 = ahead(r3, lane);
    for (var i = lane; i < params.units; i += LANES) {
        let next = min(i + LANES, params.units - 1u);
        let n0 = ahead(r0, next);
        let n1 = ahead(r1, next);
        let n2 = ahead(r2, next);
        let n3 = ahead(r3, next);
        let u0 = unit_of(a0, r0, i);
        let u1 = unit_of(a1, r1, i);
        let u2 = unit_of(a2, r2, i);
        let u3 = unit_of(a3, r3, i);
        if (TOKENS == 1u) {
            all.a += products(base(token, 0u), i, u0, u1, u2, u3);
        } else {
            // A loop: written out, the kernel takes four times as long to compile.
            for (var t = 0u; t < TOKENS; t++) {
                all = turned(all, all.a + products(base(token, t), i, u0, u1, u2, u3));
            }
        }
        a0 = n0;
        a1 = n1;
        a2 = n2;
        a3 = n3;
    }
    return all;
}
