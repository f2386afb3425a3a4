// What is loaded of a unit before its turn comes: of formats with many words, nothing, since registers are few.
struct Ahead {
    nothing: u32,
}

fn ahead(start: u32, index: u32) -> Ahead {
    return Ahead(0u);
}
