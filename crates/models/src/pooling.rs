//! How an encoder's tokens become one vector, as the model's own files say.

use serde_json::Value;
use weights::{Checkpoint, Format};

use crate::ModelError;

/// How the rows of a sequence become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The mean of all rows.
    Mean,
    /// The first row.
    First,
    /// The last row.
    Last,
}

/// What happens to an encoder's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) pooling: Pooling,
    /// Whether vectors are brought to length 1.
    pub(crate) normalize: bool,
}

/// Reads `modules.json` and the pooling file it names (sentence-transformers), or GGUF's `pooling_type`.
/// A model with neither is averaged and normalised, which is what its users do with it.
pub(crate) fn read(checkpoint: &mut Checkpoint) -> Result<Output, ModelError> {
    if checkpoint.format() == Format::Gguf {
        return from_metadata(checkpoint);
    }
    let modules = checkpoint.json("modules.json")?;
    let modules = modules.as_ref().and_then(Value::as_array);
    let mut normalize = modules.is_none();
    let mut folder = "1_Pooling".to_string();
    for module in modules.into_iter().flatten() {
        let kind = module.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind.rsplit('.').next().unwrap_or_default() {
            "Transformer" => {}
            "Pooling" => folder = module.get("path").and_then(Value::as_str).unwrap_or(&folder).to_string(),
            "Normalize" => normalize = true,
            other => return Err(ModelError::Unsupported(format!("the module {other:?} of modules.json"))),
        }
    }
    let path = format!("{folder}/config.json");
    let pooling = match checkpoint.json(&path)? {
        Some(config) => from_config(&config)?,
        None if modules.is_some_and(|all| all.len() > 1) => return Err(ModelError::MissingKey(path)),
        None => Pooling::Mean,
    };
    Ok(Output { pooling, normalize })
}

fn from_config(config: &Value) -> Result<Pooling, ModelError> {
    let modes: Vec<&str> = config
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, on)| on.as_bool() == Some(true))
        .filter_map(|(key, _)| key.strip_prefix("pooling_mode_"))
        .collect();
    // Version 5 of sentence-transformers writes one word instead of flags.
    let word = config.get("pooling_mode").and_then(Value::as_str);
    match word.map_or(modes, |word| vec![word])[..] {
        ["mean_tokens" | "mean"] => Ok(Pooling::Mean),
        ["cls_token" | "cls"] => Ok(Pooling::First),
        ["lasttoken"] => Ok(Pooling::Last),
        ref other => Err(ModelError::Unsupported(format!("pooling by {other:?}"))),
    }
}

fn from_metadata(checkpoint: &Checkpoint) -> Result<Output, ModelError> {
    let metadata = checkpoint.metadata();
    let architecture = metadata.get("general.architecture").and_then(|value| value.as_str()).unwrap_or_default();
    // llama.cpp's enum llama_pooling_type.
    let pooling = match metadata.get(&format!("{architecture}.pooling_type")).and_then(|value| value.as_u64()) {
        None | Some(1) => Pooling::Mean,
        // 4 is "rank": a classifier on the first row.
        Some(2 | 4) => Pooling::First,
        Some(3) => Pooling::Last,
        Some(other) => return Err(ModelError::Unsupported(format!("GGUF pooling type {other}"))),
    };
    Ok(Output { pooling, normalize: true })
}
