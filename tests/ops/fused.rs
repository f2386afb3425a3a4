//! Cases of what the GPU backend fuses: blocks of every family, for one token and for several, and the edges of attention with
//! rope and append in one kernel.

use graph::{Activation, DType, Mask, Op, PADDING, RopePairs, Value};

use crate::ops::{Build, Case, ROUNDED};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // Of six tokens one key lies in the middle between two halves, and becomes one or the other as sums are ordered.
    for tokens in [1, 5] {
        for style in [&LLAMA, &QWEN2, &QWEN3, &GEMMA] {
            cases.push(decoder(style, tokens));
        }
    }
    // The other tiles of tokens: of four that share rows, and more than one of many.
    for (style, tokens) in [(&GEMMA, 3), (&GEMMA, 35), (&QWEN2, 9), (&QWEN3, 33)] {
        cases.push(decoder(style, tokens));
    }
    for tokens in [1, 7, 14, 35] {
        cases.push(encoder(tokens));
    }
    // Norms of which a workgroup keeps both tokens, two of four, and not even four of eight.
    for (tokens, columns) in [(2, 96), (4, 1024), (8, 2048)] {
        let mut build = Build::new(format!("fused/norm/{tokens}x{columns}"));
        let x = build.input("x", [tokens, columns]);
        let normed = norm(&mut build, "norm", columns, x);
        let y = linear(&mut build, "w", DType::Q8_0, 70, normed, true);
        cases.push(build.cpu_threshold(ROUNDED).output(y));
    }
    cases.push(layer_norm_in_blocks());
    cases.extend(edges());
    cases.extend(outputs());
    cases
}

/// An encoder's norm in front of many tokens by a weight in blocks.
fn layer_norm_in_blocks() -> Case {
    let mut build = Build::new("fused/layer norm/33x256");
    let x = build.input("x", [33, 256]);
    let [weight, bias] = ["weight", "bias"].map(|name| build.gain(name, 256));
    let normed = build.graph.layer_norm(x, weight, bias, 1e-12);
    let y = linear(&mut build, "w", DType::Q4K, 70, normed, true);
    build.cpu_threshold(ROUNDED).output(y)
}

/// What sets a family apart.
struct Style {
    name: &'static str,
    pairs: RopePairs,
    factors: bool,
    biases: bool,
    head_norms: bool,
    /// Norms of what each half of a block adds.
    post_norms: bool,
    window: Option<u32>,
    function: Activation,
    /// Of query, key, value, output, gate, up, down.
    dtypes: [DType; 7],
}

const LLAMA: Style = Style {
    name: "llama",
    pairs: RopePairs::Adjacent,
    factors: true,
    biases: false,
    head_norms: false,
    post_norms: false,
    window: None,
    function: Activation::Silu,
    dtypes: [DType::Q4_1; 7],
};
const QWEN2: Style =
    Style { name: "qwen2", pairs: RopePairs::Halves, factors: false, biases: true, dtypes: [DType::F32; 7], ..LLAMA };
const QWEN3: Style = Style {
    name: "qwen3",
    biases: false,
    head_norms: true,
    dtypes: [DType::Q4_0, DType::Q8_0, DType::BF16, DType::Q8_0, DType::Q4_0, DType::Q8_0, DType::Q8_0],
    ..QWEN2
};
const GEMMA: Style = Style {
    name: "gemma",
    post_norms: true,
    window: Some(3),
    function: Activation::GeluTanh,
    dtypes: [DType::Q5_0, DType::Q5_0, DType::Q8_0, DType::Q8_0, DType::Q5_0, DType::Q5_0, DType::Q8_0],
    ..QWEN3
};

const HIDDEN: usize = 96;
const HEADS: [usize; 2] = [4, 2];
const HEAD_DIM: usize = 32;

fn linear(build: &mut Build, name: &str, dtype: DType, rows: usize, x: Value, bias: bool) -> Value {
    let columns = build.graph.ty(x).shape.columns();
    let weight = build.weight(name, dtype, [rows, columns]);
    let bias = bias.then(|| build.weight(&format!("{name} bias"), DType::F32, [rows]));
    build.graph.linear(x, weight, bias)
}

fn norm(build: &mut Build, name: &str, run: usize, x: Value) -> Value {
    let weight = build.gain(name, run);
    build.graph.rms_norm(x, weight, 1e-6, 0.5)
}

/// Two blocks, a final norm and a head.
fn decoder(style: &Style, tokens: usize) -> Case {
    // A row that is off by 1e-7 may become the next half, which is up to 1e-3 away: a few of a thousand elements do.
    // Rounding activations takes more rows there.
    let mut build = Build::new(format!("fused/{}/{tokens}", style.name)).threshold(1e-8).cpu_threshold(2e-7);
    let run = |first: u32| (first..first + tokens as u32).collect::<Vec<u32>>();
    let positions = build.list("positions", [run(0), run(tokens as u32)]);
    let ids = [3, 4].map(|first| (first..first + tokens as u32).collect::<Vec<u32>>());
    let ids = build.list("ids", ids);
    let table = build.weight("table", DType::Q5_0, [20, HIDDEN]);
    let rows = build.graph.gather(table, ids);
    let mut x = build.graph.scale(rows, 1.7);
    for layer in 0..2 {
        x = block(&mut build, style, layer, x, positions);
    }
    let x = norm(&mut build, "norm", HIDDEN, x);
    let logits = linear(&mut build, "head", DType::Q8_0, 300, x, false);
    build.output(logits)
}

fn block(build: &mut Build, style: &Style, layer: usize, x: Value, positions: Value) -> Value {
    let name = |what: &str| format!("{layer}.{what}");
    let [q, k, v, o, gate, up, down] = style.dtypes;
    let normed = norm(build, &name("norm"), HIDDEN, x);
    // The order of the models: key, value, query.
    let [heads, kv_heads] = HEADS;
    let capacity = 16.max(2 * build.graph.ty(x).shape.rows());
    let key = linear(build, &name("k"), k, kv_heads * HEAD_DIM, normed, style.biases);
    let key = turned(build, style, &name("k norm"), key, positions);
    let value = linear(build, &name("v"), v, kv_heads * HEAD_DIM, normed, style.biases);
    let keys = build.cache(&name("keys"), [capacity, kv_heads * HEAD_DIM]);
    let keys = build.graph.append(keys, key, positions);
    let values = build.cache(&name("values"), [capacity, kv_heads * HEAD_DIM]);
    let values = build.graph.append(values, value, positions);
    let query = linear(build, &name("q"), q, heads * HEAD_DIM, normed, style.biases);
    let query = turned(build, style, &name("q norm"), query, positions);
    let mask = Mask::Causal { positions, window: style.window };
    let mixed = build.graph.attention([query, keys, values], mask, HEADS, 0.18);
    let mixed = linear(build, &name("o"), o, HIDDEN, mixed, false);
    let x = added(build, style, &name("after attention"), x, mixed);
    let normed = norm(build, &name("mlp norm"), HIDDEN, x);
    let gate = linear(build, &name("gate"), gate, 160, normed, false);
    let up = linear(build, &name("up"), up, 160, normed, false);
    let gate = build.graph.activate(gate, style.function);
    let inner = build.graph.mul(gate, up);
    let inner = linear(build, &name("down"), down, HIDDEN, inner, false);
    added(build, style, &name("after mlp"), x, inner)
}

fn turned(build: &mut Build, style: &Style, name: &str, heads: Value, positions: Value) -> Value {
    let input = if style.head_norms { norm(build, name, HEAD_DIM, heads) } else { heads };
    let factors = style.factors.then(|| {
        let factors = (0..HEAD_DIM / 2).map(|i| 1.0 + i as f32 / 4.0).collect();
        build.graph.constant("factors", factors)
    });
    let (base, position_scale, pairs) = (1e4, 1.0, style.pairs);
    build.graph.record(Op::Rope { input, positions, factors, head_dim: HEAD_DIM, base, position_scale, pairs })
}

fn added(build: &mut Build, style: &Style, name: &str, x: Value, y: Value) -> Value {
    let y = if style.post_norms { norm(build, name, HIDDEN, y) } else { y };
    build.graph.add(x, y)
}

/// Two blocks of a BERT behind the norm of its embeddings.
fn encoder(tokens: usize) -> Case {
    let mut build = Build::new(format!("fused/encoder/{tokens}")).threshold(1e-9);
    let layer_norm = |build: &mut Build, name: &str, x| {
        let (weight, bias) = (build.gain(name, HIDDEN), build.gain(&format!("{name} bias"), HIDDEN));
        build.graph.layer_norm(x, weight, bias, 1e-12)
    };
    let x = build.input("x", [tokens, HIDDEN]);
    let whole = |first: u32, end: u32| (first..end).flat_map(move |_| [first, end]);
    let two = |cut: u32| whole(0, cut).chain(whole(cut, tokens as u32)).collect::<Vec<u32>>();
    let spans = build.index("spans", [tokens, 2], [two(tokens as u32 / 2), two(1)]);
    let mut x = layer_norm(&mut build, "norm", x);
    for layer in 0..2 {
        let name = |what: &str| format!("{layer}.{what}");
        let qkv = ["q", "k", "v"].map(|what| linear(&mut build, &name(what), DType::F32, HIDDEN, x, true));
        let mixed = build.graph.attention(qkv, Mask::Spans { spans }, [3, 3], 0.18);
        let mixed = linear(&mut build, &name("o"), DType::F32, HIDDEN, mixed, true);
        let sum = build.graph.add(x, mixed);
        x = layer_norm(&mut build, &name("attention norm"), sum);
        let inner = linear(&mut build, &name("up"), DType::F32, 160, x, true);
        let inner = build.graph.activate(inner, Activation::Gelu);
        let inner = linear(&mut build, &name("down"), DType::F32, HIDDEN, inner, true);
        let sum = build.graph.add(x, inner);
        x = layer_norm(&mut build, &name("mlp norm"), sum);
    }
    build.output(x)
}

/// One token and several at the edges of their caches.
fn edges() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, [heads, kv_heads], head_dim, capacity, window, runs) in [
        ("first", [9, 3], 64, 32, None, [vec![0], vec![1]]),
        ("tiles", [9, 3], 64, 160, None, [vec![130], vec![131]]),
        ("a tile", [2, 1], 64, 80, None, [vec![64], vec![65]]),
        ("full", [9, 3], 64, 64, None, [vec![62], vec![63]]),
        ("past the end", [4, 2], 32, 8, None, [vec![7], vec![8]]),
        ("window past the end", [4, 2], 32, 8, Some(4), [vec![9], vec![30]]),
        ("padding", [4, 2], 32, 8, None, [vec![PADDING], vec![3]]),
        ("window", [4, 1], 256, 96, Some(16), [vec![70], vec![7]]),
        ("window 1", [2, 2], 32, 16, Some(1), [vec![5], vec![6]]),
        ("head 80", [4, 4], 80, 40, None, [vec![20], vec![21]]),
        ("head 96", [6, 2], 96, 70, Some(33), [vec![64], vec![65]]),
        ("several padded", [9, 3], 64, 32, None, [vec![0, 1, 2, PADDING], vec![3, PADDING, PADDING, PADDING]]),
        ("several past the end", [4, 1], 256, 8, Some(6), [vec![6, 7, 8], vec![PADDING, 9, 3]]),
        ("several scattered", [4, 2], 32, 40, None, [vec![9, 3, PADDING, 0, 31], vec![1, 30, 2, PADDING, 5]]),
        // Tiles of 256 keys.
        ("the first key of a tile", [2, 1], 64, 300, None, [vec![256], vec![257]]),
        ("three tiles", [4, 1], 256, 600, None, [vec![511], vec![530]]),
        ("a window of tiles", [3, 3], 20, 700, Some(258), [vec![400], vec![256]]),
        ("head 4", [3, 3], 4, 300, None, [vec![270], vec![3]]),
        ("shares, of which one has keys", [4, 2], 32, 300, None, [vec![100], vec![0]]),
        ("shares, all but one whole", [9, 3], 64, 700, None, [vec![520], vec![650]]),
        ("shares past the end", [4, 1], 64, 300, None, [vec![299], vec![310]]),
        ("shares of a window", [4, 1], 256, 600, Some(300), [vec![590], vec![299]]),
        ("shares of padding", [3, 3], 32, 256, None, [vec![PADDING], vec![255]]),
        // Heads that share a workgroup, where there are many.
        ("two heads", [16, 4], 64, 40, None, [vec![20], vec![0]]),
        ("three heads", [24, 4], 12, 300, Some(270), [vec![290], vec![299]]),
        ("four heads", [32, 4], 32, 300, None, [vec![280], vec![5]]),
        ("four heads past the end", [32, 8], 16, 8, None, [vec![7], vec![8]]),
        ("four heads padding", [32, 8], 16, 8, None, [vec![PADDING], vec![3]]),
    ] {
        let mut build = Build::new(format!("fused/attention/{name}")).threshold(1e-9);
        let x = build.input("x", [runs[0].len(), 64]);
        let positions = build.list("positions", runs);
        let has_norms = name.contains("heads");
        let rope = |build: &mut Build, what: &str, x| {
            let x = if has_norms { norm(build, what, head_dim, x) } else { x };
            build.graph.rope(x, positions, head_dim, 1e4, RopePairs::Halves)
        };
        let [q, k, v] = [("q", heads), ("k", kv_heads), ("v", kv_heads)]
            .map(|(name, heads)| linear(&mut build, name, DType::Q8_0, heads * head_dim, x, false));
        let (q, k) = (rope(&mut build, "q norm", q), rope(&mut build, "k norm", k));
        let keys = build.cache("keys", [capacity, kv_heads * head_dim]);
        let values = build.cache("values", [capacity, kv_heads * head_dim]);
        let keys = build.graph.append(keys, k, positions);
        let values = build.graph.append(values, v, positions);
        let mask = Mask::Causal { positions, window };
        let scale = 0.3 / (head_dim as f32).sqrt();
        let mixed = build.graph.attention([q, keys, values], mask, [heads, kv_heads], scale);
        // Shares of the keys, which the layer behind attention merges.
        let mixed =
            if name.contains("shares") { linear(&mut build, "o", DType::Q4_0, 70, mixed, false) } else { mixed };
        cases.push(build.output(mixed));
    }
    cases
}

/// Patterns that look alike and may not be fused, or only in part.
fn outputs() -> Vec<Case> {
    let case = |name: &str, record: fn(&mut Build, Value) -> Value| {
        let mut build = Build::new(format!("fused/not/{name}")).threshold(1e-9);
        let x = build.input("x", [2, 64]);
        let out = record(&mut build, x);
        build.output(out)
    };
    vec![
        case("a norm that leaves the graph", |build, x| {
            let normed = norm(build, "norm", 64, x);
            build.graph.output("normed", normed);
            linear(build, "w", DType::Q8_0, 70, normed, true)
        }),
        case("a norm of many readers", |build, x| {
            let normed = norm(build, "norm", 64, x);
            let y = linear(build, "w", DType::Q8_0, 64, normed, false);
            build.graph.add(normed, y)
        }),
        case("a norm of runs", |build, x| {
            let normed = norm(build, "norm", 16, x);
            linear(build, "w", DType::Q8_0, 70, normed, false)
        }),
        case("a sum that is read before", |build, x| {
            let y = linear(build, "v", DType::Q8_0, 64, x, false);
            let y = norm(build, "post", 64, y);
            let sum = build.graph.add(x, y);
            let early = build.graph.scale(sum, 0.5);
            let normed = norm(build, "norm", 64, sum);
            let y = linear(build, "w", DType::Q8_0, 64, normed, false);
            build.graph.add(early, y)
        }),
        case("a layer that is read twice", |build, x| {
            let y = linear(build, "w", DType::Q8_0, 64, x, false);
            let twice = build.graph.add(y, x);
            build.graph.mul(twice, y)
        }),
        case("a gate that leaves the graph", |build, x| {
            let gate = linear(build, "gate", DType::Q8_0, 64, x, false);
            let active = build.graph.activate(gate, Activation::Silu);
            build.graph.output("active", active);
            let up = linear(build, "up", DType::Q8_0, 64, x, false);
            build.graph.mul(active, up)
        }),
        case("gates of two inputs", |build, x| {
            let gate = linear(build, "gate", DType::Q8_0, 64, x, true);
            let active = build.graph.activate(gate, Activation::Relu);
            let other = build.graph.scale(x, 0.5);
            let up = linear(build, "up", DType::Q8_0, 64, other, true);
            build.graph.mul(up, active)
        }),
        case("a soft cap", |build, x| {
            let y = linear(build, "w", DType::Q4_0, 70, x, true);
            let small = build.graph.scale(y, 1.0 / 3.0);
            let bounded = build.graph.activate(small, Activation::Tanh);
            build.graph.scale(bounded, 3.0)
        }),
        case("a factor that is read twice", |build, x| {
            let y = linear(build, "w", DType::Q4_0, 64, x, false);
            let small = build.graph.scale(y, 0.1);
            let bounded = build.graph.activate(small, Activation::Silu);
            build.graph.add(small, bounded)
        }),
        case("plain rows scaled", |build, x| {
            let ids = build.list("ids", [vec![1, 0], vec![2, 9]]);
            let table = build.weight("table", DType::F16, [5, 37]);
            let rows = build.graph.gather(table, ids);
            let scaled = build.graph.scale(rows, -3.0);
            build.graph.output("scaled", scaled);
            x
        }),
        case("one row added to all", |build, x| {
            let row = build.input("row", [1, 70]);
            let y = linear(build, "w", DType::Q4_0, 70, x, true);
            build.graph.add(y, row)
        }),
        case("a bias that is an input", |build, x| {
            let bias = build.input("bias", [1, 70]);
            let weight = build.weight("w", DType::Q4_0, [70, 64]);
            build.graph.linear(x, weight, Some(bias))
        }),
        case("itself added", |build, x| {
            let y = linear(build, "w", DType::Q4_0, 64, x, false);
            build.graph.add(y, y)
        }),
        case("two layers added", |build, x| {
            let left = linear(build, "left", DType::Q4_0, 64, x, false);
            let right = linear(build, "right", DType::Q8_0, 64, x, true);
            build.graph.add(left, right)
        }),
    ]
}
