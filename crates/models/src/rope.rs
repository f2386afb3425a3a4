//! Rotary embedding as files describe it: base, linear scaling, Llama 3's frequency factors.

use std::f64::consts::TAU;

use graph::RopePairs;
use serde_json::Value;

use crate::ModelError;
use crate::fields::Fields;
use crate::tensors::{Tensors, Weight};

/// The settings of `Op::Rope` for one layer.
#[derive(Clone, Debug)]
pub(crate) struct Rope {
    pub(crate) base: f32,
    pub(crate) position_scale: f32,
    pub(crate) pairs: RopePairs,
    pub(crate) factors: Option<Factors>,
}

/// Divisors of the frequencies, `[head_dim / 2]`.
#[derive(Clone, Debug)]
pub(crate) enum Factors {
    /// A tensor of the file.
    Stored(Weight),
    /// Computed from `config.json`.
    Computed(Vec<f32>),
}

impl Rope {
    /// Reads base and scaling. `default_base` stands for a missing base.
    pub(crate) fn open(
        fields: &Fields<'_>,
        tensors: &mut Tensors<'_>,
        head_dim: usize,
        default_base: f32,
        pairs: RopePairs,
    ) -> Result<Rope, ModelError> {
        let mut rope = Rope { base: default_base, position_scale: 1.0, pairs, factors: None };
        for key in ["rope_theta", "rope_parameters.rope_theta", "rope_parameters.full_attention.rope_theta"] {
            if let Some(base) = fields.maybe_number(("rope.freq_base", key))? {
                rope.base = base;
            }
        }
        if let Some(dims) = fields.maybe_count(("rope.dimension_count", "rope_dimension_count"), 1..=1 << 20)?
            && dims != head_dim
        {
            return Err(ModelError::Unsupported(format!("rotating {dims} of {head_dim} elements of a head")));
        }
        if fields.maybe_number(("", "partial_rotary_factor"))?.is_some_and(|part| part != 1.0) {
            return Err(ModelError::Unsupported("rotating a part of each head".into()));
        }
        if fields.is_gguf() {
            rope.scale_by_metadata(fields, tensors, head_dim)?;
        } else if let Some(scaling) = scaling(fields) {
            rope.scale_by_json(fields, scaling, head_dim)?;
        }
        Ok(rope)
    }

    fn scale_by_metadata(
        &mut self,
        fields: &Fields<'_>,
        tensors: &mut Tensors<'_>,
        head_dim: usize,
    ) -> Result<(), ModelError> {
        match fields.word(("rope.scaling.type", "")) {
            None | Some("none" | "linear") => {}
            Some(other) => return Err(ModelError::Unsupported(format!("rope scaling {other:?}"))),
        }
        let scale = match fields.maybe_number(("rope.scaling.factor", ""))? {
            Some(scale) => Some(scale),
            None => fields.maybe_number(("rope.scale_linear", ""))?,
        };
        self.position_scale = 1.0 / scale.unwrap_or(1.0);
        self.factors = tensors.maybe_vector("rope_freqs", "weight", head_dim / 2)?.map(Factors::Stored);
        Ok(())
    }

    fn scale_by_json(&mut self, fields: &Fields<'_>, scaling: &str, head_dim: usize) -> Result<(), ModelError> {
        let value = fields.json(if scaling == "rope_scaling" { "rope_scaling" } else { "rope_parameters" });
        let value = match value.and_then(|value| value.get("full_attention")) {
            Some(nested) => nested,
            None => value.unwrap_or(&Value::Null),
        };
        let kind = value.get("rope_type").or_else(|| value.get("type")).and_then(Value::as_str).unwrap_or("default");
        let number = |key: &str| match value.get(key).and_then(Value::as_f64).filter(|n| n.is_finite() && *n > 0.0) {
            Some(number) => Ok(number),
            None => Err(ModelError::MissingKey(format!("positive {scaling}.{key}"))),
        };
        match kind {
            "default" => {}
            "linear" => self.position_scale = (1.0 / number("factor")?) as f32,
            "llama3" => {
                let bounds = [number("low_freq_factor")?, number("high_freq_factor")?];
                let original = number("original_max_position_embeddings")?;
                let factors = llama3_factors(head_dim, self.base.into(), number("factor")?, bounds, original);
                self.factors = Some(Factors::Computed(factors));
            }
            other => return Err(ModelError::Unsupported(format!("rope scaling {other:?}"))),
        }
        Ok(())
    }
}

/// The key under which `config.json` describes scaling: the older name or that of transformers 5.
fn scaling(fields: &Fields<'_>) -> Option<&'static str> {
    ["rope_scaling", "rope_parameters"].into_iter().find(|key| fields.json(key).is_some())
}

/// Llama 3's division of low frequencies, smooth between the two bounds
/// ([modeling_rope_utils.py](https://github.com/huggingface/transformers/blob/main/src/transformers/modeling_rope_utils.py),
/// `_compute_llama3_parameters`). `[head_dim / 2]`.
pub(crate) fn llama3_factors(
    head_dim: usize,
    base: f64,
    factor: f64,
    [low, high]: [f64; 2],
    original_context: f64,
) -> Vec<f32> {
    let divisor = |pair: usize| {
        let wavelength = TAU * base.powf((2 * pair) as f64 / head_dim as f64);
        let turns = original_context / wavelength;
        if turns > high {
            return 1.0;
        }
        if turns < low {
            return factor;
        }
        let smooth = (turns - low) / (high - low);
        1.0 / ((1.0 - smooth) / factor + smooth)
    };
    (0..head_dim / 2).map(|pair| divisor(pair) as f32).collect()
}
