//! Small graphs of many ops: buffers that live long and short, results used twice, states shared by layers.

use graph::{Activation, DType, Mask, RopePairs, SampleParams, Value};

use crate::ops::{Build, Case};

pub(super) fn cases() -> Vec<Case> {
    vec![decoder(1), decoder(6), encoder(), outputs(), feedback()]
}

/// Two layers of a Llama with norms, caches and a tied head.
fn decoder(tokens: usize) -> Case {
    let (hidden, vocabulary, heads, kv_heads, head_dim) = (64, 300, 4, 2, 16);
    // Rows that differ by a rounding step of their activations become halves that differ by one of theirs.
    let mut build = Build::new(format!("graph/decoder/{tokens}")).threshold(1e-9).cpu_threshold(2e-7);
    let first = |run: u32| (0..tokens as u32).map(|t| run * tokens as u32 + t).collect::<Vec<u32>>();
    let ids = [first(1), first(7)].map(|ids| ids.iter().map(|i| i * 37 % 300).collect::<Vec<u32>>());
    let ids = build.list("ids", ids);
    let positions = build.list("positions", [first(0), first(1)]);
    let table = build.weight("table", DType::Q8_0, [vocabulary, hidden]);
    let mut x = build.graph.gather(table, ids);
    for layer in 0..2 {
        let name = |what: &str| format!("{layer}.{what}");
        let norm = build.gain(&name("norm"), hidden);
        let normed = build.graph.rms_norm(x, norm, 1e-5, 0.0);
        let q = small(&mut build, &name("q"), DType::Q4_0, [heads * head_dim, hidden], normed);
        let k = small(&mut build, &name("k"), DType::Q4_1, [kv_heads * head_dim, hidden], normed);
        let v = small(&mut build, &name("v"), DType::F16, [kv_heads * head_dim, hidden], normed);
        let q = build.graph.rope(q, positions, head_dim, 1e4, RopePairs::Adjacent);
        let k = build.graph.rope(k, positions, head_dim, 1e4, RopePairs::Adjacent);
        let keys = build.cache(&name("keys"), [16, kv_heads * head_dim]);
        let values = build.cache(&name("values"), [16, kv_heads * head_dim]);
        let keys = build.graph.append(keys, k, positions);
        let values = build.graph.append(values, v, positions);
        let mask = Mask::Causal { positions, window: None };
        let attended = build.graph.attention([q, keys, values], mask, [heads, kv_heads], 0.25);
        let o = small(&mut build, &name("o"), DType::Q5_0, [hidden, heads * head_dim], attended);
        x = build.graph.add(x, o);
        let norm = build.gain(&name("mlp norm"), hidden);
        let normed = build.graph.rms_norm(x, norm, 1e-5, 0.0);
        let gate = small(&mut build, &name("gate"), DType::Q5_1, [160, hidden], normed);
        let up = small(&mut build, &name("up"), DType::BF16, [160, hidden], normed);
        let gate = build.graph.activate(gate, Activation::Silu);
        let both = build.graph.mul(gate, up);
        let down = small(&mut build, &name("down"), DType::Q8_0, [hidden, 160], both);
        x = build.graph.add(x, down);
    }
    let norm = build.gain("norm", hidden);
    let normed = build.graph.rms_norm(x, norm, 1e-5, 0.0);
    let logits = build.graph.linear(normed, table, None);
    build.graph.output("hidden", normed);
    build.output(logits)
}

fn small(build: &mut Build, name: &str, dtype: DType, shape: [usize; 2], x: Value) -> Value {
    let w = build.weight(name, dtype, shape);
    let y = build.graph.linear(x, w, None);
    // Keeps activations of order one through random weights.
    build.graph.scale(y, 0.3)
}

/// One layer of a BERT over a packed batch, pooled and normalized.
fn encoder() -> Case {
    let (hidden, heads) = (96, 3);
    let mut build = Build::new("graph/encoder").threshold(1e-9).cpu_threshold(1e-7);
    let mut x = build.input("x", [14, hidden]);
    let spans = |lengths: [u32; 2]| -> Vec<u32> {
        let whole = |t: u32| if t < lengths[0] { [0, lengths[0]] } else { [lengths[0], lengths[0] + lengths[1]] };
        (0..14).flat_map(whole).collect()
    };
    let spans = build.index("spans", [14, 2], [spans([5, 9]), spans([13, 1])]);
    let offsets = build.list("offsets", [vec![0, 5, 14], vec![0, 13, 14]]);
    let bias = build.weight("bias", DType::F32, [hidden]);
    let project = |build: &mut Build, name: &str, x| {
        let w = build.weight(name, DType::F32, [hidden, hidden]);
        let y = build.graph.linear(x, w, Some(bias));
        build.graph.scale(y, 0.3)
    };
    let (q, k, v) = (project(&mut build, "q", x), project(&mut build, "k", x), project(&mut build, "v", x));
    let attended = build.graph.attention([q, k, v], Mask::Spans { spans }, [heads, heads], 0.18);
    let o = project(&mut build, "o", attended);
    x = build.graph.add(x, o);
    let (weight, shift) = (build.gain("weight", hidden), build.gain("shift", hidden));
    x = build.graph.layer_norm(x, weight, shift, 1e-12);
    let up = project(&mut build, "up", x);
    let up = build.graph.activate(up, Activation::Gelu);
    let pooled = build.graph.mean_pool(up, offsets);
    let unit = build.graph.normalize(pooled);
    build.output(unit)
}

/// One value under two names and also used further; an input and a state that are outputs.
fn outputs() -> Case {
    let mut build = Build::new("graph/outputs");
    let x = build.input("x", [3, 40]);
    let cache = build.cache("cache", [8, 40]);
    let positions = build.list("positions", [vec![0, 1, 2], vec![5, 6, 7]]);
    let cache = build.graph.append(cache, x, positions);
    let twice = build.graph.scale(x, 2.0);
    let more = build.graph.add(twice, x);
    build.graph.output("twice", twice);
    build.graph.output("again", twice);
    build.graph.output("x copied", x);
    build.graph.output("cache copied", cache);
    build.output(more)
}

/// A token drawn and looked up in the same step.
fn feedback() -> Case {
    let mut build = Build::new("graph/feedback");
    let runs = [(); 2].map(|()| build.normal(2 * 50, 3.0));
    let logits = build.real_input("logits", [2, 50], runs);
    let table = build.weight("table", DType::Q4_0, [50, 64]);
    let best = build.graph.argmax(logits);
    let row = build.graph.gather(table, best);
    let params = SampleParams { temperature: 1.0, top_k: 1, top_p: 1.0, min_p: 0.0, seed: 1, counter: 1 };
    let params = build.list("params", [params.to_words().to_vec(), params.to_words().to_vec()]);
    let drawn = build.graph.sample(logits, params);
    let same = build.graph.gather(table, drawn);
    build.graph.output("token", best);
    build.graph.output("same", same);
    build.output(row)
}
