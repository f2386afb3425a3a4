// q8_0: 32 elements in 34 bytes: d f16, 32 signed bytes; d q.
#import unit
#import bits
#import words

fn unit(row: u32, index: u32) -> Unit {
    let start = row + index * 34u;
    let d = half(word_at(start));
    let at = (start + 2u) >> 2u;
    let shift = ((start + 2u) & 2u) << 3u;
    let w0 = weight[at];
    let w1 = weight[at + 1u];
    let w2 = weight[at + 2u];
    let w3 = weight[at + 3u];
    let w4 = weight[at + 4u];
    let w5 = weight[at + 5u];
    let w6 = weight[at + 6u];
    let w7 = weight[at + 7u];
    let w8 = weight[at + 8u];
    return Unit(
        signed_bytes(joined(w0, w1, shift)), signed_bytes(joined(w1, w2, shift)),
        signed_bytes(joined(w2, w3, shift)), signed_bytes(joined(w3, w4, shift)),
        signed_bytes(joined(w4, w5, shift)), signed_bytes(joined(w5, w6, shift)),
        signed_bytes(joined(w6, w7, shift)), signed_bytes(joined(w7, w8, shift)),
        vec2<f32>(d), vec2<f32>(0.0),
    );
}
