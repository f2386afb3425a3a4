//! Decoders with random weights, as Hugging Face and as GGUF write them.

use serde_json::json;

use super::forward::{Decoder, Gemma, Tensors};
use super::gguf::Meta;
use super::tiny::{Random, Tiny, VOCABULARY, byte_vocabulary, metadata};

const HIDDEN: usize = 64;
const INNER: usize = 96;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
pub(crate) const CONTEXT: usize = 128;

/// A family with what sets it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    Llama,
    Llama3,
    Qwen2,
    Qwen3,
    Gemma3,
}

impl Variant {
    pub(crate) const ALL: [Variant; 5] =
        [Variant::Llama, Variant::Llama3, Variant::Qwen2, Variant::Qwen3, Variant::Gemma3];

    fn architecture(self) -> &'static str {
        match self {
            Variant::Llama | Variant::Llama3 => "llama",
            Variant::Qwen2 => "qwen2",
            Variant::Qwen3 => "qwen3",
            Variant::Gemma3 => "gemma3",
        }
    }
}

/// The model and what a forward pass needs to know of it.
pub(crate) fn build(variant: Variant) -> (Tiny, Decoder) {
    let gemma = Gemma { window: 5, pattern: 2, local_base: 500.0, scalar: 24.0, softcap: Some(3.0) };
    let head_dim = if matches!(variant, Variant::Qwen3 | Variant::Gemma3) { 32 } else { HIDDEN / HEADS };
    // `head_dim` 16, base 100, 32 positions at first: some pairs are divided by 4, some are not, some lie between.
    let factors = forward_llama3_factors(head_dim, 100.0, 4.0, 1.0, 4.0, 32.0);
    let config = Decoder {
        layers: if variant == Variant::Gemma3 { 4 } else { 3 },
        heads: HEADS,
        kv_heads: KV_HEADS,
        head_dim,
        epsilon: 1e-5,
        base: if variant == Variant::Gemma3 { 20_000.0 } else { 100.0 },
        factors: (variant == Variant::Llama3).then(|| factors.clone()),
        head_norms: matches!(variant, Variant::Qwen3 | Variant::Gemma3),
        gemma: (variant == Variant::Gemma3).then_some(gemma),
    };
    let mut gguf_only = Vec::new();
    if variant == Variant::Llama3 {
        gguf_only.push(("rope_freqs.weight".into(), vec![head_dim / 2], factors.iter().map(|&f| f as f32).collect()));
    }
    let tiny = Tiny {
        tensors: tensors(variant, &config),
        config: hugging_face_config(variant, &config),
        metadata: gguf_metadata(variant, &config),
        to_gguf: match variant {
            Variant::Llama | Variant::Llama3 => llama_to_gguf,
            Variant::Gemma3 => gemma_to_gguf,
            _ => |name, tensor| (gguf_name(name, false), tensor.0.clone(), tensor.1.clone()),
        },
        gguf_only,
        side: Vec::new(),
    };
    (tiny, config)
}

fn tensors(variant: Variant, config: &Decoder) -> Tensors {
    let mut random = Random(7 + variant as u64);
    let mut tensors = Tensors::new();
    let (queries, keys) = (config.heads * config.head_dim, config.kv_heads * config.head_dim);
    tensors.insert("model.embed_tokens.weight".into(), random.tensor(&[VOCABULARY, HIDDEN], 0.5));
    tensors.insert("model.norm.weight".into(), random.tensor(&[HIDDEN], 1.0));
    if variant == Variant::Qwen2 {
        tensors.insert("lm_head.weight".into(), random.tensor(&[VOCABULARY, HIDDEN], 0.5));
    }
    for layer in 0..config.layers {
        let mut put = |name: &str, shape: &[usize], scale: f32| {
            tensors.insert(format!("model.layers.{layer}.{name}"), random.tensor(shape, scale));
        };
        put("self_attn.q_proj.weight", &[queries, HIDDEN], 0.3);
        put("self_attn.k_proj.weight", &[keys, HIDDEN], 0.3);
        put("self_attn.v_proj.weight", &[keys, HIDDEN], 0.3);
        put("self_attn.o_proj.weight", &[HIDDEN, queries], 0.3);
        put("mlp.gate_proj.weight", &[INNER, HIDDEN], 0.3);
        put("mlp.up_proj.weight", &[INNER, HIDDEN], 0.3);
        put("mlp.down_proj.weight", &[HIDDEN, INNER], 0.3);
        put("input_layernorm.weight", &[HIDDEN], 1.0);
        put("post_attention_layernorm.weight", &[HIDDEN], 1.0);
        if variant == Variant::Gemma3 {
            put("pre_feedforward_layernorm.weight", &[HIDDEN], 1.0);
            put("post_feedforward_layernorm.weight", &[HIDDEN], 1.0);
        }
        if config.head_norms {
            put("self_attn.q_norm.weight", &[config.head_dim], 1.0);
            put("self_attn.k_norm.weight", &[config.head_dim], 1.0);
        }
        if variant == Variant::Qwen2 {
            put("self_attn.q_proj.bias", &[queries], 0.5);
            put("self_attn.k_proj.bias", &[keys], 0.5);
            put("self_attn.v_proj.bias", &[keys], 0.5);
        }
    }
    tensors
}

fn hugging_face_config(variant: Variant, config: &Decoder) -> serde_json::Value {
    let mut json = json!({
        "model_type": if variant == Variant::Gemma3 { "gemma3_text" } else { variant.architecture() },
        "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": config.layers,
        "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "head_dim": config.head_dim,
        "rms_norm_eps": config.epsilon, "rope_theta": config.base, "max_position_embeddings": CONTEXT,
    });
    if variant == Variant::Llama3 {
        json["rope_scaling"] = json!({"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 32});
    }
    if let Some(gemma) = &config.gemma {
        json["sliding_window"] = json!(gemma.window);
        json["layer_types"] = json!(["sliding_attention", "full_attention", "sliding_attention", "full_attention"]);
        json["rope_local_base_freq"] = json!(gemma.local_base);
        json["query_pre_attn_scalar"] = json!(gemma.scalar);
        json["final_logit_softcapping"] = json!(gemma.softcap);
        json["hidden_activation"] = json!("gelu_pytorch_tanh");
    }
    json
}

fn gguf_metadata(variant: Variant, config: &Decoder) -> Vec<(String, Meta)> {
    let count = |n: usize| Meta::U32(n as u32);
    let mut values = vec![
        ("embedding_length", count(HIDDEN)),
        ("feed_forward_length", count(INNER)),
        ("block_count", count(config.layers)),
        ("attention.head_count", count(HEADS)),
        ("attention.head_count_kv", count(KV_HEADS)),
        ("attention.key_length", count(config.head_dim)),
        ("attention.value_length", count(config.head_dim)),
        ("attention.layer_norm_rms_epsilon", Meta::F32(config.epsilon as f32)),
        ("rope.freq_base", Meta::F32(config.base as f32)),
        ("context_length", count(CONTEXT)),
    ];
    if let Some(gemma) = &config.gemma {
        values.push(("attention.sliding_window", count(gemma.window)));
        values.push(("attention.sliding_window_pattern", count(gemma.pattern)));
        values.push(("rope.freq_base_swa", Meta::F32(gemma.local_base as f32)));
        values.push(("final_logit_softcapping", Meta::F32(gemma.softcap.unwrap() as f32)));
    }
    let mut all = metadata(variant.architecture(), values);
    all.extend(byte_vocabulary());
    all
}

/// Hugging Face's name to GGUF's.
fn gguf_name(name: &str, is_gemma: bool) -> String {
    let ffn_norm = if is_gemma { "post_attention_norm" } else { "ffn_norm" };
    name.replace("model.embed_tokens", "token_embd")
        .replace("model.norm", "output_norm")
        .replace("lm_head", "output")
        .replace("model.layers", "blk")
        .replace("self_attn.q_proj", "attn_q")
        .replace("self_attn.k_proj", "attn_k")
        .replace("self_attn.v_proj", "attn_v")
        .replace("self_attn.o_proj", "attn_output")
        .replace("self_attn.q_norm", "attn_q_norm")
        .replace("self_attn.k_norm", "attn_k_norm")
        .replace("input_layernorm", "attn_norm")
        .replace("post_attention_layernorm", ffn_norm)
        .replace("pre_feedforward_layernorm", "ffn_norm")
        .replace("post_feedforward_layernorm", "post_ffw_norm")
        .replace("mlp.gate_proj", "ffn_gate")
        .replace("mlp.up_proj", "ffn_up")
        .replace("mlp.down_proj", "ffn_down")
}

/// llama.cpp's converter puts the two rows of a rotating pair side by side.
fn llama_to_gguf(name: &str, (shape, data): &(Vec<usize>, Vec<f32>)) -> super::files::Named {
    let head_dim = HIDDEN / HEADS;
    let rows: Vec<&[f32]> = data.chunks(HIDDEN).collect();
    let moved = if name.contains("q_proj") || name.contains("k_proj") {
        let source = |row: usize| {
            let (head, within) = (row / head_dim, row % head_dim);
            head * head_dim + (within % 2) * (head_dim / 2) + within / 2
        };
        (0..shape[0]).flat_map(|row| rows[source(row)].to_vec()).collect()
    } else {
        data.clone()
    };
    (gguf_name(name, false), shape.clone(), moved)
}

/// llama.cpp's converter adds the one that Gemma's norms leave out.
fn gemma_to_gguf(name: &str, (shape, data): &(Vec<usize>, Vec<f32>)) -> super::files::Named {
    let is_norm = name.contains("norm");
    let values = data.iter().map(|&v| if is_norm { v + 1.0 } else { v }).collect();
    (gguf_name(name, true), shape.clone(), values)
}

/// Llama 3's frequency divisors, from the formula in transformers' `_compute_llama3_parameters`.
fn forward_llama3_factors(dim: usize, base: f64, factor: f64, low: f64, high: f64, original: f64) -> Vec<f64> {
    (0..dim / 2)
        .map(|i| {
            let frequency = base.powf(-2.0 * i as f64 / dim as f64);
            let wavelength = std::f64::consts::TAU / frequency;
            let scaled = if wavelength < original / high {
                frequency
            } else if wavelength > original / low {
                frequency / factor
            } else {
                let smooth = (original / wavelength - low) / (high - low);
                (1.0 - smooth) * frequency / factor + smooth * frequency
            };
            frequency / scaled
        })
        .collect()
}
