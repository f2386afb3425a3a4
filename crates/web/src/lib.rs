//! The face that JavaScript sees: one [`Runtime`] per loaded model, a hash for downloads, and a report of panics.
//!
//! Only mechanism: which device, which prompt and which files are decided in `pkg/`. Options and results are plain
//! objects; a failed call throws `{ code, message }`. Calls of one runtime must not overlap.

mod device;
mod error;
mod host;
mod panic;
#[cfg(target_arch = "wasm32")]
mod relaxed;
mod sink;
mod source;
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "exports are written out for wasm only"))]
mod tasks;
#[cfg(target_feature = "atomics")]
mod threads;
#[cfg(not(target_feature = "atomics"))]
mod webgpu;

use engine::{CallOptions, EmbedOptions, Engine, GenerateOptions, LoadOptions, Prompt};
use js_sys::{Array, Float32Array, Function, Object, Reflect, Uint32Array};
use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::{Serializer, from_value};
use sha2::Digest;
use wasm_bindgen::prelude::*;

pub use error::Failure;
pub use source::JsFile;
#[cfg(target_feature = "atomics")]
pub use threads::{abandon, make_pool, work};

/// Options of [`Runtime::open`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OpenOptions {
    device: String,
    context: Option<usize>,
    power_preference: Option<String>,
    self_test: Option<bool>,
    tier: Option<String>,
    precision: Option<String>,
    tune: Option<bool>,
    tuning: Option<String>,
}

/// A loaded model on a device.
#[wasm_bindgen]
pub struct Runtime {
    engine: Engine,
}

#[wasm_bindgen(wasm_bindgen_futures = crate::tasks)]
impl Runtime {
    /// Opens a model's files (`{ name, size, readAt }`) on a device. Files are not read after it resolves.
    ///
    /// `sink` is told of everything that happens during a call; `false` from it ends the call.
    pub async fn open(files: Vec<JsFile>, options: JsValue, sink: Function) -> Result<Runtime, Failure> {
        let OpenOptions { device, context, power_preference, self_test, tier, precision, tune, tuning } =
            from_value(options)?;
        let is_quick = match precision.as_deref() {
            None | Some("exact") => false,
            Some("quick") => true,
            Some(other) => return Err(Failure::new("BAD_INPUT", &format!("there is no precision {other}"))),
        };
        let device = match device.as_str() {
            "wasm" => device::cpu(is_quick),
            "webgpu" => device::gpu(power_preference.as_deref(), tier.as_deref(), self_test.unwrap_or(true)).await?,
            other => return Err(Failure::new("BAD_INPUT", &format!("there is no device {other}"))),
        };
        let files = files.into_iter().map(source::file).collect();
        let options = LoadOptions { context, tune: tune.unwrap_or(false), tuning };
        let host = Box::new(host::BrowserHost::new()?);
        let engine = Engine::load(device, files, options, host, &mut sink::of(&sink)).await?;
        Ok(Runtime { engine })
    }

    /// What was loaded and where it runs.
    pub fn info(&self) -> Result<JsValue, Failure> {
        give(self.engine.info())
    }

    /// Bytes held by the backend.
    pub fn memory(&self) -> Result<JsValue, Failure> {
        give(&self.engine.memory())
    }

    /// Work done by the backend so far.
    pub fn counters(&self) -> Result<JsValue, Failure> {
        give(&self.engine.counters())
    }

    /// Vectors of texts: `{ dimensions, vectors: Float32Array, tokens, truncated }`.
    pub async fn embed(&mut self, texts: Vec<String>, options: JsValue, sink: Function) -> Result<JsValue, Failure> {
        let options: EmbedOptions = from_value(options)?;
        let mut result = self.engine.embed(&texts, &options, &mut sink::of(&sink)).await?;
        // A typed array is one copy; serde would make a number object of every element.
        let vectors = Float32Array::from(std::mem::take(&mut result.vectors).as_slice());
        let object = give(&result)?;
        Reflect::set(&object, &"vectors".into(), &vectors)?;
        Ok(object)
    }

    /// Labels with scores, best first, for each text.
    pub async fn classify(&mut self, texts: Vec<String>, options: JsValue, sink: Function) -> Result<JsValue, Failure> {
        let options: CallOptions = from_value(options)?;
        give(&self.engine.classify(&texts, &options, &mut sink::of(&sink)).await?)
    }

    /// Continues a prompt: a string, turns `{ role, content }[]`, or token ids. The text goes to the sink.
    pub async fn generate(&mut self, prompt: JsValue, options: JsValue, sink: Function) -> Result<JsValue, Failure> {
        let (prompt, options): (Prompt, GenerateOptions) = (from_value(prompt)?, from_value(options)?);
        give(&self.engine.generate(&prompt, &options, &mut sink::of(&sink)).await?)
    }

    /// Negative log-likelihood of each token but the first, in nats, each given all tokens before it.
    pub async fn score(&mut self, tokens: Vec<u32>, sink: Function) -> Result<Vec<f32>, Failure> {
        Ok(self.engine.score(&tokens, &mut sink::of(&sink)).await?)
    }

    /// How likely each ending is after a prompt: `{ logProbability, tokens }[]`, in nats.
    pub async fn continuations(
        &mut self,
        prompt: JsValue,
        endings: Vec<String>,
        options: JsValue,
        sink: Function,
    ) -> Result<JsValue, Failure> {
        let (prompt, options): (Prompt, CallOptions) = (from_value(prompt)?, from_value(options)?);
        give(&self.engine.continuations(&prompt, &endings, &options, &mut sink::of(&sink)).await?)
    }

    /// Texts with spelling tricks undone: `{ text, offsets: Uint32Array }[]`. Offsets are of UTF-16 units.
    pub fn normalize(&self, texts: Vec<String>, words: Vec<String>) -> Result<Array, Failure> {
        let found = Array::new();
        for normalized in self.engine.normalize(&texts, &words) {
            let object = Object::new();
            Reflect::set(&object, &"text".into(), &normalized.text.into())?;
            Reflect::set(&object, &"offsets".into(), &Uint32Array::from(normalized.offsets.as_slice()))?;
            found.push(&object);
        }
        Ok(found)
    }

    /// Tokens of a prompt, with everything that the template adds.
    #[wasm_bindgen(js_name = countTokens)]
    pub fn count_tokens(&self, prompt: JsValue) -> Result<usize, Failure> {
        Ok(self.engine.count_tokens(&from_value(prompt)?)?)
    }
}

/// SHA-256 in pieces, which Web Crypto cannot do.
#[wasm_bindgen]
#[derive(Default)]
pub struct Sha256(sha2::Sha256);

#[wasm_bindgen]
impl Sha256 {
    /// The hash of nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Sha256 {
        Sha256::default()
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest in hex. Frees the object.
    pub fn digest(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Calls back with the message of a panic. Nothing of this instance may be used after it.
#[wasm_bindgen(js_name = onPanic)]
pub fn on_panic(callback: Function) {
    panic::tell(callback);
}

#[wasm_bindgen(start)]
fn start() {
    panic::install();
}

fn give<T: Serialize>(value: &T) -> Result<JsValue, Failure> {
    Ok(value.serialize(&Serializer::json_compatible())?)
}
