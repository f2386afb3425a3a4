// One weight.
#import stored
@group(0) @binding(5) var<storage, read> weight_0: array<Stored>; // [rows, in] in blocks
#import weight 0

fn part_sums(part: u32, token: u32, row: u32, lane: u32) -> Sums {
    return sums_0(token, row, lane, params.parts[0]);
}
