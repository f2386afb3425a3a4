//! BERT encoders ([Devlin et al., 2019](https://arxiv.org/abs/1810.04805)) and those shaped like it: MiniLM, BGE, E5 and
//! GTE, RoBERTa ([Liu et al., 2019](https://arxiv.org/abs/1907.11692)) and DistilBERT
//! ([Sanh et al., 2019](https://arxiv.org/abs/1910.01108)). A step is a packed batch: sequences lie one after the other
//! and each row sees its own.

use graph::{Activation, DType, Graph, LeafKind, Mask, Value};
use weights::Checkpoint;

use crate::classify::Classifier;
use crate::fields::{CONTEXT, Fields, HEADS, Key, LAYERS, WIDTH};
use crate::layers::{self, Linear};
use crate::names::Scheme;
use crate::pooling::{Output, Pooling};
use crate::tensors::{Tensors, Weight};
use crate::{Head, Info, Model, ModelError, Step, Task};

struct Bert {
    info: Info,
    weights: Vec<Weight>,
    config: Config,
    words: Weight,
    positions: Weight,
    types: Option<Weight>,
    norm: LayerNorm,
    blocks: Vec<Block>,
    head: EncoderHead,
}

/// What the encoder's rows are for.
enum EncoderHead {
    Embed(Output),
    Classify(Box<Classifier>),
}

#[derive(Clone, Debug)]
struct Config {
    layers: usize,
    hidden: usize,
    inner: usize,
    heads: usize,
    context: usize,
    /// Row of the position table that the first token takes.
    position_offset: usize,
    epsilon: f32,
    function: Activation,
}

struct Block {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    output_norm: LayerNorm,
}

struct LayerNorm {
    weight: Weight,
    bias: Weight,
    epsilon: f32,
}

/// Opens a checkpoint of one of the three namings.
pub(crate) fn open(
    scheme: Scheme,
    fields: &Fields<'_>,
    checkpoint: &Checkpoint,
    output: Output,
) -> Result<Box<dyn Model>, ModelError> {
    let mut tensors = Tensors::new(checkpoint, scheme);
    let config = Config::open(scheme, fields)?;
    let hidden = config.hidden;
    let vocabulary = tensors.rows("token_embd")?;
    let words = tensors.matrix("token_embd", [vocabulary, hidden])?;
    let positions = tensors.matrix("position_embd", [config.context + config.position_offset, hidden])?;
    let types = match scheme {
        Scheme::DistilBert => None,
        _ => {
            let kinds = tensors.rows("token_types")?;
            Some(tensors.matrix("token_types", [kinds, hidden])?)
        }
    };
    let norm = config.norm(&mut tensors, "token_embd_norm")?;
    let blocks = (0..config.layers).map(|layer| Block::open(&config, &mut tensors, layer)).collect::<Result<_, _>>()?;
    let head = match Classifier::wanted(fields) {
        true => {
            EncoderHead::Classify(Box::new(Classifier::open(scheme, fields, &mut tensors, hidden, output.pooling)?))
        }
        false => EncoderHead::Embed(output),
    };
    let (task, pooling) = match &head {
        EncoderHead::Embed(output) => (Task::Embed, output.pooling),
        EncoderHead::Classify(classifier) => (classifier.task(), classifier.pooling()),
    };
    let info = Info {
        family: match scheme {
            Scheme::Roberta => "roberta",
            Scheme::DistilBert => "distilbert",
            _ => "bert",
        },
        task,
        context: config.context,
        dimensions: hidden,
        vocabulary,
        layers: config.layers,
        position_offset: config.position_offset as u32,
        pooling,
    };
    let weights = tensors.into_taken();
    Ok(Box::new(Bert { info, weights, config, words, positions, types, norm, blocks, head }))
}

impl Config {
    fn open(scheme: Scheme, fields: &Fields<'_>) -> Result<Config, ModelError> {
        let distil = scheme == Scheme::DistilBert;
        let pick = |gguf, bert, other| -> Key { (gguf, if distil { other } else { bert }) };
        let hidden = fields.count(pick("embedding_length", "hidden_size", "dim"), WIDTH)?;
        let heads_key = pick("attention.head_count", "num_attention_heads", "n_heads");
        let heads = fields.count(heads_key, HEADS)?;
        if hidden % heads != 0 {
            return Err(fields.contradiction(heads_key, heads, format!("a divisor of {hidden}")));
        }
        match fields.word(("", "position_embedding_type")) {
            None | Some("absolute") => {}
            Some(other) => return Err(ModelError::Unsupported(format!("position embedding {other:?}"))),
        }
        // RoBERTa counts positions from the row after the padding token's.
        let position_offset = match scheme {
            Scheme::Roberta => 1 + fields.maybe_count(("", "pad_token_id"), 0..=1 << 16)?.unwrap_or(1),
            _ => 0,
        };
        let context_key = ("context_length", "max_position_embeddings");
        let rows = fields.count(context_key, CONTEXT)?;
        if rows <= position_offset {
            return Err(fields.contradiction(context_key, rows, format!("more than {position_offset}")));
        }
        Ok(Config {
            layers: fields.count(pick("block_count", "num_hidden_layers", "n_layers"), LAYERS)?,
            hidden,
            inner: fields.count(pick("feed_forward_length", "intermediate_size", "hidden_dim"), WIDTH)?,
            heads,
            context: rows - position_offset,
            position_offset,
            epsilon: fields.maybe_number(("attention.layer_norm_epsilon", "layer_norm_eps"))?.unwrap_or(1e-12),
            function: match fields.word(pick("", "hidden_act", "activation")) {
                None | Some("gelu") => Activation::Gelu,
                Some("gelu_new" | "gelu_fast" | "gelu_pytorch_tanh") => Activation::GeluTanh,
                Some("relu") => Activation::Relu,
                Some("silu" | "swish") => Activation::Silu,
                Some(other) => return Err(ModelError::Unsupported(format!("activation {other:?}"))),
            },
        })
    }

    fn norm(&self, tensors: &mut Tensors<'_>, module: &str) -> Result<LayerNorm, ModelError> {
        let weight = tensors.vector(module, "weight", self.hidden)?;
        let bias = tensors.vector(module, "bias", self.hidden)?;
        Ok(LayerNorm { weight, bias, epsilon: self.epsilon })
    }
}

impl Block {
    fn open(config: &Config, tensors: &mut Tensors<'_>, layer: usize) -> Result<Block, ModelError> {
        let (hidden, inner) = (config.hidden, config.inner);
        let name = |module: &str| format!("blk.{layer}.{module}");
        Ok(Block {
            query: Linear::with_bias(tensors, &name("attn_q"), [hidden, hidden])?,
            key: Linear::with_bias(tensors, &name("attn_k"), [hidden, hidden])?,
            value: Linear::with_bias(tensors, &name("attn_v"), [hidden, hidden])?,
            output: Linear::with_bias(tensors, &name("attn_output"), [hidden, hidden])?,
            attention_norm: config.norm(tensors, &name("attn_output_norm"))?,
            up: Linear::with_bias(tensors, &name("ffn_up"), [inner, hidden])?,
            down: Linear::with_bias(tensors, &name("ffn_down"), [hidden, inner])?,
            output_norm: config.norm(tensors, &name("layer_output_norm"))?,
        })
    }

    /// `[T, hidden]` → `[T, hidden]`
    fn record(&self, graph: &mut Graph, x: Value, spans: Value, config: &Config) -> Value {
        let query = self.query.record(graph, x);
        let key = self.key.record(graph, x);
        let value = self.value.record(graph, x);
        let scale = ((config.hidden / config.heads) as f32).powf(-0.5);
        let heads = [config.heads, config.heads];
        let mixed = graph.attention([query, key, value], Mask::Spans { spans }, heads, scale);
        let mixed = self.output.record(graph, mixed);
        let x = graph.add(x, mixed);
        let x = self.attention_norm.record(graph, x);
        let inner = self.up.record(graph, x);
        let inner = graph.activate(inner, config.function);
        let inner = self.down.record(graph, inner);
        let x = graph.add(x, inner);
        self.output_norm.record(graph, x)
    }
}

impl LayerNorm {
    fn record(&self, graph: &mut Graph, x: Value) -> Value {
        let weight = layers::weight(graph, &self.weight);
        let bias = layers::weight(graph, &self.bias);
        graph.layer_norm(x, weight, bias, self.epsilon)
    }
}

impl Bert {
    /// Sum of the embeddings of word, position and type, normalised: `[T, hidden]`.
    fn embed(&self, graph: &mut Graph, step: &Step) -> Value {
        let ids = layers::ids(graph, step);
        let positions = layers::positions(graph, step);
        let words = layers::weight(graph, &self.words);
        let mut x = graph.gather(words, ids);
        if let Some(types) = &self.types {
            let table = layers::weight(graph, types);
            let kinds = graph.leaf(LeafKind::Input, "types", DType::U32, [step.tokens]);
            let typed = graph.gather(table, kinds);
            x = graph.add(x, typed);
        }
        let table = layers::weight(graph, &self.positions);
        let placed = graph.gather(table, positions);
        let x = graph.add(x, placed);
        self.norm.record(graph, x)
    }
}

impl Model for Bert {
    fn info(&self) -> &Info {
        &self.info
    }

    fn weights(&self) -> &[Weight] {
        &self.weights
    }

    fn record(&self, graph: &mut Graph, step: &Step) {
        let mut x = self.embed(graph, step);
        let spans = graph.leaf(LeafKind::Input, "spans", DType::U32, [step.tokens, 2]);
        for block in &self.blocks {
            x = block.record(graph, x, spans, &self.config);
        }
        match &self.head {
            EncoderHead::Classify(classifier) if step.head == Head::Classify => {
                let pooled = pool(graph, x, step, classifier.pooling());
                let scores = classifier.record(graph, pooled);
                graph.output("scores", scores);
            }
            EncoderHead::Embed(Output { pooling, normalize }) => {
                let pooled = pool(graph, x, step, *pooling);
                let vectors = if *normalize { graph.normalize(pooled) } else { pooled };
                graph.output("embeddings", vectors);
            }
            EncoderHead::Classify(_) => graph.output("embeddings", x),
        }
    }
}

/// One row a sequence, of its rows in `x`: `[R, hidden]`.
fn pool(graph: &mut Graph, x: Value, step: &Step, pooling: Pooling) -> Value {
    match pooling {
        Pooling::Mean => {
            let offsets = graph.leaf(LeafKind::Input, "offsets", DType::U32, [step.rows + 1]);
            graph.mean_pool(x, offsets)
        }
        Pooling::First | Pooling::Last => layers::head_rows(graph, x, step),
    }
}
