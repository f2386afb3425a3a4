//! Heads that score a sequence by the encoder's first row, or by the mean of its rows.

use graph::{Activation, Graph, Value};
use serde_json::Value as Json;

use crate::fields::{Fields, Key};
use crate::layers::Linear;
use crate::names::Scheme;
use crate::tensors::Tensors;
use crate::{ModelError, Pooling, Task};

/// How scores become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scores {
    /// One label of many: they sum to 1.
    Softmax,
    /// Each label on its own.
    Sigmoid,
    /// A regression: as they are.
    Raw,
}

/// The labels by index, in GGUF.
const LABELS: Key = ("classifier.output_labels", "");

/// More labels than any model has.
const MAX_LABELS: usize = 1 << 20;

/// A dense layer, an activation, an output layer.
pub(crate) struct Classifier {
    dense: Linear,
    function: Activation,
    output: Linear,
    labels: Vec<String>,
    scores: Scores,
    pooling: Pooling,
}

impl Classifier {
    /// Whether the configuration names such a head. Files that llama.cpp's converter made of one name its labels.
    pub(crate) fn wanted(fields: &Fields<'_>) -> bool {
        if fields.is_gguf() {
            return fields.words(LABELS).is_some();
        }
        let names = fields.json("architectures").and_then(Json::as_array);
        names
            .into_iter()
            .flatten()
            .any(|name| name.as_str().is_some_and(|name| name.ends_with("ForSequenceClassification")))
    }

    pub(crate) fn open(
        scheme: Scheme,
        fields: &Fields<'_>,
        tensors: &mut Tensors<'_>,
        hidden: usize,
        pooling: Pooling,
    ) -> Result<Classifier, ModelError> {
        let count = tensors.rows("cls.output")?;
        let labels = labels(fields, count)?;
        // The key in GGUF is ours: llama.cpp's files do not say.
        let scores = match fields.word(("classifier.problem_type", "problem_type")) {
            Some("multi_label_classification") => Scores::Sigmoid,
            Some("single_label_classification") => Scores::Softmax,
            Some("regression") => Scores::Raw,
            // One label is a yes or no; transformers' pipeline does the same.
            None if count == 1 => Scores::Sigmoid,
            None => Scores::Softmax,
            Some(other) => return Err(ModelError::Unsupported(format!("problem_type {other:?}"))),
        };
        // The key is ModernBERT's; without it a head sees the first row, as those of BERT do.
        let pooling = match fields.word(("", "classifier_pooling")) {
            _ if fields.is_gguf() => pooling,
            None | Some("cls") => Pooling::First,
            Some("mean") => Pooling::Mean,
            Some(other) => return Err(ModelError::Unsupported(format!("classifier_pooling {other:?}"))),
        };
        Ok(Classifier {
            dense: Linear::with_bias(tensors, "cls", [hidden, hidden])?,
            function: if scheme == Scheme::DistilBert { Activation::Relu } else { Activation::Tanh },
            output: Linear::with_bias(tensors, "cls.output", [count, hidden])?,
            labels,
            scores,
            pooling,
        })
    }

    /// Which rows of a sequence it sees.
    pub(crate) fn pooling(&self) -> Pooling {
        self.pooling
    }

    pub(crate) fn task(&self) -> Task {
        Task::Classify { labels: self.labels.clone(), scores: self.scores }
    }

    /// `[R, hidden]` → `[R, labels]`
    pub(crate) fn record(&self, graph: &mut Graph, pooled: Value) -> Value {
        let x = self.dense.record(graph, pooled);
        let x = graph.activate(x, self.function);
        self.output.record(graph, x)
    }
}

/// The names in `id2label`, which must be as many as the head has rows; `LABEL_0` and so on without it.
fn labels(fields: &Fields<'_>, count: usize) -> Result<Vec<String>, ModelError> {
    if let Some(names) = fields.words(LABELS) {
        return match names.len() == count {
            true => Ok(names.iter().map(String::from).collect()),
            false => Err(fields.contradiction(LABELS, format!("{} labels", names.len()), count)),
        };
    }
    let key = ("", "id2label");
    let Some(map) = fields.json("id2label").and_then(Json::as_object) else {
        if count > MAX_LABELS {
            return Err(fields.contradiction(key, "absent", format!("the names of {count} labels")));
        }
        return Ok((0..count).map(|index| format!("LABEL_{index}")).collect());
    };
    let names: Option<Vec<String>> =
        (0..map.len()).map(|index| Some(map.get(&index.to_string())?.as_str()?.to_string())).collect();
    match names {
        Some(names) if names.len() == count => Ok(names),
        _ => Err(fields.contradiction(key, format!("{} labels", map.len()), format!("{count}, numbered from 0"))),
    }
}
