//! The checkpoint readers against candle-core's, over the real models and over every dtype that candle can write.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File as Disk;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::rc::Rc;

use candle_core::quantized::{GgmlDType, QTensor, gguf_file};
use candle_core::{Device, Tensor};
use graph::DType;
use weights::{ByteSource, Checkpoint, File, Format, SourceError};

/// A file of the model folder, or `None` after saying that its model is not there.
pub(crate) fn model_file(id: &str, name: &str) -> Option<PathBuf> {
    let cache = || {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        Some(cache?.join("rushlight/models"))
    };
    let root = std::env::var_os("RUSHLIGHT_MODELS").map(PathBuf::from).or_else(cache);
    let path = root.map(|root| root.join(id).join(name)).filter(|path| path.is_file());
    if path.is_none() {
        assert!(std::env::var_os("REQUIRE_MODELS").is_none(), "model {id} not present");
        println!("skipped: model {id} not present");
    }
    path
}

/// A file on disk that counts what is read of it.
struct Counted {
    disk: Disk,
    len: u64,
    reads: Rc<Cell<(u64, u64)>>,
}

impl ByteSource for Counted {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), SourceError> {
        let (calls, bytes) = self.reads.get();
        self.reads.set((calls + 1, bytes + into.len() as u64));
        let read = self.disk.seek(SeekFrom::Start(offset)).and_then(|_| self.disk.read_exact(into));
        read.map_err(|error| SourceError { message: error.to_string() })
    }
}

/// Opens one file of the model folder; also gives the count of its reads and their bytes.
pub(crate) fn open(path: &PathBuf) -> (Checkpoint, Rc<Cell<(u64, u64)>>) {
    let disk = Disk::open(path).unwrap();
    let reads = Rc::new(Cell::new((0, 0)));
    let source = Counted { len: disk.metadata().unwrap().len(), disk, reads: reads.clone() };
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let files = vec![File { name, source: Box::new(source) }];
    (Checkpoint::open(files).unwrap(), reads)
}

fn dtype_of(candle: GgmlDType) -> Option<DType> {
    Some(match candle {
        GgmlDType::F32 => DType::F32,
        GgmlDType::F16 => DType::F16,
        GgmlDType::BF16 => DType::BF16,
        GgmlDType::Q4_0 => DType::Q4_0,
        GgmlDType::Q4_1 => DType::Q4_1,
        GgmlDType::Q5_0 => DType::Q5_0,
        GgmlDType::Q5_1 => DType::Q5_1,
        GgmlDType::Q8_0 => DType::Q8_0,
        GgmlDType::Q2K => DType::Q2K,
        GgmlDType::Q3K => DType::Q3K,
        GgmlDType::Q4K => DType::Q4K,
        GgmlDType::Q5K => DType::Q5K,
        GgmlDType::Q6K => DType::Q6K,
        GgmlDType::Q8_1 | GgmlDType::Q8K => return None,
    })
}

/// Names, dtypes, shapes, and the bytes at both ends of every tensor.
fn same_as_candle(checkpoint: &mut Checkpoint, file: &mut (impl Read + Seek)) {
    let candle = gguf_file::Content::read(file).unwrap();
    let ours: HashMap<String, (DType, Vec<usize>, u64)> = checkpoint
        .tensors()
        .iter()
        .map(|(name, tensor)| (name.clone(), (tensor.ty.dtype, tensor.ty.shape.dims().to_vec(), tensor.bytes())))
        .collect();
    assert_eq!(ours.len() + checkpoint.unsupported().len(), candle.tensor_infos.len());
    for (name, info) in &candle.tensor_infos {
        let Some(dtype) = dtype_of(info.ggml_dtype) else {
            assert!(checkpoint.unsupported().contains_key(name), "{name}");
            continue;
        };
        let (ours, shape, bytes) = &ours[name];
        assert_eq!((*ours, shape.as_slice()), (dtype, info.shape.dims()), "{name}");
        let size = (*bytes).min(4096);
        for offset in [0, bytes - size] {
            let (mut left, mut right) = (vec![0; size as usize], vec![0; size as usize]);
            checkpoint.read(name, offset, &mut left).unwrap();
            file.seek(SeekFrom::Start(candle.tensor_data_offset + info.offset + offset)).unwrap();
            file.read_exact(&mut right).unwrap();
            assert!(left == right, "{name} at {offset}");
        }
    }
    assert_eq!(checkpoint.metadata().iter().count(), candle.metadata.len());
    for (key, value) in &candle.metadata {
        let ours = checkpoint.metadata().get(key).unwrap();
        match value {
            gguf_file::Value::String(text) => assert_eq!(ours.as_str(), Some(text.as_str()), "{key}"),
            gguf_file::Value::Bool(flag) => assert_eq!(ours.as_bool(), Some(*flag), "{key}"),
            gguf_file::Value::U32(n) => assert_eq!(ours.as_u64(), Some(*n as u64), "{key}"),
            gguf_file::Value::F32(n) => assert_eq!(ours.as_f64(), Some(*n as f64), "{key}"),
            gguf_file::Value::Array(values) => match values.first() {
                Some(gguf_file::Value::String(_)) => {
                    let strings = ours.strings().unwrap();
                    assert_eq!(strings.len(), values.len(), "{key}");
                    assert!(
                        strings.iter().zip(values).all(|(ours, theirs)| ours == theirs.to_string().unwrap()),
                        "{key}"
                    );
                }
                Some(gguf_file::Value::F32(_)) => {
                    let theirs: Vec<f32> = values.iter().map(|value| value.to_f32().unwrap()).collect();
                    assert_eq!(ours.numbers().unwrap().to_f32(), theirs, "{key}");
                }
                Some(gguf_file::Value::I32(_)) => {
                    let theirs: Vec<i32> = values.iter().map(|value| value.to_i32().unwrap()).collect();
                    assert_eq!(ours.numbers().unwrap().to_i32(), theirs, "{key}");
                }
                other => panic!("{key}: compare {other:?} too"),
            },
            other => panic!("{key}: compare {other:?} too"),
        }
    }
}

fn real_gguf(id: &str, name: &str) {
    let Some(path) = model_file(id, name) else { return };
    let (mut checkpoint, reads) = open(&path);
    assert_eq!(checkpoint.format(), Format::Gguf);
    assert!(checkpoint.unsupported().is_empty());
    // The header and no more of the data than one window.
    let (calls, bytes) = reads.get();
    let header = gguf_file::Content::read(&mut Disk::open(&path).unwrap()).unwrap().tensor_data_offset;
    assert!(bytes <= header + (64 << 10), "{bytes} bytes read for a header of {header}");
    assert!(calls <= header / (64 << 10) + 2, "{calls} reads for a header of {header}");
    same_as_candle(&mut checkpoint, &mut Disk::open(&path).unwrap());
}

#[test]
fn smollm2_reads_as_in_candle() {
    real_gguf("smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
}

#[test]
fn gemma3_reads_as_in_candle() {
    real_gguf("gemma-3-270m", "gemma-3-270m-q4_k_m.gguf");
}

#[test]
fn every_dtype_reads_as_candle_writes_it() {
    let cpu = Device::Cpu;
    let values = Tensor::arange(0f32, 1536., &cpu).unwrap().reshape((3, 512)).unwrap();
    let dtypes = [
        GgmlDType::F32,
        GgmlDType::F16,
        GgmlDType::BF16,
        GgmlDType::Q4_0,
        GgmlDType::Q4_1,
        GgmlDType::Q5_0,
        GgmlDType::Q5_1,
        GgmlDType::Q8_0,
        GgmlDType::Q8K,
        GgmlDType::Q2K,
        GgmlDType::Q3K,
        GgmlDType::Q4K,
        GgmlDType::Q5K,
        GgmlDType::Q6K,
    ];
    let tensors: Vec<(String, QTensor)> =
        dtypes.into_iter().map(|dtype| (format!("{dtype:?}"), QTensor::quantize(&values, dtype).unwrap())).collect();
    let named: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let (name, flag) = (gguf_file::Value::String("x".into()), gguf_file::Value::Bool(true));
    let mut file = Cursor::new(Vec::new());
    gguf_file::write(&mut file, &[("general.name", &name), ("flag", &flag)], &named).unwrap();
    let files = vec![File { name: "all.gguf".into(), source: Box::new(file.get_ref().clone()) }];
    let mut checkpoint = Checkpoint::open(files).unwrap();
    assert_eq!(checkpoint.tensors().len(), DType::WEIGHTS.len());
    assert_eq!(checkpoint.unsupported()["Q8K"], "q8_k");
    file.set_position(0);
    same_as_candle(&mut checkpoint, &mut file);
}

#[test]
fn minilm_reads_as_in_candle() {
    let Some(path) = model_file("all-minilm-l6-v2", "model.safetensors") else { return };
    let (mut checkpoint, reads) = open(&path);
    assert_eq!(checkpoint.format(), Format::Safetensors);
    assert!(reads.get().1 < 128 << 10);
    let candle = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    assert_eq!(checkpoint.tensors().len() + checkpoint.unsupported().len(), candle.len());
    assert_eq!(checkpoint.unsupported()["embeddings.position_ids"], "I64");
    for (name, tensor) in candle.iter().filter(|(_, tensor)| tensor.dtype() == candle_core::DType::F32) {
        let ours = &checkpoint.tensors()[name];
        assert_eq!((ours.ty.dtype, ours.ty.shape.dims()), (DType::F32, tensor.dims()), "{name}");
        let mut bytes = vec![0; ours.bytes() as usize];
        checkpoint.read(name, 0, &mut bytes).unwrap();
        let theirs = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(bytes.chunks_exact(4).zip(theirs).all(|(ours, theirs)| ours == theirs.to_le_bytes()), "{name}");
    }
}
