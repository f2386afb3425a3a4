//! Files that JavaScript holds, read straight into the wasm heap.

use engine::{ByteSource, File, SourceError};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// `{ name: string, size: number, readAt(offset: number, into: Uint8Array): void }`. `readAt` fills `into` or throws.
    pub type JsFile;

    #[wasm_bindgen(method, getter)]
    fn name(this: &JsFile) -> String;

    #[wasm_bindgen(method, getter)]
    fn size(this: &JsFile) -> f64;

    #[wasm_bindgen(method, catch, js_name = readAt)]
    fn read_at(this: &JsFile, offset: f64, into: &Uint8Array) -> Result<(), JsValue>;
}

/// A file of a model.
pub(crate) fn file(file: JsFile) -> File {
    File { name: file.name(), source: Box::new(JsSource(file)) }
}

struct JsSource(JsFile);

impl ByteSource for JsSource {
    fn len(&self) -> u64 {
        self.0.size() as u64
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), SourceError> {
        // SAFETY: the view is used only during this call, in which nothing allocates in the wasm heap and so nothing
        // moves it; `into` is borrowed for as long, and every bit pattern is a valid byte.
        let view = unsafe { Uint8Array::view_mut_raw(into.as_mut_ptr(), into.len()) };
        self.0.read_at(offset as f64, &view).map_err(|thrown| SourceError { message: describe(&thrown) })
    }
}

fn describe(thrown: &JsValue) -> String {
    let message = Reflect::get(thrown, &"message".into()).ok().and_then(|message| message.as_string());
    message.or_else(|| thrown.as_string()).unwrap_or_else(|| "the file cannot be read".into())
}
