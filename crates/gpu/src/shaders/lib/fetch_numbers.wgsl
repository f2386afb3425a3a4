// A unit of each row of a tile, of a weight of plain numbers: neighbours read neighbouring words of one row.
#import format

fn fetch(part: Part, row: u32, index: u32, local: u32) {
    for (var k = local; k < ROWS * 8u; k += INVOCATIONS) {
        let r = k / 8u;
        let i = k % 8u;
        // Past the edge, the last row is computed again and not stored.
        let start = min(row + r, part.rows - 1u) * part.row_bytes;
        let column = index * 32u + i * 4u;
        weights[i * WEIGHTS_LINE + r] = vec4<f32>(
            element(start, column), element(start, column + 1u), element(start, column + 2u), element(start, column + 3u),
        );
    }
}
