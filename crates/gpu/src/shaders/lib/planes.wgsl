// Where weights in blocks lie after `pack`: four rows are a group, and a group is planes, one for each field of a block. A plane has
// for each block, and each 16 bytes of a longer field, those of the four rows beside each other. So neighbours that take
// neighbouring blocks or rows read neighbouring vectors, and nothing starts in the middle of a word.
#import bits
#import loads

// The vector of a row in the first plane of its group; what follows counts from there. Groups are whole numbers of four vectors.
fn row_start(row: u32, group_vectors: u32) -> u32 {
    return (row >> 2u) * group_vectors + (row & 3u);
}

// Word `index` of a plane of a word a row, which starts `plane` vectors behind the first one.
fn word_at(start: u32, plane: u32, index: u32) -> u32 {
    return one_word((start & 0xfffffffcu) + plane + index, start & 3u);
}

// The word of a plane of halves that has those of a row and of its neighbour.
fn half_word(start: u32, plane: u32, index: u32) -> u32 {
    let pair = ((index & 1u) << 1u) | ((start & 2u) >> 1u);
    return one_word((start & 0xfffffffcu) + plane + (index >> 1u), pair);
}

// The half of a row in such a word.
fn half_in(word: u32, start: u32) -> f32 {
    return half(select(word, word >> 16u, (start & 1u) != 0u));
}

// Half `index` of a row in a plane of halves.
fn half_at(start: u32, plane: u32, index: u32) -> f32 {
    return half_in(half_word(start, plane, index), start);
}
