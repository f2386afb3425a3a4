// Four or eight rows of one weight by one token. Imported once a weight, with its number behind every name.
#import format
#import place

fn sums(token: u32, row: u32, lane: u32, part: Part) -> Sums {
    // Past the edge, the last row is computed again and not stored.
    let last = part.rows - 1u;
    let r0 = row_start(min(row, last), part.row_vectors);
    let r1 = row_start(min(row + 1u, last), part.row_vectors);
    let r2 = row_start(min(row + 2u, last), part.row_vectors);
    let r3 = row_start(min(row + 3u, last), part.row_vectors);
    let r4 = row_start(min(row + 4u, last), part.row_vectors);
    let r5 = row_start(min(row + 5u, last), part.row_vectors);
    let r6 = row_start(min(row + 6u, last), part.row_vectors);
    let r7 = row_start(min(row + 7u, last), part.row_vectors);
    var all = Sums();
    for (var i = 0u; i < params.units; i++) {
        let read = inputs(lane, i);
        let x = Inputs(
            place(read.a), place(read.b), place(read.c), place(read.d),
            place(read.e), place(read.f), place(read.g), place(read.h),
            read.halves,
        );
        all.a += vec4<f32>(
            product(x, unit(r0, i)), product(x, unit(r1, i)), product(x, unit(r2, i)), product(x, unit(r3, i)),
        );
        if (ROWS == 8u) {
            all.b += vec4<f32>(
                product(x, unit(r4, i)), product(x, unit(r5, i)), product(x, unit(r6, i)), product(x, unit(r7, i)),
            );
        }
    }
    return all;
}
