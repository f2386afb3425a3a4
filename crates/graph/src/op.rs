//! The one list of operations. An op exists when it is here, in `cpu`, in `gpu` and in the table of test cases.

use crate::Value;

/// Position of a row that is padding: it is not appended to a cache and attends to nothing.
pub const PADDING: u32 = u32::MAX;

/// The logit of a token that may not come. Shaders have no infinities; at any temperature from 1e-8 to 1e24 this weighs nothing.
pub const EXCLUDED: f32 = -1e30;

/// An operation over values. Activations are f32; a weight may have any dtype of [`crate::DType::WEIGHTS`].
///
/// `T` is the number of tokens (rows) of the step.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Rows of a table by index: `table [rows, columns]` (any weight dtype), `index u32 [n]` → f32 `[n, columns]`.
    /// An index past the end reads the last row.
    Gather {
        /// The table.
        table: Value,
        /// Row numbers.
        index: Value,
    },
    /// `input [T, in] · weightᵀ [out, in] + bias [out]` → `[T, out]`. Accumulates in f32.
    Linear {
        /// Activations.
        input: Value,
        /// Weight, any dtype.
        weight: Value,
        /// Bias, f32.
        bias: Option<Value>,
    },
    /// Elementwise sum. `right` has the shape of `left`, or is one row `[columns]` added to every row.
    Add {
        /// Left operand.
        left: Value,
        /// Right operand.
        right: Value,
    },
    /// Elementwise product, with the shapes of [`Op::Add`].
    Mul {
        /// Left operand.
        left: Value,
        /// Right operand.
        right: Value,
    },
    /// `input · factor`.
    Scale {
        /// Activations.
        input: Value,
        /// The factor.
        factor: f32,
    },
    /// An elementwise activation function.
    Activate {
        /// Activations.
        input: Value,
        /// Which function.
        function: Activation,
    },
    /// `x / sqrt(mean(x²) + epsilon) · (weight + offset)` over each run of `weight.len()` elements of a row
    /// ([Zhang and Sennrich, 2019](https://arxiv.org/abs/1910.07467)). A run shorter than the row is the per-head norm
    /// of Qwen3 and Gemma 3.
    RmsNorm {
        /// Activations.
        input: Value,
        /// Scale, f32 `[run]`.
        weight: Value,
        /// Added to the mean square.
        epsilon: f32,
        /// Added to the weight: 1 for Gemma's safetensors, 0 elsewhere.
        offset: f32,
    },
    /// `(x - mean) / sqrt(variance + epsilon) · weight + bias` over each row
    /// ([Ba et al., 2016](https://arxiv.org/abs/1607.06450)).
    LayerNorm {
        /// Activations.
        input: Value,
        /// Scale, f32 `[columns]`.
        weight: Value,
        /// Shift, f32 `[columns]`.
        bias: Value,
        /// Added to the variance.
        epsilon: f32,
    },
    /// Rotary position embedding of each head of `input [T, heads · head_dim]`
    /// ([Su et al., 2021](https://arxiv.org/abs/2104.09864)). Pair `i` turns by
    /// `position · position_scale · base^(-2i / head_dim) / factors[i]`.
    Rope {
        /// Queries or keys.
        input: Value,
        /// u32 `[T]`. Rows at [`PADDING`] are left as they are.
        positions: Value,
        /// f32 `[head_dim / 2]`: divisors of the frequencies (Llama 3).
        factors: Option<Value>,
        /// Elements of one head.
        head_dim: usize,
        /// θ of the paper, often 10,000.
        base: f32,
        /// Multiplies the position (linear scaling); 1 if there is none.
        position_scale: f32,
        /// Which elements make a pair.
        pairs: RopePairs,
    },
    /// Writes row `t` of `input [T, columns]` into row `positions[t]` of `cache [capacity, columns]`. Rows whose position
    /// is [`PADDING`] or past the capacity are dropped; no other position occurs twice. The cache is f16 with an
    /// even number of columns, and keeps what is nearest, at most ±65,504. The result is the cache itself, not a copy.
    ///
    /// A u32 cache `[capacity, 1]` takes a u32 input `[T]`, as it is: the ids of a sequence by position.
    Append {
        /// A state leaf.
        cache: Value,
        /// New rows.
        input: Value,
        /// u32 `[T]`.
        positions: Value,
    },
    /// Scaled dot-product attention, `softmax(scale · q kᵀ) v` per head, over the rows of `key` and `value` that the mask
    /// allows. `query [T, heads · head_dim]`, `key` and `value [rows, kv_heads · head_dim]` → `[T, heads · head_dim]`.
    /// Query head `h` reads kv head `h / (heads / kv_heads)`. A row that may attend to nothing yields zeros. Keys and
    /// values are both f32 or both f16.
    Attention {
        /// Queries.
        query: Value,
        /// Keys.
        key: Value,
        /// Values.
        value: Value,
        /// Which rows each query sees.
        mask: Mask,
        /// Query heads.
        heads: usize,
        /// Key and value heads; divides `heads`.
        kv_heads: usize,
        /// Multiplies the scores, usually `head_dim^-0.5`.
        scale: f32,
    },
    /// Mean over each sequence of a packed batch: sequence `s` is rows `offsets[s]..offsets[s + 1]` of `input`.
    /// `offsets u32 [S + 1]` → `[S, columns]`. An empty sequence yields zeros.
    MeanPool {
        /// Packed activations.
        input: Value,
        /// Row offsets.
        offsets: Value,
    },
    /// Each row divided by its Euclidean norm, or by 1e-12 if that is larger.
    Normalize {
        /// Activations.
        input: Value,
    },
    /// Index of the largest element of each row, the first of equals: `[T, columns]` → u32 `[T]`.
    Argmax {
        /// Logits.
        input: Value,
    },
    /// `logits [R, columns]` with tokens of the past made less likely, by the [`Penalties`] in `params` u32 `[8]`. `history`
    /// u32 `[capacity, 1]` holds the ids so far by position; ids past the last column count for nothing.
    Penalize {
        /// Logits.
        logits: Value,
        /// Ids by position.
        history: Value,
        /// [`Penalties::to_words`].
        params: Value,
    },
    /// `logits [R, columns]` with those of the tokens whose bit in `mask` is 0 set to [`EXCLUDED`]. `mask` is u32
    /// `[ceil(columns / 32)]`, the same for all rows: bit `i % 32` of word `i / 32` is that of column `i`, the lowest bit first.
    MaskLogits {
        /// Logits.
        logits: Value,
        /// A bit a column.
        mask: Value,
    },
    /// One token drawn from each row of `logits [T, columns]` → u32 `[T]`, by [`SampleParams`] in `params` u32 `[8]`.
    Sample {
        /// Logits.
        logits: Value,
        /// [`SampleParams::to_words`].
        params: Value,
    },
}

/// Elementwise activation functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `x · Φ(x)`, with the error function.
    Gelu,
    /// GELU by `tanh` ([Hendrycks and Gimpel, 2016](https://arxiv.org/abs/1606.08415)).
    GeluTanh,
    /// `x · sigmoid(x)`.
    Silu,
    /// `max(x, 0)`.
    Relu,
    /// `tanh(x)`.
    Tanh,
}

/// Which two elements of a head rotate together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RopePairs {
    /// `(i, i + head_dim / 2)`: Hugging Face checkpoints, and GGUF of Qwen and Gemma.
    Halves,
    /// `(2i, 2i + 1)`: GGUF of the Llama family, whose rows are permuted for it.
    Adjacent,
}

/// Which rows of the keys a query row may attend to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mask {
    /// Row `t` sees rows `max(0, p - window + 1) ..= p` with `p = positions[t]`; nothing if `p` is [`PADDING`].
    Causal {
        /// u32 `[T]`.
        positions: Value,
        /// Sliding window, in rows.
        window: Option<u32>,
    },
    /// Row `t` sees rows `spans[t][0] .. spans[t][1]`: a packed batch of sequences, each seeing itself.
    Spans {
        /// u32 `[T, 2]`.
        spans: Value,
    },
}

/// How [`Op::Sample`] draws. The draw is a pure function of the logits and these words.
///
/// Scores are `logits / temperature`. The `top_k` largest are kept, then of those the smallest set of the largest whose
/// probabilities sum to at least `top_p`, then those with at least `min_p` times the largest probability. One uniform
/// number `u`, a hash of `seed` and `counter` ([`SampleParams::uniform`]), picks by inverse cumulative distribution in index order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleParams {
    /// Greater than 0.
    pub temperature: f32,
    /// 0 keeps all.
    pub top_k: u32,
    /// 1 keeps all.
    pub top_p: f32,
    /// 0 keeps all.
    pub min_p: f32,
    /// Chosen by the caller.
    pub seed: u32,
    /// Number of the token in its generation.
    pub counter: u32,
}

impl SampleParams {
    /// The words of the `params` buffer of [`Op::Sample`]: temperature, top_p, min_p (bits of f32), top_k, seed, counter,
    /// and the bits of the uniform number, so that no backend needs its own generator. The last word is 0.
    pub fn to_words(&self) -> [u32; 8] {
        [
            self.temperature.to_bits(),
            self.top_p.to_bits(),
            self.min_p.to_bits(),
            self.top_k,
            self.seed,
            self.counter,
            self.uniform().to_bits(),
            0,
        ]
    }

    /// A number in `[0, 1)` from `seed` and `counter`, by two rounds of PCG-RXS-M-XS
    /// ([Jarzynski and Olano, 2020](https://jcgt.org/published/0009/03/02/)).
    pub fn uniform(&self) -> f32 {
        let mixed = pcg(pcg(self.seed) ^ self.counter);
        (mixed >> 8) as f32 * (1.0 / 16_777_216.0)
    }
}

/// What [`Op::Penalize`] takes from the logits of tokens that occurred.
///
/// The logit of a token among the last `window` of the first `length` ids is divided by `repetition` if it is positive, else
/// multiplied by it ([Keskar et al., 2019](https://arxiv.org/abs/1909.05858)). Then a token that occurs `n > 0` times from
/// `prompt` to `length` loses `n · frequency + presence`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalties {
    /// Greater than 0; 1 changes nothing.
    pub repetition: f32,
    /// 0 changes nothing.
    pub frequency: f32,
    /// 0 changes nothing.
    pub presence: f32,
    /// Ids that `repetition` looks back on.
    pub window: u32,
    /// Ids at the start that `frequency` and `presence` do not count.
    pub prompt: u32,
    /// Ids so far.
    pub length: u32,
}

impl Penalties {
    /// The words of the `params` buffer of [`Op::Penalize`]: the three penalties (bits of f32), window, prompt, length. The last
    /// two are 0.
    pub fn to_words(&self) -> [u32; 8] {
        let Penalties { repetition, frequency, presence, window, prompt, length } = *self;
        [repetition.to_bits(), frequency.to_bits(), presence.to_bits(), window, prompt, length, 0, 0]
    }
}

fn pcg(input: u32) -> u32 {
    let state = input.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
    (word >> 22) ^ word
}

impl Op {
    /// The snake_case name of the op, of its kernel files and of its rows in dumps and profiles.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Gather { .. } => "gather",
            Op::Linear { .. } => "linear",
            Op::Add { .. } => "add",
            Op::Mul { .. } => "mul",
            Op::Scale { .. } => "scale",
            Op::Activate { .. } => "activate",
            Op::RmsNorm { .. } => "rms_norm",
            Op::LayerNorm { .. } => "layer_norm",
            Op::Rope { .. } => "rope",
            Op::Append { .. } => "append",
            Op::Attention { .. } => "attention",
            Op::MeanPool { .. } => "mean_pool",
            Op::Normalize { .. } => "normalize",
            Op::Argmax { .. } => "argmax",
            Op::Penalize { .. } => "penalize",
            Op::MaskLogits { .. } => "mask_logits",
            Op::Sample { .. } => "sample",
        }
    }

    /// The values the op reads, in the order of its fields.
    pub fn inputs(&self) -> Vec<Value> {
        match *self {
            Op::Gather { table, index } => vec![table, index],
            Op::Linear { input, weight, bias } => [Some(input), Some(weight), bias].into_iter().flatten().collect(),
            Op::Add { left, right } | Op::Mul { left, right } => vec![left, right],
            Op::Scale { input, .. } | Op::Activate { input, .. } | Op::Normalize { input } | Op::Argmax { input } => {
                vec![input]
            }
            Op::RmsNorm { input, weight, .. } => vec![input, weight],
            Op::LayerNorm { input, weight, bias, .. } => vec![input, weight, bias],
            Op::Rope { input, positions, factors, .. } => {
                [Some(input), Some(positions), factors].into_iter().flatten().collect()
            }
            Op::Append { cache, input, positions } => vec![cache, input, positions],
            Op::Attention { query, key, value, mask, .. } => match mask {
                Mask::Causal { positions, .. } => vec![query, key, value, positions],
                Mask::Spans { spans } => vec![query, key, value, spans],
            },
            Op::MeanPool { input, offsets } => vec![input, offsets],
            Op::Penalize { logits, history, params } => vec![logits, history, params],
            Op::MaskLogits { logits, mask } => vec![logits, mask],
            Op::Sample { logits, params } => vec![logits, params],
        }
    }
}
