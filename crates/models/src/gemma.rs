//! Gemma 3, text ([Gemma Team, 2025](https://arxiv.org/abs/2503.19786)): norms before and after each half of a block,
//! norms on each head's query and key, and most layers looking back over a short window with a rope of their own.

use graph::{Activation, Graph, RopePairs};
use serde_json::Value;
use weights::Checkpoint;

use crate::decoder::Sizes;
use crate::fields::Fields;
use crate::layers::{self, Attention, Gated, RmsNorm};
use crate::names::Scheme;
use crate::rope::Rope;
use crate::tensors::{Tensors, Weight};
use crate::{Head, Info, Model, ModelError, Step};

/// Base of the rope of global layers, and of those with a window, where the file gives none.
const GLOBAL_BASE: f32 = 1_000_000.0;
const LOCAL_BASE: f32 = 10_000.0;
/// One layer in so many is global, where the file says nothing else.
const PATTERN: usize = 6;

struct Gemma {
    info: Info,
    weights: Vec<Weight>,
    embedding: Weight,
    embedding_scale: f32,
    blocks: Vec<Block>,
    norm: RmsNorm,
    output: Weight,
    softcap: Option<f32>,
}

struct Block {
    attention_norm: RmsNorm,
    attention: Attention,
    after_attention: RmsNorm,
    gated_norm: RmsNorm,
    gated: Gated,
    after_gated: RmsNorm,
}

struct Config {
    sizes: Sizes,
    /// 1 where norm weights are stored less one: converters to GGUF add it.
    norm_offset: f32,
    global: Rope,
    local: Rope,
    window: u32,
    is_global: Vec<bool>,
    query_scale: f32,
    softcap: Option<f32>,
}

/// Opens a checkpoint whose architecture is `gemma3` or `gemma3_text`.
pub(crate) fn open(fields: &Fields<'_>, checkpoint: &Checkpoint) -> Result<Box<dyn Model>, ModelError> {
    let scheme = if fields.is_gguf() { Scheme::Gguf } else { Scheme::Gemma };
    let mut tensors = Tensors::new(checkpoint, scheme);
    let config = Config::open(fields, &mut tensors)?;
    let sizes = &config.sizes;
    let [embedding, output] = sizes.tables(&mut tensors)?;
    let mut blocks = Vec::new();
    for layer in 0..sizes.layers {
        blocks.push(Block::open(&config, &mut tensors, layer)?);
    }
    let norm = sizes.norm(&mut tensors, "output_norm", config.norm_offset)?;
    let embedding_scale = (sizes.hidden as f32).sqrt();
    let (info, softcap) = (sizes.info("gemma3"), config.softcap);
    let weights = tensors.into_taken();
    Ok(Box::new(Gemma { info, weights, embedding, embedding_scale, blocks, norm, output, softcap }))
}

impl Config {
    fn open(fields: &Fields<'_>, tensors: &mut Tensors<'_>) -> Result<Config, ModelError> {
        fields.activation(("", "hidden_activation"), &["gelu_pytorch_tanh"])?;
        if fields.maybe_number(("attn_logit_softcapping", "attn_logit_softcapping"))?.is_some() {
            return Err(ModelError::Unsupported("a cap on attention scores".into()));
        }
        if fields.json("use_bidirectional_attention").and_then(Value::as_bool) == Some(true) {
            return Err(ModelError::Unsupported("a Gemma that looks ahead".into()));
        }
        let sizes = Sizes::open(fields, tensors)?;
        let global = Rope::open(fields, tensors, sizes.head_dim, GLOBAL_BASE, RopePairs::Halves)?;
        let mut local = Rope { base: LOCAL_BASE, position_scale: 1.0, factors: None, ..global.clone() };
        for key in ["rope_local_base_freq", "rope_parameters.sliding_attention.rope_theta"] {
            if let Some(base) = fields.maybe_number(("rope.freq_base_swa", key))? {
                local.base = base;
            }
        }
        // The 27B model alone divides by the width over the heads; its GGUF does not say so.
        let is_27b = fields.is_gguf() && sizes.layers == 62;
        let default_scalar = if is_27b { sizes.hidden / sizes.heads } else { sizes.head_dim } as f32;
        let scalar = fields.maybe_number(("", "query_pre_attn_scalar"))?.unwrap_or(default_scalar);
        Ok(Config {
            norm_offset: if fields.is_gguf() { 0.0 } else { 1.0 },
            global,
            local,
            window: fields.count(("attention.sliding_window", "sliding_window"), 1..=u32::MAX.into())? as u32,
            is_global: pattern(fields, sizes.layers)?,
            query_scale: scalar.powf(-0.5),
            softcap: fields.maybe_number(("final_logit_softcapping", "final_logit_softcapping"))?,
            sizes,
        })
    }
}

/// Which layers see everything before them.
fn pattern(fields: &Fields<'_>, layers: usize) -> Result<Vec<bool>, ModelError> {
    if let Some(types) = fields.json("layer_types").and_then(Value::as_array) {
        if types.len() != layers {
            let key = ("", "layer_types");
            return Err(fields.contradiction(key, format!("{} entries", types.len()), format!("{layers} entries")));
        }
        return Ok(types.iter().map(|kind| kind.as_str() == Some("full_attention")).collect());
    }
    let mut every = PATTERN;
    for key in ["sliding_window_pattern", "_sliding_window_pattern"] {
        if let Some(found) = fields.maybe_count(("attention.sliding_window_pattern", key), 1..=1024)? {
            every = found;
        }
    }
    Ok((1..=layers).map(|layer| layer % every == 0).collect())
}

impl Block {
    fn open(config: &Config, tensors: &mut Tensors<'_>, layer: usize) -> Result<Block, ModelError> {
        let (sizes, offset) = (&config.sizes, config.norm_offset);
        let block = format!("blk.{layer}");
        let is_global = config.is_global[layer];
        let rope = if is_global { &config.global } else { &config.local };
        let mut attention = sizes.attention(tensors, layer, rope.clone())?;
        attention.head_norms = Some(sizes.head_norms(tensors, layer, offset)?);
        attention.window = (!is_global).then_some(config.window);
        attention.scale = config.query_scale;
        Ok(Block {
            attention_norm: sizes.norm(tensors, &format!("{block}.attn_norm"), offset)?,
            attention,
            after_attention: sizes.norm(tensors, &format!("{block}.post_attention_norm"), offset)?,
            gated_norm: sizes.norm(tensors, &format!("{block}.ffn_norm"), offset)?,
            gated: Gated::open(tensors, &block, [sizes.hidden, sizes.inner], Activation::GeluTanh)?,
            after_gated: sizes.norm(tensors, &format!("{block}.post_ffw_norm"), offset)?,
        })
    }
}

impl Model for Gemma {
    fn info(&self) -> &Info {
        &self.info
    }

    fn weights(&self) -> &[Weight] {
        &self.weights
    }

    fn record(&self, graph: &mut Graph, step: &Step) {
        let table = layers::weight(graph, &self.embedding);
        let ids = layers::ids(graph, step);
        let embedded = graph.gather(table, ids);
        let mut x = graph.scale(embedded, self.embedding_scale); // [T, hidden]
        for (index, block) in self.blocks.iter().enumerate() {
            let normed = block.attention_norm.record(graph, x);
            let cache = block.attention.extend_cache(graph, normed, step);
            if step.head == Head::Append && index + 1 == self.blocks.len() {
                return;
            }
            let mixed = block.attention.attend(graph, normed, cache, step);
            let mixed = block.after_attention.record(graph, mixed);
            x = graph.add(x, mixed);
            let normed = block.gated_norm.record(graph, x);
            let inner = block.gated.record(graph, normed);
            let inner = block.after_gated.record(graph, inner);
            x = graph.add(x, inner);
        }
        layers::decoder_head(graph, x, step, &self.norm, &self.output, self.softcap);
    }
}
