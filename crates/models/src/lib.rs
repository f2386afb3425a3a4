//! Model families, recorded as graphs.
//!
//! A family knows the names of its tensors and how they are wired, and nothing of devices: [`open`] reads the configuration
//! and checks every tensor against it, [`Model::record`] turns a step into a [`graph::Graph`]. The same recording serves
//! every dtype and both backends.
//!
//! Leaves of a recording, beside the weights:
//!
//! | name | kind | type | for |
//! |---|---|---|---|
//! | `ids` | input | u32 `[T]` | all |
//! | `positions` | input | u32 `[T]` | all; `graph::PADDING` marks a row that is none, encoders add [`Info::position_offset`] |
//! | `rows` | input | u32 `[R]` | rows that the head sees: of decoders unless `R` is `T`, of encoders unless they average |
//! | `params` | input | u32 `[8]` | heads that draw |
//! | `penalties` | input | u32 `[8]` | heads that penalize |
//! | `mask` | input | u32 `[ceil(vocabulary / 32)]` | heads that mask: a bit a token, 0 if it may not come |
//! | `types` | input | u32 `[T]` | BERT and RoBERTa: segment of a token |
//! | `spans` | input | u32 `[T, 2]` | encoders: the rows that a row sees |
//! | `offsets` | input | u32 `[R + 1]` | encoders that average |
//! | `key.N`, `value.N` | state | f16 `[capacity, kv_heads · head_dim]` | decoders, a pair a layer |
//! | `history` | state | u32 `[capacity, 1]` | heads that penalize: ids by position |
//!
//! Outputs: `token` u32 `[R]`, `logits` f32 `[R, vocabulary]`, `embeddings` f32 `[R, dimensions]`, `scores` f32 `[R, labels]`.

mod bert;
mod classify;
mod decoder;
mod error;
mod fields;
mod gemma;
mod layers;
mod llama;
mod names;
mod pooling;
mod qwen;
mod rope;
mod tensors;

use graph::Graph;
use weights::{Checkpoint, Format};

pub use classify::Scores;
pub use error::ModelError;
pub use pooling::Pooling;
pub use tensors::Weight;

use fields::Fields;
use names::Scheme;
use qwen::Generation;

/// What one run of a model is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// Rows of the step, padding included: `T`.
    pub tokens: usize,
    /// Rows that the head sees, or sequences of an encoder's batch: `R`.
    pub rows: usize,
    /// Rows of the KV cache; of no meaning to encoders.
    pub capacity: usize,
    /// What comes out.
    pub head: Head,
}

/// What comes out of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Head {
    /// Nothing: the cache grows.
    Append,
    /// `logits` of the chosen rows.
    Logits,
    /// `token`: the likeliest.
    Greedy,
    /// `token`: one drawn by `params`.
    Sample,
    /// The same as [`Head::Greedy`], of logits that `penalties` made less likely.
    PenalizedGreedy,
    /// The same as [`Head::Sample`], of logits that `penalties` made less likely.
    PenalizedSample,
    /// `token`: of logits in which the tokens that `mask` leaves out cannot be chosen.
    Masked {
        /// Drawn by `params`; else the likeliest.
        draws: bool,
        /// Of logits that `penalties` made less likely.
        penalizes: bool,
    },
    /// `embeddings`.
    Embed,
    /// `scores`.
    Classify,
}

impl Head {
    /// Whether logits are penalized by the ids so far.
    fn penalizes(self) -> bool {
        matches!(self, Head::PenalizedGreedy | Head::PenalizedSample | Head::Masked { penalizes: true, .. })
    }

    /// Whether its token is drawn; `None` if there is no token.
    fn draws(self) -> Option<bool> {
        match self {
            Head::Greedy | Head::PenalizedGreedy => Some(false),
            Head::Sample | Head::PenalizedSample => Some(true),
            Head::Masked { draws, .. } => Some(draws),
            Head::Append | Head::Logits | Head::Embed | Head::Classify => None,
        }
    }
}

/// What a model is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Text to vector.
    Embed,
    /// Text to labels with scores.
    Classify {
        /// Names by index.
        labels: Vec<String>,
        /// How scores become probabilities.
        scores: Scores,
    },
    /// Text to more text.
    Generate,
}

/// What a model says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// `bert`, `roberta`, `distilbert`, `llama`, `qwen2`, `qwen3` or `gemma3`.
    pub family: &'static str,
    /// What it is for.
    pub task: Task,
    /// Tokens of the longest sequence.
    pub context: usize,
    /// Width of its rows, and of its embeddings.
    pub dimensions: usize,
    /// Rows of the embedding table: ids are below it.
    pub vocabulary: usize,
    /// Blocks.
    pub layers: usize,
    /// Position of the first token of a sequence.
    pub position_offset: u32,
    /// Which rows of a sequence its vector is made of.
    pub pooling: Pooling,
}

/// An opened model: names and wiring, no data.
pub trait Model {
    /// What it is.
    fn info(&self) -> &Info;

    /// Every weight that a recording takes, in the order of the names.
    fn weights(&self) -> &[Weight];

    /// Records a step. Mistakes are kept in the graph, as `Graph::finish` reports them.
    fn record(&self, graph: &mut Graph, step: &Step);

    /// The number of its weights' elements.
    fn parameters(&self) -> u64 {
        self.weights().iter().filter_map(|weight| weight.ty.shape.elements()).sum()
    }
}

/// Picks the family by GGUF's `general.architecture` or `model_type` in `config.json`, reads the configuration, and checks
/// that every tensor it implies is there with the right shape.
pub fn open(checkpoint: &mut Checkpoint) -> Result<Box<dyn Model>, ModelError> {
    let output = pooling::read(checkpoint);
    let config = match checkpoint.format() {
        Format::Gguf => None,
        Format::Safetensors => {
            Some(checkpoint.json("config.json")?.ok_or_else(|| ModelError::MissingKey("config.json".into()))?)
        }
    };
    let checkpoint: &Checkpoint = checkpoint;
    let (fields, architecture) = match &config {
        None => {
            let metadata = checkpoint.metadata();
            let key = "general.architecture";
            let name = metadata.get(key).and_then(|value| value.as_str());
            let architecture = name.ok_or_else(|| ModelError::MissingKey(key.into()))?.to_string();
            (Fields::Gguf { metadata, architecture: architecture.clone() }, architecture)
        }
        Some(config) => {
            let fields = Fields::Json(config);
            let kind = fields.word(("", "model_type"));
            let architecture = kind.ok_or_else(|| ModelError::MissingKey("model_type".into()))?.to_string();
            (fields, architecture)
        }
    };
    let gguf = config.is_none();
    match architecture.as_str() {
        "bert" => bert::open(if gguf { Scheme::Gguf } else { Scheme::Bert }, &fields, checkpoint, output?),
        "roberta" | "xlm-roberta" if !gguf => bert::open(Scheme::Roberta, &fields, checkpoint, output?),
        "distilbert" if !gguf => bert::open(Scheme::DistilBert, &fields, checkpoint, output?),
        "llama" => llama::open(&fields, checkpoint),
        "qwen2" => qwen::open(Generation::Two, &fields, checkpoint),
        "qwen3" => qwen::open(Generation::Three, &fields, checkpoint),
        "gemma3" | "gemma3_text" => gemma::open(&fields, checkpoint),
        other => Err(ModelError::Unsupported(format!("the architecture {other:?}"))),
    }
}
