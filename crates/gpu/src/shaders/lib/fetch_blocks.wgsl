// A unit of each row of a tile, of a weight in blocks: an invocation a row.
#import format

fn put(row: u32, i: u32, numbers: vec4<f32>, scale: f32, shift: f32) {
    weights[i * WEIGHTS_LINE + row] = numbers * scale + shift;
}

fn fetch(part: Part, row: u32, index: u32, local: u32) {
    if (local >= ROWS) {
        return;
    }
    // Past the edge, the last row is computed again and not stored.
    let u = unit(row_start(min(row + local, part.rows - 1u), part.row_vectors), index);
    put(local, 0u, u.a, u.scale.x, u.shift.x);
    put(local, 1u, u.b, u.scale.x, u.shift.x);
    put(local, 2u, u.c, u.scale.x, u.shift.x);
    put(local, 3u, u.d, u.scale.x, u.shift.x);
    put(local, 4u, u.e, u.scale.y, u.shift.y);
    put(local, 5u, u.f, u.scale.y, u.shift.y);
    put(local, 6u, u.g, u.scale.y, u.shift.y);
    put(local, 7u, u.h, u.scale.y, u.shift.y);
}
