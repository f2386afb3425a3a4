//! Writes small safetensors files, and files of a model out of named parts.

use half::bf16;
use serde_json::{Value, json};
use weights::File;

/// A tensor with the name that its file gives it: shape outermost first.
pub(crate) type Named = (String, Vec<usize>, Vec<f32>);

/// A file of a model.
pub(crate) fn file(name: &str, bytes: impl Into<Vec<u8>>) -> File {
    File { name: name.into(), source: Box::new(bytes.into()) }
}

/// A JSON file of a model.
pub(crate) fn json_file(name: &str, value: &Value) -> File {
    file(name, value.to_string())
}

/// How a safetensors file stores numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    F32,
    BF16,
}

/// A safetensors file.
pub(crate) fn safetensors(tensors: &[Named], width: Width) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data: Vec<u8> = Vec::new();
    for (name, shape, values) in tensors {
        let begin = data.len();
        match width {
            Width::F32 => values.iter().for_each(|x| data.extend(x.to_le_bytes())),
            Width::BF16 => values.iter().for_each(|&x| data.extend(bf16::from_f32(x).to_le_bytes())),
        }
        let dtype = if width == Width::F32 { "F32" } else { "BF16" };
        header.insert(name.clone(), json!({"dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()]}));
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// The same tensors in two shards with an index.
pub(crate) fn sharded(tensors: &[Named]) -> Vec<File> {
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let (first, second) = tensors.split_at(tensors.len() / 2);
    let place = |part: &[Named], shard: &str| -> Vec<(String, Value)> {
        part.iter().map(|(name, ..)| (name.clone(), json!(shard))).collect()
    };
    let map: serde_json::Map<String, Value> =
        place(first, names[0]).into_iter().chain(place(second, names[1])).collect();
    vec![
        file(names[0], safetensors(first, Width::F32)),
        file(names[1], safetensors(second, Width::F32)),
        json_file("model.safetensors.index.json", &json!({"metadata": {}, "weight_map": map})),
    ]
}
