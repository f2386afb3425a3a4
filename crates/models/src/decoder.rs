//! The pre-norm decoder that Llama and Qwen are variants of, and the sizes that every decoder has.

use graph::{Activation, Graph};

use crate::fields::{CONTEXT, Fields, HEADS, LAYERS, WIDTH};
use crate::layers::{self, Attention, Gated, Linear, RmsNorm};
use crate::rope::Rope;
use crate::tensors::{Tensors, Weight};
use crate::{Head, Info, Model, ModelError, Pooling, Step, Task};

/// Sizes that every decoder's configuration gives.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    pub(crate) layers: usize,
    pub(crate) hidden: usize,
    pub(crate) inner: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) vocabulary: usize,
    pub(crate) context: usize,
    pub(crate) epsilon: f32,
}

impl Sizes {
    pub(crate) fn open(fields: &Fields<'_>, tensors: &Tensors<'_>) -> Result<Sizes, ModelError> {
        let hidden = fields.count(("embedding_length", "hidden_size"), WIDTH)?;
        let heads_key = ("attention.head_count", "num_attention_heads");
        let heads = fields.count(heads_key, HEADS)?;
        let kv_key = ("attention.head_count_kv", "num_key_value_heads");
        let kv_heads = fields.maybe_count(kv_key, HEADS)?.unwrap_or(heads);
        if heads % kv_heads != 0 {
            return Err(fields.contradiction(kv_key, kv_heads, format!("a divisor of {heads} heads")));
        }
        let dim_key = ("attention.key_length", "head_dim");
        let head_dim = match fields.maybe_count(dim_key, 1..=1 << 16)? {
            Some(head_dim) => head_dim,
            None if hidden % heads == 0 => hidden / heads,
            None => return Err(fields.contradiction(heads_key, heads, format!("a divisor of {hidden}"))),
        };
        if head_dim % 2 != 0 {
            return Err(fields.contradiction(dim_key, head_dim, "an even number"));
        }
        if fields.maybe_count(("attention.value_length", ""), 1..=1 << 16)?.is_some_and(|values| values != head_dim) {
            return Err(ModelError::Unsupported("a head with keys and values of different lengths".into()));
        }
        let epsilon = fields.number(("attention.layer_norm_rms_epsilon", "rms_norm_eps"))?;
        Ok(Sizes {
            layers: fields.count(("block_count", "num_hidden_layers"), LAYERS)?,
            hidden,
            inner: fields.count(("feed_forward_length", "intermediate_size"), WIDTH)?,
            heads,
            kv_heads,
            head_dim,
            vocabulary: tensors.rows("token_embd")?,
            context: fields.count(("context_length", "max_position_embeddings"), CONTEXT)?,
            epsilon,
        })
    }

    /// A norm with the family's epsilon.
    pub(crate) fn norm(&self, tensors: &mut Tensors<'_>, module: &str, offset: f32) -> Result<RmsNorm, ModelError> {
        let weight = tensors.vector(module, "weight", self.hidden)?;
        Ok(RmsNorm { weight, epsilon: self.epsilon, offset })
    }

    /// Attention of a block, without head norms and window.
    pub(crate) fn attention(
        &self,
        tensors: &mut Tensors<'_>,
        layer: usize,
        rope: Rope,
    ) -> Result<Attention, ModelError> {
        let (queries, keys) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
        Ok(Attention {
            layer,
            query: Linear::open(tensors, &format!("blk.{layer}.attn_q"), [queries, self.hidden])?,
            key: Linear::open(tensors, &format!("blk.{layer}.attn_k"), [keys, self.hidden])?,
            value: Linear::open(tensors, &format!("blk.{layer}.attn_v"), [keys, self.hidden])?,
            output: Linear::open(tensors, &format!("blk.{layer}.attn_output"), [self.hidden, queries])?,
            head_norms: None,
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_dim: self.head_dim,
            rope,
            window: None,
            scale: (self.head_dim as f32).powf(-0.5),
        })
    }

    /// Norms of each head's query and key.
    pub(crate) fn head_norms(
        &self,
        tensors: &mut Tensors<'_>,
        layer: usize,
        offset: f32,
    ) -> Result<[RmsNorm; 2], ModelError> {
        let mut norm = |name: &str| {
            let weight = tensors.vector(&format!("blk.{layer}.{name}"), "weight", self.head_dim)?;
            Ok::<_, ModelError>(RmsNorm { weight, epsilon: self.epsilon, offset })
        };
        Ok([norm("attn_q_norm")?, norm("attn_k_norm")?])
    }

    /// The embedding table `[vocabulary, hidden]` and the output layer, which is the same table where the file has no other.
    pub(crate) fn tables(&self, tensors: &mut Tensors<'_>) -> Result<[Weight; 2], ModelError> {
        let shape = [self.vocabulary, self.hidden];
        let embedding = tensors.matrix("token_embd", shape)?;
        let output = if tensors.has("output", "weight") { tensors.matrix("output", shape)? } else { embedding.clone() };
        Ok([embedding, output])
    }

    pub(crate) fn info(&self, family: &'static str) -> Info {
        Info {
            family,
            task: Task::Generate,
            context: self.context,
            dimensions: self.hidden,
            vocabulary: self.vocabulary,
            layers: self.layers,
            position_offset: 0,
            pooling: Pooling::Last,
        }
    }
}

/// How a variant of the pre-norm decoder differs.
pub(crate) struct Variant {
    pub(crate) family: &'static str,
    pub(crate) rope: Rope,
    pub(crate) head_norms: bool,
    pub(crate) qkv_bias: bool,
}

/// A decoder whose blocks are `x + attention(norm(x))`, then `x + gated(norm(x))`.
pub(crate) struct PreNorm {
    info: Info,
    weights: Vec<Weight>,
    embedding: Weight,
    blocks: Vec<Block>,
    norm: RmsNorm,
    output: Weight,
}

struct Block {
    attention_norm: RmsNorm,
    attention: Attention,
    gated_norm: RmsNorm,
    gated: Gated,
}

impl PreNorm {
    pub(crate) fn open(sizes: &Sizes, mut tensors: Tensors<'_>, variant: Variant) -> Result<PreNorm, ModelError> {
        let [embedding, output] = sizes.tables(&mut tensors)?;
        let mut blocks = Vec::new();
        for layer in 0..sizes.layers {
            blocks.push(Block::open(sizes, &mut tensors, layer, &variant)?);
        }
        let norm = sizes.norm(&mut tensors, "output_norm", 0.0)?;
        let info = sizes.info(variant.family);
        Ok(PreNorm { info, weights: tensors.into_taken(), embedding, blocks, norm, output })
    }
}

impl Block {
    fn open(sizes: &Sizes, tensors: &mut Tensors<'_>, layer: usize, variant: &Variant) -> Result<Block, ModelError> {
        let block = format!("blk.{layer}");
        let mut attention = sizes.attention(tensors, layer, variant.rope.clone())?;
        if variant.head_norms {
            attention.head_norms = Some(sizes.head_norms(tensors, layer, 0.0)?);
        }
        if variant.qkv_bias {
            for (linear, name) in
                [(&attention.query, "attn_q"), (&attention.key, "attn_k"), (&attention.value, "attn_v")]
            {
                if linear.bias.is_none() {
                    return Err(tensors.missing(&format!("{block}.{name}"), "bias"));
                }
            }
        }
        Ok(Block {
            attention_norm: sizes.norm(tensors, &format!("{block}.attn_norm"), 0.0)?,
            attention,
            gated_norm: sizes.norm(tensors, &format!("{block}.ffn_norm"), 0.0)?,
            gated: Gated::open(tensors, &block, [sizes.hidden, sizes.inner], Activation::Silu)?,
        })
    }
}

impl Model for PreNorm {
    fn info(&self) -> &Info {
        &self.info
    }

    fn weights(&self) -> &[Weight] {
        &self.weights
    }

    fn record(&self, graph: &mut Graph, step: &Step) {
        let table = layers::weight(graph, &self.embedding);
        let ids = layers::ids(graph, step);
        let mut x = graph.gather(table, ids); // [T, hidden]
        for (index, block) in self.blocks.iter().enumerate() {
            let normed = block.attention_norm.record(graph, x);
            let cache = block.attention.extend_cache(graph, normed, step);
            if step.head == Head::Append && index + 1 == self.blocks.len() {
                return;
            }
            let mixed = block.attention.attend(graph, normed, cache, step);
            x = graph.add(x, mixed);
            let normed = block.gated_norm.record(graph, x);
            let inner = block.gated.record(graph, normed);
            x = graph.add(x, inner);
        }
        layers::decoder_head(graph, x, step, &self.norm, &self.output, None);
    }
}
