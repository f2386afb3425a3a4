//! Every dtype, dequantized by the reference, by the CPU backend and by candle-core: the same f32, to the bit.

use std::borrow::Cow;

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device, Shape};
use cpu::CpuBackend;
use graph::{Backend, Buffers, DType, Graph, LeafKind, TensorType};
use pollster::block_on;
use tests::{
    ops::{Rng, quantized},
    reference,
};

const ROWS: usize = 64;
const COLUMNS: usize = 1024;

fn ggml(dtype: DType) -> GgmlDType {
    match dtype {
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
        DType::U32 => panic!("u32 holds no weights"),
    }
}

fn by_candle(dtype: DType, bytes: &[u8]) -> Vec<f32> {
    let device = Device::Cpu;
    let storage = QStorage::from_data(Cow::Borrowed(bytes), &device, ggml(dtype)).unwrap();
    let tensor = QTensor::new(storage, Shape::from((ROWS, COLUMNS))).unwrap();
    tensor.dequantize(&device).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Rows looked up by the CPU backend are dequantized rows; also of a table that is an output layer, which is packed.
fn by_cpu(dtype: DType, bytes: &[u8], tied: bool) -> Vec<f32> {
    let mut graph = Graph::new();
    let table = graph.leaf(LeafKind::Weight, "table", dtype, [ROWS, COLUMNS]);
    let index = graph.leaf(LeafKind::Input, "index", DType::U32, [ROWS]);
    let rows = graph.gather(table, index);
    graph.output("rows", rows);
    if tied {
        let logits = graph.linear(rows, table, None);
        graph.output("logits", logits);
    }
    let graph = graph.finish().unwrap();

    let mut backend = CpuBackend::new();
    let mut buffers = Buffers::new();
    for (name, ty) in [
        ("table", graph.ty(table).clone()),
        ("index", TensorType::new(DType::U32, [ROWS])),
        ("rows", TensorType::new(DType::F32, [ROWS, COLUMNS])),
        ("logits", TensorType::new(DType::F32, [ROWS, ROWS])),
    ] {
        buffers.insert(name.into(), backend.alloc(&ty).unwrap());
    }
    let index: Vec<u8> = (0..ROWS as u32).flat_map(u32::to_le_bytes).collect();
    backend.write(buffers["table"], 0, bytes).unwrap();
    backend.write(buffers["index"], 0, &index).unwrap();
    let plan = block_on(backend.prepare(&graph, &buffers)).unwrap();
    backend.run(plan).unwrap();
    let out = block_on(backend.read(buffers["rows"], 0, ROWS * COLUMNS * 4)).unwrap();
    reference::dequantize(DType::F32, &out)
}

/// All bits equal; signs of zeros too.
fn assert_same(what: &str, dtype: DType, want: &[f32], got: &[f32]) {
    assert_eq!(want.len(), got.len());
    for (i, (want, got)) in want.iter().zip(got).enumerate() {
        assert_eq!(want.to_bits(), got.to_bits(), "{what}, {dtype}, element {i}: {want} and {got}");
    }
}

#[test]
fn every_dtype_dequantizes_like_candle_to_the_bit() {
    for dtype in DType::WEIGHTS {
        let bytes = quantized(&mut Rng::named(dtype.name()), dtype, ROWS * COLUMNS);
        let want = by_candle(dtype, &bytes);
        assert!(want.iter().all(|x| x.is_finite()) && want.iter().any(|x| *x != 0.0));
        assert_same("reference", dtype, &want, &reference::dequantize(dtype, &bytes));
        assert_same("cpu", dtype, &want, &by_cpu(dtype, &bytes, false));
        let tied = by_cpu(dtype, &bytes, true);
        if let DType::F32 | DType::F16 | DType::BF16 = dtype {
            // Rounded to about 14 bits for each 32 numbers, which are of about one size.
            let apart = want.iter().zip(&tied).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let largest = want.iter().copied().map(f32::abs).fold(0.0, f32::max);
            assert!(apart > 0.0 && apart <= largest / 16_000.0, "{dtype}: {apart} of {largest}");
        } else {
            assert_same("cpu, packed", dtype, &want, &tied);
        }
    }
}
