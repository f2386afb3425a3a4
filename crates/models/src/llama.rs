//! Llama ([Touvron et al., 2023](https://arxiv.org/abs/2302.13971)) and those shaped like it: SmolLM2, TinyLlama, Llama 3.

use graph::RopePairs;
use weights::Checkpoint;

use crate::decoder::{PreNorm, Sizes, Variant};
use crate::fields::Fields;
use crate::names::Scheme;
use crate::rope::Rope;
use crate::tensors::Tensors;
use crate::{Model, ModelError};

/// Opens a checkpoint whose architecture is `llama`.
pub(crate) fn open(fields: &Fields<'_>, checkpoint: &Checkpoint) -> Result<Box<dyn Model>, ModelError> {
    // llama.cpp permutes the rows of queries and keys so that a pair lies side by side; Hugging Face keeps halves.
    let (scheme, pairs) =
        if fields.is_gguf() { (Scheme::Gguf, RopePairs::Adjacent) } else { (Scheme::Decoder, RopePairs::Halves) };
    fields.activation(("", "hidden_act"), &["silu"])?;
    let mut tensors = Tensors::new(checkpoint, scheme);
    let sizes = Sizes::open(fields, &tensors)?;
    let rope = Rope::open(fields, &mut tensors, sizes.head_dim, 10_000.0, pairs)?;
    let variant = Variant { family: "llama", rope, head_norms: false, qkv_bias: false };
    Ok(Box::new(PreNorm::open(&sizes, tensors, variant)?))
}
