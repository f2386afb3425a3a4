//! Qwen2 ([Yang et al., 2024](https://arxiv.org/abs/2407.10671)), with biases on query, key and value, and Qwen3
//! ([Yang et al., 2025](https://arxiv.org/abs/2505.09388)), with norms on each head's query and key instead.

use graph::RopePairs;
use serde_json::Value;
use weights::Checkpoint;

use crate::decoder::{PreNorm, Sizes, Variant};
use crate::fields::Fields;
use crate::names::Scheme;
use crate::rope::Rope;
use crate::tensors::Tensors;
use crate::{Model, ModelError};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    Two,
    Three,
}

/// Opens a checkpoint whose architecture is `qwen2` or `qwen3`.
pub(crate) fn open(
    generation: Generation,
    fields: &Fields<'_>,
    checkpoint: &Checkpoint,
) -> Result<Box<dyn Model>, ModelError> {
    fields.activation(("", "hidden_act"), &["silu"])?;
    if fields.json("use_sliding_window").and_then(Value::as_bool) == Some(true) {
        return Err(ModelError::Unsupported("a Qwen with a sliding window".into()));
    }
    let scheme = if fields.is_gguf() { Scheme::Gguf } else { Scheme::Decoder };
    let mut tensors = Tensors::new(checkpoint, scheme);
    let sizes = Sizes::open(fields, &tensors)?;
    let rope = Rope::open(fields, &mut tensors, sizes.head_dim, 10_000.0, RopePairs::Halves)?;
    let variant = match generation {
        Generation::Two => Variant { family: "qwen2", rope, head_norms: false, qkv_bias: true },
        Generation::Three => Variant { family: "qwen3", rope, head_norms: true, qkv_bias: false },
    };
    Ok(Box::new(PreNorm::open(&sizes, tensors, variant)?))
}
