//! Matrix products of the CPU backend beside candle-core's `QMatMul`, compiled with the same flags.
//!
//! Built by `cargo xtask bench --kernels`, once a build of the module. JavaScript keeps the time:
//!
//! ```js
//! const matrix = new Ours('q4_0', 2048, 2048, 1); // dtype, rows, columns, tokens
//! matrix.run(100);
//! ```

use std::borrow::Cow;

use candle_core::{
    Device, Module as _, Tensor,
    quantized::{GgmlDType, QMatMul, QStorage, QTensor},
};
use cpu::CpuBackend;
use graph::{Backend, Buffers, DType, Graph, LeafKind, PlanId};
use tests::ops::{Rng, quantized, reals};
use wasm_bindgen::prelude::*;

/// One `linear` of the CPU backend.
#[wasm_bindgen]
pub struct Ours {
    backend: CpuBackend,
    plan: PlanId,
}

#[wasm_bindgen]
impl Ours {
    /// A random weight `[rows, columns]` and random activations `[tokens, columns]`.
    ///
    /// # Errors
    /// If the backend refuses them.
    #[wasm_bindgen(constructor)]
    pub fn new(dtype: &str, rows: usize, columns: usize, tokens: usize) -> Result<Ours, JsError> {
        let dtype = dtype_named(dtype)?;
        let mut graph = Graph::new();
        let input = graph.leaf(LeafKind::Input, "input", DType::F32, [tokens, columns]);
        let weight = graph.leaf(LeafKind::Weight, "weight", dtype, [rows, columns]);
        let output = graph.linear(input, weight, None);
        graph.output("output", output);
        let graph = graph.finish()?;
        let mut backend = CpuBackend::new();
        let mut buffers = Buffers::new();
        for (name, ty, bytes) in [
            ("input", graph.ty(input), activations(tokens * columns)),
            ("weight", graph.ty(weight), weights(dtype, rows * columns)),
            ("output", graph.ty(output), Vec::new()),
        ] {
            let id = backend.alloc(ty)?;
            backend.write(id, 0, &bytes)?;
            buffers.insert(name.into(), id);
        }
        let plan = now(backend.prepare(&graph, &buffers))?;
        Ok(Ours { backend, plan })
    }

    /// Multiplies so many times.
    ///
    /// # Errors
    /// Of the backend.
    pub fn run(&mut self, times: usize) -> Result<(), JsError> {
        for _ in 0..times {
            self.backend.run(self.plan)?;
        }
        Ok(())
    }
}

/// One `QMatMul` of candle-core.
#[wasm_bindgen]
pub struct Candle {
    weight: QMatMul,
    input: Tensor,
}

#[wasm_bindgen]
impl Candle {
    /// The same numbers as [`Ours::new`].
    ///
    /// # Errors
    /// If candle-core refuses them.
    #[wasm_bindgen(constructor)]
    pub fn new(dtype: &str, rows: usize, columns: usize, tokens: usize) -> Result<Candle, JsError> {
        let dtype = dtype_named(dtype)?;
        let bytes = weights(dtype, rows * columns);
        let storage = QStorage::from_data(Cow::Owned(bytes), &Device::Cpu, ggml(dtype)?)?;
        let weight = QMatMul::from_qtensor(QTensor::new(storage, (rows, columns))?)?;
        let numbers: Vec<f32> = activations(tokens * columns)
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        Ok(Candle { weight, input: Tensor::from_vec(numbers, (tokens, columns), &Device::Cpu)? })
    }

    /// Multiplies so many times.
    ///
    /// # Errors
    /// Of candle-core.
    pub fn run(&self, times: usize) -> Result<(), JsError> {
        for _ in 0..times {
            self.weight.forward(&self.input)?;
        }
        Ok(())
    }
}

/// Bytes that a weight has in a file.
///
/// # Errors
/// If there is no such dtype.
#[wasm_bindgen(js_name = weightBytes)]
pub fn weight_bytes(dtype: &str, rows: usize, columns: usize) -> Result<usize, JsError> {
    let dtype = dtype_named(dtype)?;
    Ok(rows * columns / dtype.block_len() * dtype.block_bytes())
}

fn activations(count: usize) -> Vec<u8> {
    let mut rng = Rng::named("activations");
    reals(&(0..count).map(|_| rng.normal()).collect::<Vec<f32>>())
}

/// A few rows of random numbers again and again: making them would take longer than multiplying.
fn weights(dtype: DType, elements: usize) -> Vec<u8> {
    let some = quantized(&mut Rng::named("weights"), dtype, elements.min(1 << 16));
    let bytes = elements / dtype.block_len() * dtype.block_bytes();
    some.iter().copied().cycle().take(bytes).collect()
}

fn dtype_named(name: &str) -> Result<DType, JsError> {
    let found = DType::WEIGHTS.iter().find(|dtype| dtype.to_string() == name);
    found.copied().ok_or_else(|| JsError::new(&format!("no dtype {name}")))
}

fn ggml(dtype: DType) -> Result<GgmlDType, JsError> {
    Ok(match dtype {
        DType::F32 => GgmlDType::F32,
        DType::F16 => GgmlDType::F16,
        DType::BF16 => GgmlDType::BF16,
        DType::Q4_0 => GgmlDType::Q4_0,
        DType::Q4_1 => GgmlDType::Q4_1,
        DType::Q5_0 => GgmlDType::Q5_0,
        DType::Q5_1 => GgmlDType::Q5_1,
        DType::Q8_0 => GgmlDType::Q8_0,
        DType::Q2K => GgmlDType::Q2K,
        DType::Q3K => GgmlDType::Q3K,
        DType::Q4K => GgmlDType::Q4K,
        DType::Q5K => GgmlDType::Q5K,
        DType::Q6K => GgmlDType::Q6K,
        DType::U32 => return Err(JsError::new("u32 is no weight")),
    })
}

/// The result of a task of the CPU backend, which is done when it is made.
fn now<T>(mut task: graph::Task<'_, T>) -> Result<T, graph::BackendError> {
    match task.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(result) => result,
        std::task::Poll::Pending => Err(graph::BackendError::Unavailable("the CPU backend waits".into())),
    }
}
