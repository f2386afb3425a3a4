//! A device is tried before it is trusted: drivers exist that miscompile a shader and say nothing, and a user then reads
//! nonsense. A tiny model of the same family and dtypes runs on the device and on the CPU, whose kernels are the reference.

mod probe;

use std::collections::BTreeMap;

use graph::{Backend, BackendError, Buffers, DType, Graph, LeafKind, Penalties, SampleParams};
use models::{Head, Model, Step, Task};
use weights::Checkpoint;

use crate::EngineError;
use crate::encode::{Batch, Cut, GPU_BUCKETS};
use crate::runtime::reals;

/// Largest normalized mean squared error that passes. Rounding leaves less than 1e-3, also where the reference quantizes
/// its activations; a kernel that is wrong is off by the size of the numbers themselves.
const LIMIT: f64 = 0.01;
/// Tokens of the steps that read a prompt, one after the other: a GPU has a kernel for many, and others for up to eight, four and
/// two.
const PROMPT: [usize; 4] = [10, 8, 4, 2];
/// Tokens of the last step, and of the longer text that is embedded: more than a tile of any kernel holds.
const MORE: usize = 40;
/// Candidates of the drawn token.
const TOP_K: u32 = 3;

/// What became of it.
pub(crate) struct Verdict {
    /// The largest error of what passed.
    pub(crate) error: f64,
    /// What did not pass before that, and why not, with the names of the sets of kernels.
    pub(crate) failed: Vec<String>,
}

/// Tries the kernels of the device, and plainer ones for as long as they fail and there are any. The device goes on with those
/// that pass.
pub(crate) async fn self_test(
    device: &mut dyn Backend,
    reference: &mut dyn Backend,
    model: &dyn Model,
) -> Result<Verdict, EngineError> {
    let mut failed = Vec::new();
    loop {
        let failure = match attempt(device, reference, model).await? {
            Ok(error) => return Ok(Verdict { error, failed }),
            Err(failure) => failure,
        };
        let details = device.facts().details;
        let has_dots = details.get("dots").is_some_and(|dots| dots == "on");
        let tier = if has_dots { "dots" } else { details.get("tier").map_or("", |tier| tier) };
        if !device.step_down() {
            return Err(failure);
        }
        failed.push(format!("{tier}: {failure}"));
    }
}

/// Tries the kernels that the device has now: the largest error, or why they are not to be trusted.
pub(crate) async fn attempt(
    device: &mut dyn Backend,
    reference: &mut dyn Backend,
    model: &dyn Model,
) -> Result<Result<f64, EngineError>, EngineError> {
    match trial(device, reference, model).await {
        Err(EngineError::WrongResults { step, error }) => Ok(Err(EngineError::WrongResults { step, error })),
        // A shader that does not compile here; plainer ones may.
        Err(EngineError::Backend(BackendError::Validation(why))) => Ok(Err(BackendError::Validation(why).into())),
        other => other.map(Ok),
    }
}

/// Runs the same steps on both and compares all results; the largest error. [`EngineError::WrongResults`] names the step.
async fn trial(device: &mut dyn Backend, reference: &mut dyn Backend, model: &dyn Model) -> Result<f64, EngineError> {
    let bytes = probe::like(model);
    let mut found = Bench::open(device, bytes.clone())?;
    let mut expected = Bench::open(reference, bytes)?;
    let outcome = compare(&mut found, &mut expected).await;
    found.close();
    expected.close();
    outcome
}

async fn compare(found: &mut Bench<'_>, expected: &mut Bench<'_>) -> Result<f64, EngineError> {
    let mut worst: f64 = 0.0;
    let mut scores = Vec::new();
    let trials = trials(found.model.as_ref());
    let graphs: Vec<Graph> = trials.iter().map(|trial| found.graph(trial)).collect::<Result<_, _>>()?;
    found.backend.compile(&graphs).await?;
    for trial in trials {
        let (found, expected) = (found.run(&trial).await?, expected.run(&trial).await?);
        let chosen = |is_right: bool| if is_right { 0.0 } else { f64::INFINITY };
        let error = match trial.only {
            Some(token) => chosen(found[0].to_bits() == token),
            // The token may be another one where two are as good; it is never a bad one.
            None if trial.is_choice() => chosen(is_likely(&scores, found[0].to_bits())),
            None => nmse(&expected, &found),
        };
        if error.is_nan() || error > LIMIT {
            return Err(EngineError::WrongResults { step: trial.name, error });
        }
        worst = worst.max(error);
        if !trial.is_choice() {
            scores = expected;
        }
    }
    Ok(worst)
}

/// A step with its inputs.
struct Trial {
    name: &'static str,
    step: Step,
    inputs: BTreeMap<&'static str, Vec<u32>>,
    output: &'static str,
    /// The token that it chooses, where no other can be right.
    only: Option<u32>,
}

impl Trial {
    /// Whether the result is a token.
    fn is_choice(&self) -> bool {
        self.output == "token"
    }
}

/// Every kind of step that an engine runs, one after the other on the same cache.
fn trials(model: &dyn Model) -> Vec<Trial> {
    let info = model.info();
    if info.task != Task::Generate {
        let cut = |ids: std::ops::Range<u32>| Cut { ids: ids.collect(), truncated: false };
        let batch = Batch::pack(&[cut(1..6), cut(20..20 + MORE as u32)], GPU_BUCKETS, info);
        let step = batch.step(Head::Embed);
        let inputs = batch.inputs().map(|(name, words)| (name, words.to_vec())).into();
        return vec![Trial { name: "an embedding", step, inputs, output: "embeddings", only: None }];
    }
    let decoder = |name, tokens: usize, start: u32, head| {
        let step = Step { tokens, rows: tokens, capacity: probe::CONTEXT, head };
        let params = SampleParams { temperature: 0.7, top_k: TOP_K, top_p: 0.9, min_p: 0.0, seed: 1, counter: 0 };
        let inputs = BTreeMap::from([
            ("ids", (start + 1..).take(tokens).collect()),
            ("positions", (start..).take(tokens).collect()),
            ("params", params.to_words().to_vec()),
            ("penalties", raising_the_last(start).to_words().to_vec()),
            ("mask", only(start + 1, info.vocabulary)),
        ]);
        let is_forced = matches!(head, Head::PenalizedGreedy | Head::Masked { .. });
        let output = if head == Head::Logits { "logits" } else { "token" };
        Trial { name, step, inputs, output, only: is_forced.then_some(start + 1) }
    };
    let mut next = 0;
    let mut trials = Vec::new();
    for tokens in PROMPT {
        trials.push(decoder("reading a prompt", tokens, next, Head::Logits));
        next += tokens as u32;
    }
    trials.extend([
        decoder("writing a token", 1, next, Head::Logits),
        // At the same position, so that the scores above are theirs.
        decoder("the likeliest token", 1, next, Head::Greedy),
        decoder("a drawn token", 1, next, Head::Sample),
        decoder("a penalized token", 1, next, Head::PenalizedGreedy),
        decoder("a masked token", 1, next, Head::Masked { draws: false, penalizes: false }),
        decoder("reading on", MORE, next, Head::Logits),
    ]);
    trials
}

/// Penalties that raise the token at a position above all others: who forgets them, or looks elsewhere, chooses another.
fn raising_the_last(position: u32) -> Penalties {
    Penalties { repetition: 1.0, frequency: 0.0, presence: -1e6, window: 0, prompt: position, length: position + 1 }
}

/// A mask that leaves one token.
fn only(token: u32, vocabulary: usize) -> Vec<u32> {
    let mut mask = vec![0; vocabulary.div_ceil(32)];
    if let Some(word) = mask.get_mut(token as usize / 32) {
        *word = 1 << (token % 32);
    }
    mask
}

/// Whether a token is among the best few of these scores, or about as good.
fn is_likely(scores: &[f32], token: u32) -> bool {
    let Some(&score) = scores.get(token as usize) else { return false };
    let (least, most) = scores.iter().fold((score, score), |(least, most), &x| (least.min(x), most.max(x)));
    let margin = 0.02 * (most - least);
    scores.iter().filter(|&&other| other > score + margin).count() < TOP_K as usize
}

fn nmse(expected: &[f32], found: &[f32]) -> f64 {
    let square = |x: f64| x * x;
    let error: f64 = expected.iter().zip(found).map(|(&e, &f)| square(f64::from(f) - f64::from(e))).sum();
    let energy: f64 = expected.iter().map(|&e| square(f64::from(e))).sum();
    error / energy
}

/// The probe on a backend.
struct Bench<'a> {
    backend: &'a mut dyn Backend,
    model: Box<dyn Model>,
    /// Weights and caches.
    kept: Buffers,
}

impl<'a> Bench<'a> {
    fn open(backend: &'a mut dyn Backend, bytes: Vec<u8>) -> Result<Bench<'a>, EngineError> {
        let mut checkpoint =
            Checkpoint::open(vec![weights::File { name: "probe.gguf".into(), source: Box::new(bytes) }])?;
        let model = models::open(&mut checkpoint)?;
        let mut kept = Buffers::new();
        for weight in model.weights() {
            let mut bytes = vec![0; weight.ty.bytes().unwrap_or(0) as usize];
            checkpoint.read(&weight.name, 0, &mut bytes)?;
            let buffer = backend.alloc(&weight.ty)?;
            backend.write(buffer, 0, &bytes)?;
            kept.insert(weight.name.clone(), buffer);
        }
        Ok(Bench { backend, model, kept })
    }

    fn graph(&self, trial: &Trial) -> Result<Graph, EngineError> {
        let mut graph = Graph::new();
        self.model.record(&mut graph, &trial.step);
        Ok(graph.finish()?)
    }

    /// Prepares, runs and reads one step; words of tokens as the bits of numbers.
    async fn run(&mut self, trial: &Trial) -> Result<Vec<f32>, EngineError> {
        let mut own = Buffers::new();
        let values = self.step(trial, &mut own).await;
        own.into_values().for_each(|buffer| self.backend.free(buffer));
        values
    }

    /// `own` are the buffers of this step alone.
    async fn step(&mut self, trial: &Trial, own: &mut Buffers) -> Result<Vec<f32>, EngineError> {
        let graph = self.graph(trial)?;
        for (_, leaf, ty) in graph.leaves() {
            match leaf.kind {
                LeafKind::Constant(_) => {}
                LeafKind::Input => {
                    let buffer = self.backend.alloc(ty)?;
                    own.insert(leaf.name.clone(), buffer);
                    if let Some(words) = trial.inputs.get(leaf.name.as_str()) {
                        self.backend.write(buffer, 0, bytemuck::cast_slice(words))?;
                    }
                }
                LeafKind::Weight | LeafKind::State if self.kept.contains_key(&leaf.name) => {}
                LeafKind::Weight | LeafKind::State => {
                    self.kept.insert(leaf.name.clone(), self.backend.alloc(ty)?);
                }
            }
        }
        let mut elements = 0;
        for output in graph.outputs() {
            let ty = graph.ty(output.value);
            debug_assert!(matches!(ty.dtype, DType::F32 | DType::U32));
            own.insert(output.name.clone(), self.backend.alloc(ty)?);
            elements = ty.shape.rows() * ty.shape.columns();
        }
        let bound: Buffers = self.kept.iter().chain(&*own).map(|(name, &buffer)| (name.clone(), buffer)).collect();
        let plan = self.backend.prepare(&graph, &bound).await?;
        self.backend.run(plan)?;
        let bytes = self.backend.read(own[trial.output], 0, 4 * elements).await?;
        self.backend.release(plan);
        Ok(reals(&bytes))
    }

    fn close(self) {
        self.kept.into_values().for_each(|buffer| self.backend.free(buffer));
    }
}
