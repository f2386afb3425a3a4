//! Cases of `linear` and `gather`: every weight dtype.

use graph::DType;

use crate::ops::{BOTH_ROUNDED, Build, Case, F32, ROUNDED};

/// Columns of the weights: short, no multiple of 64 where blocks allow it, and long.
fn columns(dtype: DType) -> [usize; 3] {
    match dtype.block_len() {
        256 => [256, 512, 1536],
        32 => [32, 576, 1536],
        _ => [37, 576, 1536],
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for dtype in DType::WEIGHTS {
        for (k, columns) in columns(dtype).into_iter().enumerate() {
            for (t, tokens) in [1, 2, 5, 33].into_iter().enumerate() {
                // Odd and even, below and above the rows that one group or tile takes.
                let rows = [3, 64, 67, 130][(k + t) % 4];
                cases.push(linear(dtype, tokens, columns, rows, (k + t) % 2 == 0));
            }
            cases.push(gather(dtype, columns));
        }
        // Whole tiles and their edges: of four and eight tokens whose rows are shared, of many tokens just above them.
        for (tokens, rows) in [(4, 130), (8, 67), (9, 67), (32, 64)] {
            cases.push(linear(dtype, tokens, columns(dtype)[1], rows, tokens == 9));
        }
    }
    // Shapes that no dtype needs of its own: wide tiles, more rows than a grid axis takes at once, a bias at one token.
    cases.push(linear(DType::F32, 100, 64, 256, true));
    cases.push(linear(DType::Q8_0, 128, 384, 384, true));
    cases.push(linear(DType::Q2K, 71, 256, 19, true));
    cases.push(linear(DType::Q4_1, 1, 64, 49_152, false));
    cases.push(linear(DType::Q4K, 1, 256, 70_001, true));
    cases.push(linear(DType::F32, 3, 1, 5, true));
    cases
}

fn linear(dtype: DType, tokens: usize, columns: usize, rows: usize, bias: bool) -> Case {
    let end = if bias { "+bias" } else { "" };
    let cpu = match dtype {
        DType::F32 | DType::F16 | DType::BF16 if columns.is_multiple_of(32) => BOTH_ROUNDED,
        // Computed in f32: odd rows.
        DType::F32 | DType::F16 | DType::BF16 => F32,
        _ => ROUNDED,
    };
    let mut build = Build::new(format!("linear/{dtype}/{tokens}x{columns}x{rows}{end}")).cpu_threshold(cpu);
    let x = build.input("x", [tokens, columns]);
    let w = build.weight("w", dtype, [rows, columns]);
    let bias = bias.then(|| build.weight("bias", DType::F32, [rows]));
    let y = build.graph.linear(x, w, bias);
    build.output(y)
}

fn gather(dtype: DType, columns: usize) -> Case {
    let mut build = Build::new(format!("gather/{dtype}/11x{columns}"));
    let table = build.weight("table", dtype, [11, columns]);
    // Repeated, the last, and past the end.
    let index = build.list("index", [vec![3, 0, 10, 3, 11, u32::MAX, 7], vec![10, 9, 8, 0, 0, 1, 500]]);
    let rows = build.graph.gather(table, index);
    build.output(rows)
}
