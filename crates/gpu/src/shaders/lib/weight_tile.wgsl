// A tile of rows of one weight by a tile of tokens. Imported once a weight, with its number behind every name.
#import fetch

fn sums(token: u32, row: u32, local: u32, part: Part) -> Sums {
    var all = Sums();
    for (var i = 0u; i < params.units; i++) {
        workgroupBarrier(); // the unit before may still be read
        fetch(part, row, i, local);
        load_inputs(token, i, local);
        workgroupBarrier();
        let own = unit_sums(local);
        all = Sums(all.a + own.a, all.b + own.b, all.c + own.c, all.d + own.d);
    }
    return all;
}
