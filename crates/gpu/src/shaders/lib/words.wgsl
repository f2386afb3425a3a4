#import bits

// The word at a byte offset that is a multiple of 2.
fn word_at(offset: u32) -> u32 {
    let index = offset >> 2u;
    let shift = (offset & 2u) << 3u;
    return joined(weight[index], weight[index + 1u], shift);
}
