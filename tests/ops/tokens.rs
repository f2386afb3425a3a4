//! Cases of `mean_pool`, `argmax`, `sample`, of `penalize` with the history that it looks back on, and of `mask_logits`, also
//! with what chooses behind it.

use graph::{Activation, EXCLUDED, PADDING, Penalties, SampleParams};

use crate::{
    ops::{Build, Case, data::Rng},
    reference,
};

/// SmolLM2's vocabulary.
const VOCABULARY: usize = 49_152;

pub(super) fn cases() -> Vec<Case> {
    [mean_pool(), argmax(), history(), penalize(), mask_logits(), chosen(), sample()].concat()
}

fn mean_pool() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, rows, columns, runs) in [
        ("one", 20, 384, [vec![0, 20], vec![0, 13]]),
        ("packed", 33, 384, [vec![0, 5, 6, 30, 33], vec![0, 1, 31, 32, 33]]),
        ("empty", 9, 37, [vec![0, 0, 4, 4, 9], vec![3, 3, 3, 3, 3]]),
        ("past the end", 9, 37, [vec![0, 5, 12, 40], vec![5, 2, 9, u32::MAX]]),
    ] {
        let mut build = Build::new(format!("mean_pool/{name}"));
        let input = build.input("input", [rows, columns]);
        let offsets = build.list("offsets", runs);
        let out = build.graph.mean_pool(input, offsets);
        cases.push(build.output(out));
    }
    cases
}

fn argmax() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, columns) in [(1, 1), (1, 7), (5, 1000), (2, VOCABULARY)] {
        let mut build = Build::new(format!("argmax/{rows}x{columns}"));
        let input = build.input("input", [rows, columns]);
        let out = build.graph.argmax(input);
        cases.push(build.output(out));
    }
    let mut build = Build::new("argmax/ties");
    // All equal; two equal far apart; the last; all negative with a tie at the end; zeros of both signs.
    let columns = VOCABULARY;
    let rows = |rng: &mut Rng| {
        let mut data: Vec<f32> = (0..5 * columns).map(|_| rng.normal()).collect();
        data[..columns].fill(1.5);
        data[columns + 777] = 9.0;
        data[columns + 49_000] = 9.0;
        data[3 * columns - 1] = 9.0;
        data[3 * columns..4 * columns].fill(-7.0);
        data[4 * columns - 2..4 * columns].fill(-3.0);
        data[4 * columns..].fill(-1.0);
        data[4 * columns + 300] = -0.0;
        data[4 * columns + 301] = 0.0;
        data
    };
    let runs = [rows(&mut build.rng), rows(&mut build.rng)];
    let input = build.real_input("input", [5, columns], runs);
    let out = build.graph.argmax(input);
    cases.push(build.output(out));
    cases
}

fn history() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, capacity, positions) in [
        ("one", 9, [vec![4], vec![8]]),
        ("padding", 9, [vec![2, 3, PADDING, PADDING], vec![7, 8, 9, PADDING]]),
        ("many", 200, [(100..200).collect(), (0..100).rev().collect()]),
    ] {
        let mut build = Build::new(format!("append/ids/{name}"));
        let ids = build.list("ids", positions.clone().map(|at| at.iter().map(|at| at.wrapping_mul(77)).collect()));
        let positions = build.list("positions", positions);
        let cache = build.history("cache", &vec![5; capacity]);
        let out = build.graph.append(cache, ids, positions);
        cases.push(build.output(out));
    }
    cases
}

fn penalize() -> Vec<Case> {
    let none = Penalties { repetition: 1.0, frequency: 0.0, presence: 0.0, window: 0, prompt: 0, length: 90 };
    let all = Penalties { repetition: 1.3, frequency: 0.4, presence: -0.7, window: 40, prompt: 60, ..none };
    let mut cases = Vec::new();
    for (name, rows, columns, penalties) in [
        ("nothing", 1, 50, none),
        ("repetition", 1, 50, Penalties { repetition: 1.3, window: 30, ..none }),
        ("repetition of all", 1, 50, Penalties { repetition: 0.7, window: u32::MAX, ..none }),
        ("frequency", 1, 50, Penalties { frequency: 0.5, ..none }),
        ("presence", 1, 50, Penalties { presence: 0.5, prompt: 80, ..none }),
        ("window before the answer", 1, 50, Penalties { window: 80, ..all }),
        ("window in the answer", 1, 50, Penalties { window: 10, ..all }),
        ("no answer yet", 1, 50, Penalties { prompt: 90, ..all }),
        ("no ids yet", 1, 50, Penalties { length: 0, prompt: 0, ..all }),
        ("longer than the history", 1, 50, Penalties { length: 5000, prompt: 100, ..all }),
        ("several rows", 3, 1000, all),
        ("wide", 1, VOCABULARY, all),
    ] {
        let mut build = Build::new(format!("penalize/{name}"));
        // Few different ids, so that most come again; some that no column has.
        let ids: Vec<u32> = (0..300).map(|_| build.rng.below(60) as u32).collect();
        let logits = build.scaled_input("logits", [rows, columns], 3.0);
        let history = build.history("history", &ids);
        let later = Penalties { length: penalties.length.saturating_add(17), ..penalties };
        let params = build.list("params", [penalties, later].map(|penalties| penalties.to_words().to_vec()));
        let out = build.graph.penalize(logits, history, params);
        cases.push(build.output(out));
    }
    cases
}

/// A mask in which one bit in `every` is set, on average.
fn mask(rng: &mut Rng, columns: usize, every: usize) -> Vec<u32> {
    let mut words = vec![0; columns.div_ceil(32)];
    (0..columns).filter(|_| rng.below(every) == 0).for_each(|column| words[column / 32] |= 1 << (column % 32));
    words
}

fn mask_logits() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, rows, columns) in
        [("one", 1, 1), ("word", 1, 32), ("more than a word", 1, 33), ("rows", 3, 1000), ("wide", 1, VOCABULARY)]
    {
        let mut build = Build::new(format!("mask_logits/{name}"));
        let masks = [2, 9].map(|every| mask(&mut build.rng, columns, every));
        cases.push(masked(build, [rows, columns], masks));
    }
    for (name, word) in [("none", 0), ("all", u32::MAX)] {
        let build = Build::new(format!("mask_logits/{name}"));
        cases.push(masked(build, [2, 70], [vec![word; 3], vec![!word; 3]]));
    }
    cases
}

/// What stays is compared beside zeros, and what does not beside numbers that vanish: in one result the lowest of all numbers would
/// hide all others.
fn masked(mut build: Build, [rows, columns]: [usize; 2], masks: [Vec<u32>; 2]) -> Case {
    let mut row = || (0..rows * columns).map(|_| build.rng.normal().abs() + 0.1).collect();
    let runs = [row(), row()];
    let logits = build.real_input("logits", [rows, columns], runs);
    let mask = build.list("mask", masks);
    let masked = build.graph.mask_logits(logits, mask);
    let excluded = build.graph.scale(masked, 1.0 / EXCLUDED);
    build.graph.output("excluded", excluded);
    let kept = build.graph.activate(masked, Activation::Relu);
    build.output(kept)
}

/// The likeliest, or a drawn one, of few that may come: all others weigh nothing, also where limits would let them in.
fn chosen() -> Vec<Case> {
    let plain = SampleParams { temperature: 1.0, top_k: 0, top_p: 1.0, min_p: 0.0, seed: 42, counter: 0 };
    let draws = [
        ("argmax", None),
        ("plain", Some(plain)),
        ("hot", Some(SampleParams { temperature: 100.0, ..plain })),
        ("cold", Some(SampleParams { temperature: 0.01, ..plain })),
        ("top-k", Some(SampleParams { top_k: 40, ..plain })),
        ("all", Some(SampleParams { temperature: 0.8, top_k: 40, top_p: 0.9, min_p: 0.05, ..plain })),
    ];
    let mut cases = Vec::new();
    for (name, params) in draws {
        for columns in [1000, VOCABULARY] {
            let mut build = Build::new(format!("mask_logits/then {name}/{columns}"));
            let mut run = || loop {
                let logits: Vec<f32> = (0..columns).map(|_| 4.0 * build.rng.normal()).collect();
                let words = mask(&mut build.rng, columns, columns / 5);
                let is_allowed = |column: usize| words[column / 32] >> (column % 32) & 1 == 1;
                let row: Vec<f64> =
                    (0..columns).map(|i| f64::from(if is_allowed(i) { logits[i] } else { EXCLUDED })).collect();
                let counter = build.rng.below(1000) as u32;
                let drawn = params.map(|params| reference::draw(&row, &SampleParams { counter, ..params }.to_words()));
                let is_some = words.iter().map(|word| word.count_ones()).sum::<u32>() > 1;
                if is_some && drawn.is_none_or(|drawn| drawn.margin > 2e-4 && is_allowed(drawn.token as usize)) {
                    return (logits, words, counter);
                }
            };
            let [(first, words, counter), (second, more, later)] = [run(), run()];
            let logits = build.real_input("logits", [1, columns], [first, second]);
            let words = build.list("mask", [words, more]);
            let masked = build.graph.mask_logits(logits, words);
            let out = match params {
                None => build.graph.argmax(masked),
                Some(params) => {
                    let draws = [counter, later].map(|counter| SampleParams { counter, ..params }.to_words().to_vec());
                    let params = build.list("params", draws);
                    build.graph.sample(masked, params)
                }
            };
            cases.push(build.output(out));
        }
    }
    cases
}

fn sample() -> Vec<Case> {
    let plain = SampleParams { temperature: 1.0, top_k: 0, top_p: 1.0, min_p: 0.0, seed: 42, counter: 0 };
    let all = SampleParams { temperature: 0.8, top_k: 40, top_p: 0.9, min_p: 0.05, ..plain };
    let mut cases = Vec::new();
    for (name, columns, params) in [
        ("plain", 7, plain),
        ("plain", 1000, plain),
        ("plain", VOCABULARY, plain),
        ("one", 1, all),
        ("hot", 1000, SampleParams { temperature: 1.7, ..plain }),
        ("cold", VOCABULARY, SampleParams { temperature: 0.05, ..plain }),
        ("top-k", VOCABULARY, SampleParams { top_k: 40, ..plain }),
        ("top-3", 1000, SampleParams { top_k: 3, ..plain }),
        ("top-p", 1000, SampleParams { top_p: 0.7, ..plain }),
        ("min-p", 1000, SampleParams { min_p: 0.2, ..plain }),
        ("top-k of few", 7, SampleParams { top_k: 40, ..plain }),
        ("top-1", VOCABULARY, SampleParams { top_k: 1, ..plain }),
        ("top-p", VOCABULARY, SampleParams { top_p: 0.9, ..plain }),
        ("top-p of none", 1000, SampleParams { top_p: 0.0, ..plain }),
        ("min-p", VOCABULARY, SampleParams { min_p: 0.05, ..plain }),
        ("min-p of one", 1000, SampleParams { min_p: 1.0, ..plain }),
        ("all", 1000, all),
        ("all", VOCABULARY, all),
        // More near the largest than a workgroup keeps, and fewer than it looks for.
        ("crowded", 1200, SampleParams { top_k: 3, ..plain }),
        ("lonely", 1200, all),
    ] {
        // In a wide row only few tokens may matter, or every decision is a close one.
        let spread = match name {
            "crowded" => 0.02,
            "lonely" => 400.0,
            _ if columns > 1000 => 8.0,
            _ => 4.0,
        };
        for seed in 1..=3 {
            let mut build = Build::new(format!("sample/{name}/{columns}/{seed}"));
            let drawn = [(); 2].map(|()| clear_draw(&mut build.rng, columns, spread, SampleParams { seed, ..params }));
            let [(first, words), (second, more)] = drawn;
            let logits = build.real_input("logits", [1, columns], [first, second]);
            let params = build.list("params", [words, more]);
            let out = build.graph.sample(logits, params);
            cases.push(build.output(out));
        }
    }
    cases
}

/// Logits, and parameters whose draw is decided by more than rounding: the counter is raised until it is, and the logits
/// are drawn anew where no counter can help. In a narrow row the draw also changes if a limit does.
fn clear_draw(rng: &mut Rng, columns: usize, spread: f32, mut params: SampleParams) -> (Vec<f32>, Vec<u32>) {
    loop {
        let logits: Vec<f32> = (0..columns).map(|_| spread * rng.normal()).collect();
        let row: Vec<f64> = logits.iter().map(|&x| f64::from(x)).collect();
        for _ in 0..8 {
            params.counter += 1;
            let words = params.to_words().to_vec();
            let drawn = reference::draw(&row, &words);
            let other = |params: SampleParams| reference::draw(&row, &params.to_words()).token != drawn.token;
            let telling = columns != 1000 || neighbours(params).is_none_or(|near| near.into_iter().any(other));
            if drawn.margin > 2e-4 && telling {
                return (logits, words);
            }
        }
    }
}

/// Parameters with a little more and a little less of the only limit, if there is one that limits.
fn neighbours(params: SampleParams) -> Option<[SampleParams; 2]> {
    let SampleParams { top_k, top_p, min_p, .. } = params;
    match (top_k, top_p, min_p) {
        (2.., 1.0, 0.0) => Some([top_k - 1, top_k + 1].map(|top_k| SampleParams { top_k, ..params })),
        (0, 0.1..1.0, 0.0) => Some([0.8, 1.2].map(|factor| SampleParams { top_p: top_p * factor, ..params })),
        (0, 1.0, 0.01..1.0) => Some([0.5, 2.0].map(|factor| SampleParams { min_p: min_p * factor, ..params })),
        _ => None,
    }
}
