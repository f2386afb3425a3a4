// A unit of a weight of plain numbers needs no scaling.
#import format

fn scaled(row: u32, index: u32) -> Unit {
    return unit(row, index);
}
