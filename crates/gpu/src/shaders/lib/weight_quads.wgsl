// Four rows of one weight by a tile of tokens. Imported once a weight, with its number behind every name.
#import scaled

fn sums(token: u32, row: u32, lane: u32, part: Part) -> Sums {
    // Past the edge, the last row is computed again and not stored.
    let last = part.rows - 1u;
    let r0 = row_start(min(row, last), part.row_vectors);
    let r1 = row_start(min(row + 1u, last), part.row_vectors);
    let r2 = row_start(min(row + 2u, last), part.row_vectors);
    let r3 = row_start(min(row + 3u, last), part.row_vectors);
    var all = Sums();
    for (var i = 0u; i < params.units; i++) {
        all = plus(all, token, lane, i, scaled(r0, i), scaled(r1, i), scaled(r2, i), scaled(r3, i));
    }
    return all;
}
