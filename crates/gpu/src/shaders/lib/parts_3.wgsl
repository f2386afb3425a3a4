// Three weights.
#import stored
@group(0) @binding(5) var<storage, read> weight_0: array<Stored>; // [rows, in] in blocks
@group(0) @binding(6) var<storage, read> weight_1: array<Stored>;
@group(0) @binding(7) var<storage, read> weight_2: array<Stored>;
#import weight 0
#import weight 1
#import weight 2

fn part_sums(part: u32, token: u32, row: u32, lane: u32) -> Sums {
    if (part == 0u) {
        return sums_0(token, row, lane, params.parts[0]);
    }
    if (part == 1u) {
        return sums_1(token, row, lane, params.parts[1]);
    }
    return sums_2(token, row, lane, params.parts[2]);
}
