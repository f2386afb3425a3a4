// A unit of each row of a tile, of a weight of plain numbers: neighbours read neighbouring vectors of one row.
#import format

fn fetch(part: Part, row: u32, index: u32, local: u32) {
    for (var k = local; k < ROWS * 8u; k += INVOCATIONS) {
        let r = k / 8u;
        let i = k % 8u;
        // Past the edge, the last row is computed again and not stored.
        weights[i * WEIGHTS_LINE + r] = four(row_start(min(row + r, part.rows - 1u), part.row_vectors), index * 8u + i);
    }
}
