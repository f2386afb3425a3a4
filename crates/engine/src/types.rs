//! What goes in and what comes out: plain data, with the field names that JavaScript uses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use text::Message;

use crate::Grammar;

/// How to load a model.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadOptions {
    /// Tokens that the KV cache holds, at most what the model was made for; 2,048 if absent.
    pub context: Option<usize>,
    /// Whether kernels that compute the same are compared on the device by the tokens of a decoder, for less than a second, and
    /// the fastest are taken. `details` of the model then has what was chosen as `tuning` and why as `tuningReason`.
    pub tune: bool,
    /// `tuning` of an earlier load, taken instead of measuring.
    pub tuning: Option<String>,
}

/// What a loaded model is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// `bert`, `llama`, …
    pub family: &'static str,
    /// `embed`, `classify` or `generate`.
    pub task: &'static str,
    /// Number of weights.
    pub parameters: u64,
    /// Bytes of the weights, as stored.
    pub weight_bytes: u64,
    /// The dtype that most bytes have.
    pub dtype: String,
    /// Tokens that fit: of one text for encoders, of prompt and answer for decoders.
    pub context: usize,
    /// Length of an embedding.
    pub dimensions: usize,
    /// Number of token ids.
    pub vocabulary: usize,
    /// Blocks.
    pub layers: usize,
    /// Names of the labels of a classifier.
    pub labels: Vec<String>,
    /// Whether chat prompts can be rendered.
    pub chat: bool,
    /// `wasm` or `webgpu`.
    pub device: &'static str,
    /// Adapter or instruction set.
    pub adapter: String,
    /// Further facts of the device.
    pub details: BTreeMap<&'static str, String>,
}

/// How a call shares the device with the page that it serves: the names of the
/// [Prioritized Task Scheduling API](https://wicg.github.io/scheduling-apis/).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// Somebody waits for it: steps of about 100 ms on a GPU.
    #[default]
    UserVisible,
    /// The page comes first: steps of at most 50 ms as far as they can be cut, and time for a frame after each.
    Background,
}

/// How to do what has no other options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct CallOptions {
    /// What is done for one text is done in one step, however long it is.
    pub priority: Priority,
}

/// How to embed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct EmbedOptions {
    /// Cut longer texts to so many tokens; the model's own limit if absent.
    pub max_tokens: Option<usize>,
    /// A text is read in one step, however long it is.
    pub priority: Priority,
}

/// Vectors of several texts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Embeddings {
    /// Length of each vector.
    pub dimensions: usize,
    /// One vector after the other, `[texts, dimensions]`.
    pub vectors: Vec<f32>,
    /// Tokens of each text, special tokens included, after cutting.
    pub tokens: Vec<u32>,
    /// Whether each text was cut.
    pub truncated: Vec<bool>,
}

/// A label and how well it fits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// Name of the label.
    pub label: String,
    /// Probability, or the raw output of a regression.
    pub score: f32,
}

/// How likely an ending is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Continuation {
    /// Natural logarithm of the probability of all its tokens, each after those before it.
    pub log_probability: f32,
    /// Its tokens.
    pub tokens: usize,
}

/// What to continue.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Prompt {
    /// Text, in which special tokens may be written out.
    Text(String),
    /// Text, in which nothing is a special token.
    Plain {
        /// It.
        text: String,
    },
    /// Turns, rendered by the model's own chat template. Nothing that they say is a special token.
    Chat(Vec<Message>),
    /// Token ids, taken as they are.
    Tokens(Vec<u32>),
}

impl From<&str> for Prompt {
    fn from(text: &str) -> Prompt {
        Prompt::Text(text.into())
    }
}

/// How to continue it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct GenerateOptions {
    /// Tokens at most; up to the end of the context if absent.
    pub max_tokens: Option<usize>,
    /// 0 takes the likeliest token each time.
    pub temperature: f32,
    /// Draw from so many of the likeliest tokens; 0 from all.
    pub top_k: u32,
    /// Draw from the smallest set of likeliest tokens with this much probability; 1 from all.
    pub top_p: f32,
    /// Draw from tokens with at least this much of the likeliest token's probability; 0 from all.
    pub min_p: f32,
    /// Divides the logits of recent tokens, those of the prompt among them, or multiplies them where they are negative; more
    /// than 0, at most 100. 1 changes nothing.
    pub repetition_penalty: f32,
    /// Tokens that `repetition_penalty` looks back on; 0 for all.
    pub repetition_window: u32,
    /// Taken from the logit of a token for each time that it was generated, -2 to 2.
    pub frequency_penalty: f32,
    /// Taken from the logit of a token that was generated, -2 to 2.
    pub presence_penalty: f32,
    /// The same seed draws the same tokens; from the clock if absent.
    pub seed: Option<u32>,
    /// Stop before any of these.
    pub stop: Vec<String>,
    /// Tokens whose steps are queued before the first of them is known, 1 to 8. By default up to 4 on a GPU, fewer on a slow
    /// one, and 1 on the CPU, where nothing is gained. The tokens are the same for any number.
    pub run_ahead: Option<usize>,
    /// In the background one token is queued at a time, if `run_ahead` says nothing else.
    pub priority: Priority,
    /// Guess tokens where the text repeats itself, and check several in one step. Only where the likeliest token is taken each
    /// time, without penalties. By default on the CPU.
    pub prompt_lookup: Option<bool>,
    /// Go on after the model ended its turn: for measurements.
    pub ignore_eos: bool,
    /// What the answer has to be. Tokens are then computed one at a time, and nothing is guessed. An answer that `max_tokens`, the
    /// context or a stop string ends may be cut short.
    pub constraint: Option<Grammar>,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        GenerateOptions {
            max_tokens: None,
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            repetition_window: 64,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            seed: None,
            stop: Vec::new(),
            run_ahead: None,
            priority: Priority::UserVisible,
            prompt_lookup: None,
            ignore_eos: false,
            constraint: None,
        }
    }
}

/// Why a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FinishReason {
    /// The model ended its turn, or a stop string came.
    Stop,
    /// `max_tokens`, or the end of the context.
    Length,
    /// The sink asked for it.
    Cancelled,
}

/// How a generation went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finish {
    /// Why it ended.
    pub reason: FinishReason,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Those of them that were still in the KV cache.
    pub cached_tokens: usize,
    /// Tokens generated.
    pub tokens: usize,
    /// Tokens that prompt lookup guessed.
    pub proposed_tokens: usize,
    /// Of these, those that the model agreed with.
    pub accepted_tokens: usize,
    /// Milliseconds until the first token was known.
    pub prefill_ms: f64,
    /// Milliseconds from then to the end.
    pub decode_ms: f64,
}

/// Bytes held by a loaded model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// In this process, by the backend (in a browser: the wasm heap).
    pub host: u64,
    /// On the device.
    pub device: u64,
    /// Of these, weights.
    pub weights: u64,
    /// Of these, KV cache.
    pub cache: u64,
}

/// Work done by the backend since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// Kernel launches.
    pub dispatches: u64,
    /// Command buffers submitted.
    pub submits: u64,
    /// Waits for the device.
    pub reads: u64,
    /// Bytes read back.
    pub bytes_read: u64,
    /// GPU objects created.
    pub objects: u64,
    /// Bytes of weights that launches read whole.
    pub weight_bytes: u64,
}

impl From<graph::Counters> for Counters {
    fn from(counters: graph::Counters) -> Self {
        let graph::Counters { dispatches, submits, reads, bytes_read, objects, weight_bytes } = counters;
        Counters { dispatches, submits, reads, bytes_read, objects, weight_bytes }
    }
}
