// Four rows of one weight by a tile of tokens. Imported once a weight, with its number behind every name.
#import format

fn sums(token: u32, row: u32, lane: u32, part: Part) -> Sums {
    // Past the edge, the last row and the last token are computed again and not stored.
    let last = part.rows - 1u;
    let r0 = min(row, last) * part.row_bytes;
    let r1 = min(row + 1u, last) * part.row_bytes;
    let r2 = min(row + 2u, last) * part.row_bytes;
    let r3 = min(row + 3u, last) * part.row_bytes;
    let x0 = base(token, 0u);
    let x1 = base(token, 1u);
    let x2 = base(token, 2u);
    let x3 = base(token, 3u);
    var a = vec4<f32>(0.0);
    var b = vec4<f32>(0.0);
    var c = vec4<f32>(0.0);
    var d = vec4<f32>(0.0);
    for (var i = lane; i < params.units; i += LANES) {
        let u0 = unit(r0, i);
        let u1 = unit(r1, i);
        let u2 = unit(r2, i);
        let u3 = unit(r3, i);
        a += products(x0, i, u0, u1, u2, u3);
        if (TOKENS > 1u) {
            b += products(x1, i, u0, u1, u2, u3);
            c += products(x2, i, u0, u1, u2, u3);
            d += products(x3, i, u0, u1, u2, u3);
        }
    }
    return Sums(a, b, c, d);
}
