// A tile of rows of one weight by a tile of tokens, by packed products. Imported once a weight, with its number behind every name.
#import format

fn sums(token: u32, row: u32, local: u32, part: Part) -> Sums {
    // Past the edge, the last row is computed again and not stored.
    let own_row = row_start(min(row + local, part.rows - 1u), part.row_vectors);
    var all = Sums();
    workgroupBarrier(); // what the norms of the tile left is read from here on
    for (var i = 0u; i < params.units; i++) {
        let x = load_inputs(token, i, local);
        workgroupBarrier(); // the unit before may still be read
        if (loads_inputs(local)) {
            put_inputs(local, x);
        } else {
            put_weights(local, unit(own_row, i));
        }
        workgroupBarrier();
        let own = unit_sums(local);
        all = Sums(all.a + own.a, all.b + own.b, all.c + own.c, all.d + own.d);
    }
    return all;
}
