//! Opening a model and streaming its weights through one window into the backend.

use graph::{DType, TensorType};
use models::{Head, Step, Task, Weight};
use weights::{Checkpoint, File};

use crate::host::tell;
use crate::prompt::Prompts;
use crate::runtime::Runtime;
use crate::self_test::{Verdict, attempt, self_test};
use crate::tune::{Tuning, restore, tune};
use crate::{Device, Engine, EngineError, Event, Host, LoadOptions, ModelInfo, Sink};

/// Bytes that pass through this process at a time.
const WINDOW: usize = 4 << 20;
/// Tokens of the KV cache if the caller does not say.
const DEFAULT_CONTEXT: usize = 2048;
/// Milliseconds of loading after which other events are let in.
const SLICE_MS: f64 = 30.0;

impl Engine {
    /// Opens the files, checks them against the family they name, tries the device if it comes with a reference, and gives
    /// every weight to the backend. Files are closed when it returns; a cancelled or failed load leaves nothing on the device.
    pub async fn load(
        device: impl Into<Device>,
        files: Vec<File>,
        options: LoadOptions,
        host: Box<dyn Host>,
        mut sink: Sink<'_>,
    ) -> Result<Engine, EngineError> {
        if options.context == Some(0) {
            return Err(EngineError::BadInput("a context of 0 tokens".into()));
        }
        let mut checkpoint = Checkpoint::open(files)?;
        let model = models::open(&mut checkpoint)?;
        let prompts = Prompts::open(&mut checkpoint, model.info().vocabulary, host.unix_ms())?;
        let Device { mut backend, mut reference } = device.into();
        let tested = match &mut reference {
            Some(reference) => Some(self_test(backend.as_mut(), reference.as_mut(), model.as_ref()).await?),
            None => None,
        };
        let mut runtime = Runtime::new(backend, model);
        stream(&mut runtime, &mut checkpoint, host.as_ref(), &mut sink).await?;
        drop(checkpoint);
        let context = match runtime.model.info().task {
            Task::Generate => options.context.unwrap_or(DEFAULT_CONTEXT).min(runtime.model.info().context),
            _ => runtime.model.info().context,
        };
        let before = |chosen: String| Tuning { usual: chosen.clone(), chosen, reason: "measured before".into() };
        let mut tuning = options.tuning.map(before);
        if runtime.model.info().task == Task::Generate {
            // The caches are claimed now, so that a model that does not fit fails here and not in a first answer.
            let step = Step { tokens: 1, rows: 1, capacity: context, head: Head::Greedy };
            if let Some(Tuning { chosen, .. }) = &tuning {
                restore(&mut runtime, chosen);
            }
            runtime.prepare(step).await?;
            if options.tune && tuning.is_none() {
                let mut found = tune(&mut runtime, host.as_ref(), step).await?;
                // Only what is right may be fast. What is usual has been tried.
                let others = reference.as_mut().filter(|_| found.chosen != found.usual);
                if let Some(reference) = others
                    && let Err(failure) =
                        attempt(runtime.backend.as_mut(), reference.as_mut(), runtime.model.as_ref()).await?
                {
                    found.give_up(&mut runtime, &failure);
                    runtime.forget(&step);
                    runtime.prepare(step).await?;
                }
                tuning = Some(found);
            }
        }
        let mut info = describe(&runtime, &prompts, context);
        if let Some(Verdict { error, failed }) = tested {
            info.details.insert("selfTest", format!("passed, error {error:.1e}"));
            if !failed.is_empty() {
                info.details.insert("tierReason", failed.join("; "));
            }
        }
        if let Some(Tuning { chosen, reason, .. }) = tuning {
            info.details.insert("tuning", chosen);
            info.details.insert("tuningReason", reason);
        }
        Ok(Engine { runtime, prompts, host, info, pace: Default::default(), grammars: None, cached: Vec::new() })
    }
}

async fn stream(
    runtime: &mut Runtime,
    checkpoint: &mut Checkpoint,
    host: &dyn Host,
    sink: &mut Sink<'_>,
) -> Result<(), EngineError> {
    let weights: Vec<Weight> = runtime.model.weights().to_vec();
    let size = |weight: &Weight| TensorType::new(weight.stored, weight.ty.shape.clone()).bytes().unwrap_or(0);
    let total = weights.iter().map(size).sum();
    let (mut loaded, mut paused) = (0, host.now());
    tell(sink, Event::Load { loaded, total })?;
    let mut window = Vec::new();
    for weight in &weights {
        let buffer = runtime.backend.alloc(&weight.ty)?;
        runtime.weights.insert(weight.name.clone(), buffer);
        let bytes = size(weight);
        let (mut from, mut to) = (0, 0);
        while from < bytes {
            window.resize(WINDOW.min((bytes - from) as usize), 0);
            checkpoint.read(&weight.name, from, &mut window)?;
            from += window.len() as u64;
            loaded += window.len() as u64;
            if weight.stored == weight.ty.dtype {
                runtime.backend.write(buffer, to, &window)?;
                to += window.len() as u64;
            } else {
                let wide = widen(weight.stored, &window);
                runtime.backend.write(buffer, to, bytemuck::cast_slice(&wide))?;
                to += 4 * wide.len() as u64;
            }
            if host.now() - paused > SLICE_MS || loaded == total {
                tell(sink, Event::Load { loaded, total })?;
                host.pause().await;
                paused = host.now();
            }
        }
    }
    Ok(())
}

/// f16 or bf16 to f32, of an even number of bytes.
fn widen(stored: DType, bytes: &[u8]) -> Vec<f32> {
    let (words, _) = bytes.as_chunks::<2>();
    words
        .iter()
        .map(|&word| match stored {
            DType::BF16 => half::bf16::from_le_bytes(word).to_f32(),
            _ => half::f16::from_le_bytes(word).to_f32(),
        })
        .collect()
}

fn describe(runtime: &Runtime, prompts: &Prompts, context: usize) -> ModelInfo {
    let model = &runtime.model;
    let info = model.info();
    let facts = runtime.backend.facts();
    let mut by_dtype = std::collections::BTreeMap::<DType, u64>::new();
    for weight in model.weights() {
        *by_dtype.entry(weight.stored).or_default() += weight.ty.shape.elements().unwrap_or(0);
    }
    let bytes = |(dtype, elements): (&DType, &u64)| dtype.bytes(*elements).unwrap_or(0);
    let dtype = by_dtype.iter().max_by_key(|&entry| bytes(entry)).map(|(dtype, _)| dtype.name().to_string());
    ModelInfo {
        family: info.family,
        task: task_name(&info.task),
        parameters: model.parameters(),
        weight_bytes: by_dtype.iter().map(bytes).sum(),
        dtype: dtype.unwrap_or_default(),
        context,
        dimensions: info.dimensions,
        vocabulary: info.vocabulary,
        layers: info.layers,
        labels: match &info.task {
            Task::Classify { labels, .. } => labels.clone(),
            _ => Vec::new(),
        },
        chat: prompts.has_template(),
        device: facts.device,
        adapter: facts.name,
        details: facts.details,
    }
}

/// The word for a task.
pub(crate) fn task_name(task: &Task) -> &'static str {
    match task {
        Task::Embed => "embed",
        Task::Classify { .. } => "classify",
        Task::Generate => "generate",
    }
}
