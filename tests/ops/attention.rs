//! Cases of `attention`, `append` and `rope`.

use graph::{Mask, Op, PADDING, RopePairs};

use crate::ops::{Build, Case, F32};

pub(super) fn cases() -> Vec<Case> {
    [causal(), spans(), append(), rope()].concat()
}

/// `first..first + count`, then padding.
fn positions(first: u32, count: u32, rows: usize) -> Vec<u32> {
    (0..rows as u32).map(|t| if t < count { first + t } else { PADDING }).collect()
}

/// 40 positions from `first`, of which some are padding: parts of a tile, and all of one.
fn holes(first: u32) -> Vec<u32> {
    (0..40).map(|t| if matches!(t, 5..8 | 16..33) { PADDING } else { first + t }).collect()
}

struct Heads {
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
}

fn causal() -> Vec<Case> {
    let heads = |heads, kv_heads, head_dim| Heads { heads, kv_heads, head_dim };
    let mut cases = Vec::new();
    for (name, heads, capacity, window, runs) in [
        ("first", heads(9, 3, 64), 32, None, [positions(0, 1, 1), positions(1, 1, 1)]),
        ("decode", heads(9, 3, 64), 160, None, [positions(130, 1, 1), positions(131, 1, 1)]),
        ("decode full", heads(9, 3, 64), 64, None, [positions(62, 1, 1), positions(63, 1, 1)]),
        ("decode window", heads(4, 1, 256), 96, Some(16), [positions(70, 1, 1), positions(7, 1, 1)]),
        ("decode long", heads(2, 1, 64), 1100, None, [positions(1023, 1, 1), positions(1024, 1, 1)]),
        ("few", heads(9, 3, 64), 64, None, [positions(30, 2, 2), positions(32, 2, 2)]),
        ("prefill", heads(9, 3, 64), 96, None, [positions(0, 33, 33), positions(33, 33, 33)]),
        ("prefill padded", heads(9, 3, 64), 64, None, [positions(0, 17, 20), positions(17, 1, 20)]),
        ("prefill window", heads(4, 1, 256), 64, Some(16), [positions(0, 33, 33), positions(20, 30, 33)]),
        ("window 1", heads(2, 2, 32), 16, Some(1), [positions(0, 5, 5), positions(5, 5, 5)]),
        ("window wide", heads(2, 2, 32), 16, Some(512), [positions(0, 5, 5), positions(5, 5, 5)]),
        ("all padding", heads(2, 1, 64), 16, None, [positions(0, 0, 3), positions(4, 1, 3)]),
        ("past the end", heads(2, 1, 64), 8, None, [positions(7, 3, 3), positions(9, 3, 3)]),
        ("window past the end", heads(2, 1, 64), 8, Some(4), [positions(7, 3, 3), positions(10, 3, 3)]),
        ("head 80", heads(4, 4, 80), 40, None, [positions(0, 6, 6), positions(6, 6, 6)]),
        ("head 128", heads(16, 8, 128), 40, None, [positions(0, 6, 6), positions(6, 1, 6)]),
        ("head 96", heads(6, 2, 96), 70, Some(33), [positions(64, 1, 1), positions(65, 1, 1)]),
        // Tiles of the GPU: 32 keys by 32 rows up to heads of 64 elements, 64 by 16 up to 128, 128 by 8 above. A row is a token
        // with one of the heads that share a key.
        ("tiles", heads(8, 1, 32), 77, None, [positions(25, 20, 20), positions(60, 20, 20)]),
        ("tiles 64", heads(3, 3, 64), 70, None, [positions(0, 33, 33), positions(31, 33, 33)]),
        ("tiles 128", heads(8, 4, 128), 140, None, [positions(60, 17, 17), positions(120, 17, 17)]),
        ("tiles 256", heads(3, 1, 256), 270, None, [positions(120, 11, 11), positions(255, 11, 11)]),
        ("tiles 252", heads(2, 2, 252), 150, Some(131), [positions(130, 9, 9), positions(140, 9, 9)]),
        ("tiles 4", heads(3, 3, 4), 80, None, [positions(0, 40, 40), positions(40, 40, 40)]),
        ("tiles 20", heads(8, 1, 20), 80, None, [positions(0, 5, 5), positions(70, 5, 5)]),
        ("window inside a tile", heads(9, 3, 64), 100, Some(10), [positions(37, 40, 40), positions(5, 40, 40)]),
        ("window of tiles", heads(4, 1, 48), 120, Some(33), [positions(70, 20, 20), positions(20, 20, 20)]),
        ("padding in the middle", heads(2, 1, 32), 80, None, [holes(0), holes(40)]),
        // The order of a batch is the caller's: positions need not rise.
        ("scattered", heads(4, 2, 64), 32, None, [vec![9, 3, PADDING, 0, 31], vec![1, 30, 2, PADDING, 5]]),
    ] {
        cases.push(attend(&format!("attention/causal/{name}"), &heads, capacity, window, runs, 1.0));
    }
    // Scores of up to ±100: the softmax must subtract its maximum.
    let runs = [positions(0, 20, 20), positions(20, 20, 20)];
    cases.push(attend("attention/causal/sharp", &heads(9, 3, 64), 64, None, runs, 100.0).with_threshold(1e-9));
    cases
}

impl Case {
    fn with_threshold(mut self, threshold: f64) -> Case {
        (self.threshold, self.cpu_threshold) = (threshold, threshold);
        self
    }
}

/// New keys and values appended to their caches, then attended to.
fn attend(name: &str, shape: &Heads, capacity: usize, window: Option<u32>, runs: [Vec<u32>; 2], sharp: f32) -> Case {
    let &Heads { heads, kv_heads, head_dim } = shape;
    let mut build = Build::new(name);
    let tokens = runs[0].len();
    let (q, kv) = ([tokens, heads * head_dim], [tokens, kv_heads * head_dim]);
    let query = build.input("query", q);
    let (key, value) = (build.input("key", kv), build.input("value", kv));
    let keys = build.cache("keys", [capacity, kv_heads * head_dim]);
    let values = build.cache("values", [capacity, kv_heads * head_dim]);
    let positions = build.list("positions", runs);
    let keys = build.graph.append(keys, key, positions);
    let values = build.graph.append(values, value, positions);
    let mask = Mask::Causal { positions, window };
    let scale = sharp / (head_dim as f32).sqrt();
    let out = build.graph.attention([query, keys, values], mask, [heads, kv_heads], scale);
    build.output(out)
}

fn spans() -> Vec<Case> {
    let mut cases = Vec::new();
    // Spans of the sequences of a packed batch, by their lengths.
    let packed = |lengths: &[u32]| -> Vec<u32> {
        let mut spans = Vec::new();
        let mut first = 0;
        for &length in lengths {
            (0..length).for_each(|_| spans.extend([first, first + length]));
            first += length;
        }
        spans
    };
    for (name, heads, kv_heads, head_dim, runs) in [
        ("one", 12, 12, 32, [packed(&[20]), packed(&[20])]),
        ("packed", 12, 12, 32, [packed(&[5, 1, 20, 9]), packed(&[1, 33, 1])]),
        ("single token", 12, 12, 32, [packed(&[1]), packed(&[1])]),
        ("long", 2, 2, 64, [packed(&[100, 60]), packed(&[3, 157])]),
        ("grouped", 6, 2, 48, [packed(&[7, 8]), packed(&[15])]),
        ("across tiles", 3, 3, 64, [packed(&[37, 3, 30]), packed(&[1, 31, 38])]),
        ("across tiles 32", 4, 1, 32, [packed(&[30, 5, 2, 33]), packed(&[9, 9, 9, 43])]),
        ("across tiles 128", 2, 2, 128, [packed(&[15, 70, 5]), packed(&[65, 25])]),
        ("across tiles 256", 2, 1, 256, [packed(&[3, 130, 7]), packed(&[129, 11])]),
        ("across tiles 100", 1, 1, 100, [packed(&[70, 3]), packed(&[8, 65])]),
        // Neighbours look at different ends, and most at nothing.
        ("apart", 2, 2, 32, [apart(0, 90), apart(33, 64)]),
        // Nothing to see, the wrong way round, past the end, and partly past it.
        ("empty", 2, 2, 32, [vec![0, 0, 3, 2, 9, 12, 1, 3], vec![4, 4, 0, 4, 2, 99, u32::MAX, u32::MAX]]),
    ] {
        let mut build = Build::new(format!("attention/spans/{name}"));
        let tokens = runs[0].len() / 2;
        let query = build.input("query", [tokens, heads * head_dim]);
        let key = build.input("key", [tokens, kv_heads * head_dim]);
        let value = build.input("value", [tokens, kv_heads * head_dim]);
        let spans = build.index("spans", [tokens, 2], runs);
        let scale = 1.0 / (head_dim as f32).sqrt();
        let out = build.graph.attention([query, key, value], Mask::Spans { spans }, [heads, kv_heads], scale);
        cases.push(build.output(out));
    }
    cases
}

/// Spans of 100 rows: every fourth row sees three rows from `left`, the one after it the rows from `right` on.
fn apart(left: u32, right: u32) -> Vec<u32> {
    let span = |row| match row % 4 {
        0 => [left, left + 3],
        1 => [right, 100],
        _ => [row, row],
    };
    (0..100).flat_map(span).collect()
}

fn append() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, columns, capacity, runs) in [
        ("in order", 192, 64, [positions(0, 33, 33), positions(31, 33, 33)]),
        ("one", 576, 16, [positions(15, 1, 1), positions(0, 1, 1)]),
        ("padding", 38, 16, [positions(3, 2, 5), positions(0, 0, 5)]),
        ("past the end", 64, 8, [positions(6, 5, 5), vec![8, 100, PADDING - 1, 0, 7]]),
    ] {
        let mut build = Build::new(format!("append/{name}"));
        let rows = build.input("rows", [runs[0].len(), columns]);
        let cache = build.cache("cache", [capacity, columns]);
        let positions = build.list("positions", runs);
        build.graph.append(cache, rows, positions);
        // Rounded alike, to the bit.
        cases.push(build.threshold(0.0).finish());
    }
    cases
}

fn rope() -> Vec<Case> {
    let mut cases = Vec::new();
    for pairs in [RopePairs::Halves, RopePairs::Adjacent] {
        for (name, heads, head_dim, base, position_scale, factors, runs) in [
            ("first", 9, 64, 1e5, 1.0, false, [vec![0], vec![1]]),
            ("prefill", 9, 64, 1e5, 1.0, false, [positions(0, 33, 33), positions(33, 20, 33)]),
            ("gemma", 4, 256, 1e6, 0.125, false, [positions(7, 5, 5), positions(12, 3, 5)]),
            ("factors", 3, 64, 5e5, 1.0, true, [positions(90, 4, 4), positions(94, 4, 4)]),
            ("far", 3, 64, 1e4, 1.0, false, [positions(2040, 4, 4), positions(8188, 4, 4)]),
            ("small", 1, 2, 1e4, 1.0, false, [vec![2, 0, PADDING], vec![1, 2, 3]]),
        ] {
            // An angle of n radians in f32 is off by up to n·2^-24 for each rounding.
            let last = runs.iter().flatten().filter(|&&p| p != PADDING).max();
            let angle = f64::from(last.copied().unwrap_or(0)) * f64::from(position_scale) / 16_777_216.0;
            let name = format!("rope/{pairs:?}/{name}").to_lowercase();
            let mut build = Build::new(name).threshold(F32 + angle * angle);
            let input = build.input("input", [runs[0].len(), heads * head_dim]);
            let positions = build.list("positions", runs);
            let factors = factors.then(|| {
                let factors = (0..head_dim / 2).map(|i| 1.0 + i as f32 / 4.0).collect();
                build.graph.constant("factors", factors)
            });
            let out = build.graph.record(Op::Rope { input, positions, factors, head_dim, base, position_scale, pairs });
            cases.push(build.output(out));
        }
    }
    cases
}
