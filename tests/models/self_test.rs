//! A device that computes wrong results is refused before a model is loaded.

use std::borrow::Cow;

use cpu::CpuBackend;
use engine::{Engine, EngineError};
use gpu::{GpuBackend, Tier};
use graph::{Activation, Backend, BufferId, DType, Graph, Node, Op, RopePairs, TensorType};
use weights::File;

use super::hooked::{Hooked, Hooks};
use super::support::{all, load, model, open_tier};
use super::tiny::Layout;
use super::tiny_decoders::{self, Variant};
use super::tiny_encoders::{self, Naming};

/// Another op in place of some.
type Twist = fn(&Op) -> Option<Op>;

/// One kernel does something else than its op says.
struct Crooked {
    twist: Twist,
    /// Blocks of quantized weights are read with their nibbles exchanged.
    nibbles: bool,
    quantized: Vec<BufferId>,
}

impl Hooks for Crooked {
    fn allocated(&mut self, id: BufferId, ty: &TensorType) {
        if !matches!(ty.dtype, DType::F32 | DType::U32) {
            self.quantized.push(id);
        }
    }

    fn bytes<'a>(&self, dst: BufferId, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.nibbles || !self.quantized.contains(&dst) {
            return bytes.into();
        }
        // Blocks of Q4_1: two halves, then sixteen bytes of nibbles.
        let swap = |(at, byte): (usize, &u8)| if at % 20 < 4 { *byte } else { byte.rotate_left(4) };
        bytes.iter().enumerate().map(swap).collect()
    }

    fn graph(&self, graph: &Graph) -> Graph {
        let mut twisted = Graph::new();
        for (node, ty) in graph.nodes() {
            match node {
                Node::Leaf(leaf) => twisted.leaf(leaf.kind.clone(), &leaf.name, ty.dtype, ty.shape.clone()),
                Node::Op(op) => twisted.record((self.twist)(op).unwrap_or_else(|| op.clone())),
            };
        }
        for output in graph.outputs() {
            twisted.output(&output.name, output.value);
        }
        twisted.finish().unwrap()
    }
}

fn crooked(twist: Twist, nibbles: bool) -> Hooked<Crooked> {
    Hooked::new(Crooked { twist, nibbles, quantized: Vec::new() })
}

fn tried(backend: impl Backend + 'static, files: Vec<File>) -> Result<Engine, EngineError> {
    let reference = Some(Box::new(CpuBackend::new()) as Box<dyn Backend>);
    load(engine::Device { backend: Box::new(backend), reference }, files, Some(64))
}

fn decoder(variant: Variant) -> Vec<File> {
    tiny_decoders::build(variant).0.files(Layout::Gguf)
}

fn encoder() -> Vec<File> {
    tiny_encoders::build(Naming::Bert, None, Vec::new()).0.files(Layout::Safetensors)
}

fn straight(_: &Op) -> Option<Op> {
    None
}

#[test]
fn a_device_that_agrees_is_taken() {
    for variant in Variant::ALL {
        let engine = tried(crooked(straight, false), decoder(variant)).unwrap();
        assert_eq!(engine.info().details["selfTest"], "passed, error 0.0e0", "{variant:?}");
    }
    tried(crooked(straight, false), encoder()).unwrap();
}

fn agrees(name: &str, tier: Tier, files: Vec<File>) {
    let Some(backend) = open_tier(tier) else { return };
    let engine = tried(backend, files).unwrap();
    let info = engine.info();
    println!("{name}, {}, {}: {}", tier.name(), info.family, info.details["selfTest"]);
    assert_eq!(info.details["tier"], tier.name(), "{name}: {}", info.details["tierReason"]);
}

#[test]
fn the_gpu_agrees_on_every_tier() {
    for tier in Tier::ALL {
        for variant in Variant::ALL {
            agrees("tiny", tier, decoder(variant));
        }
        agrees("tiny", tier, encoder());
    }
    for id in ["smollm2-135m-instruct", "gemma-3-270m", "all-minilm-l6-v2"] {
        let Some(files) = model(id) else { continue };
        agrees(id, Tier::Fused, files);
    }
}

/// Each kind of kernel gone wrong, in the ways that kernels go wrong.
#[test]
fn every_wrong_kernel_is_caught() {
    let decoders: [(&str, Twist); 9] = [
        ("norm forgets epsilon's size", |op| match *op {
            Op::RmsNorm { input, weight, offset, .. } => Some(Op::RmsNorm { input, weight, epsilon: 0.5, offset }),
            _ => None,
        }),
        ("rope takes other pairs", |op| match *op {
            Op::Rope { input, positions, factors, head_dim, base, position_scale, pairs } => {
                let pairs = match pairs {
                    RopePairs::Halves => RopePairs::Adjacent,
                    RopePairs::Adjacent => RopePairs::Halves,
                };
                Some(Op::Rope { input, positions, factors, head_dim, base, position_scale, pairs })
            }
            _ => None,
        }),
        ("rope turns by another base", |op| match *op {
            Op::Rope { input, positions, factors, head_dim, position_scale, pairs, .. } => {
                Some(Op::Rope { input, positions, factors, head_dim, base: 100.0, position_scale, pairs })
            }
            _ => None,
        }),
        ("attention scales wrongly", |op| match *op {
            Op::Attention { query, key, value, mask, heads, kv_heads, .. } => {
                Some(Op::Attention { query, key, value, mask, heads, kv_heads, scale: 0.0 })
            }
            _ => None,
        }),
        ("another activation", |op| match *op {
            Op::Activate { input, .. } => Some(Op::Activate { input, function: Activation::Relu }),
            _ => None,
        }),
        ("a product is a sum", |op| match *op {
            Op::Mul { left, right } => Some(Op::Add { left, right }),
            _ => None,
        }),
        ("penalties are forgotten", |op| match *op {
            Op::Penalize { logits, .. } => Some(Op::Scale { input: logits, factor: 1.0 }),
            _ => None,
        }),
        ("a mask is forgotten", |op| match *op {
            Op::MaskLogits { logits, .. } => Some(Op::Scale { input: logits, factor: 1.0 }),
            _ => None,
        }),
        ("a sum is a product", |op| match *op {
            Op::Add { left, right } => Some(Op::Mul { left, right }),
            _ => None,
        }),
    ];
    for (what, twist) in decoders {
        let error = tried(crooked(twist, false), decoder(Variant::Llama)).map(drop).unwrap_err();
        assert_eq!(error.code(), "WRONG_RESULTS", "{what}: {error}");
    }
    let encoders: [(&str, Twist); 3] = [
        ("layer norm forgets epsilon's size", |op| match *op {
            Op::LayerNorm { input, weight, bias, .. } => Some(Op::LayerNorm { input, weight, bias, epsilon: 2.0 }),
            _ => None,
        }),
        ("another activation", |op| match *op {
            Op::Activate { input, .. } => Some(Op::Activate { input, function: Activation::Tanh }),
            _ => None,
        }),
        ("attention scales wrongly", |op| match *op {
            Op::Attention { query, key, value, mask, heads, kv_heads, .. } => {
                Some(Op::Attention { query, key, value, mask, heads, kv_heads, scale: 0.0 })
            }
            _ => None,
        }),
    ];
    for (what, twist) in encoders {
        let error = tried(crooked(twist, false), encoder()).map(drop).unwrap_err();
        assert_eq!(error.code(), "WRONG_RESULTS", "{what}: {error}");
    }
}

#[test]
fn weights_read_wrongly_are_caught() {
    let Some(files) = model("smollm2-135m-instruct") else { return };
    let error = tried(crooked(straight, true), files).map(drop).unwrap_err();
    assert_eq!(error.code(), "WRONG_RESULTS", "{error}");
}

/// A GPU whose shaders of some labels have another text instead of one.
fn edited(tier: Tier, label: &'static str, from: &'static str, to: &'static str) -> Option<GpuBackend> {
    let mut backend = open_tier(tier)?;
    backend.edit_shaders(move |own, source| if own.contains(label) { source.replace(from, to) } else { source });
    Some(backend)
}

/// What every token costs in nats.
fn scores(mut engine: Engine) -> Vec<f32> {
    pollster::block_on(engine.score(&[5, 6, 7, 8, 9, 10, 11], &mut all)).unwrap()
}

#[test]
fn a_wrong_kernel_is_replaced() {
    use Tier::{Fused, Plain, Quads, Subgroups};
    for (what, from, to, label, right, wrong) in [
        ("a norm forgets epsilon", Fused, Plain, "linear_rms_norm", "mean + norm.epsilon", "mean + 1.0"),
        ("lanes are added twice", Fused, Plain, "linear", "sum += lane_sums", "sum += 2.0 * lane_sums"),
        ("a shader that the driver refuses", Fused, Plain, "linear_rms_norm", "fn main(", "fn main(("),
        ("lanes of other rows are added", Subgroups, Fused, "linear", "subgroupShuffleXor(sum, step)", "sum"),
        ("only one subgroup adds up", Subgroups, Fused, "linear", "return subgroupAdd(sum)", "return sum"),
        ("a tile takes rows twice", Fused, Plain, "gemm", "weights[r + ROW_STEP]", "weights[r]"),
        ("norms of a tile forget epsilon", Fused, Plain, "gemm_rms_norm", "squares) + norm.epsilon", "squares) + 1.0"),
        ("tokens take wrong turns", Fused, Plain, "of_8", "sums.g, sums.h,", "sums.h, sums.g,"),
        ("keys of a later tile count as earlier ones", Fused, Plain, "attention_tiles", "(start + lane)", "(lane)"),
        ("values of teams are lost", Fused, Plain, "attention_decode", "sum += lanes[i]", "sum += 0.0 * lanes[i]"),
        ("a neighbour has the wrong tokens", Quads, Plain, "quads_", "rows * quadSwapX(x)", "rows * x"),
        ("a quarter of the inputs stands for another", Quads, Plain, "quads_one", "quadBroadcast(odd, 3u)", "even"),
        ("a neighbour's keys are lost", Quads, Plain, "attention_quads", "w.y * quadSwapX(v)", "w.y * v"),
        ("a quarter of a row is normed", Quads, Plain, "rms_norm_quads", "pair + quadSwapY(pair)", "pair"),
        ("norms are wrong on two tiers", Subgroups, Plain, "linear_rms_norm", "mean + norm.epsilon", "mean + 1.0"),
    ] {
        let Some(backend) = edited(from, label, right, wrong) else { continue };
        let engine = tried(backend, decoder(Variant::Llama)).unwrap_or_else(|error| panic!("{what}: {error}"));
        let details = &engine.info().details;
        assert_eq!((engine.info().device, details["tier"].as_str()), ("webgpu", to.name()), "{what}");
        let why = &details["tierReason"];
        assert!(why.starts_with(&format!("{}: ", from.name())), "{what}: {why}");
        // The bits that a GPU without the fault computes with these kernels.
        let Some(sound) = open_tier(to) else { return };
        let sound = load(Box::new(sound) as Box<dyn Backend>, decoder(Variant::Llama), Some(64)).unwrap();
        assert_eq!(scores(engine), scores(sound), "{what}");
    }
}

#[test]
fn a_fault_of_all_kernels_refuses_the_device() {
    let from = "fn activated(x: f32) -> f32 {";
    let to = "fn activated(x: f32) -> f32 { return x; } fn unused(x: f32) -> f32 {";
    let Some(backend) = edited(Tier::Fused, "", from, to) else { return };
    let error = tried(backend, decoder(Variant::Llama)).map(drop).unwrap_err();
    assert_eq!(error.code(), "WRONG_RESULTS", "{error}");
}
