//! One face for both formats.

use std::collections::BTreeMap;

use graph::TensorType;

use crate::ranges::Entry;
use crate::reader::read_all;
use crate::{File, Metadata, WeightsError, gguf, safetensors};

/// Side files are small; the largest in use (a `tokenizer.json` of 262,144 tokens) has 33 MB.
const TEXT_LIMIT: u64 = 64 << 20;
/// JSON that is read into a tree: configurations.
const JSON_LIMIT: u64 = 4 << 20;

const INDEX: &str = "model.safetensors.index.json";

/// Where the weights came from; it decides how tensors are named and where the configuration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One `.gguf` file, configuration in its metadata.
    Gguf,
    /// One or more `.safetensors` files beside `config.json`.
    Safetensors,
}

/// A tensor that can be read.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// dtype and shape, outermost axis first.
    pub ty: TensorType,
    bytes: u64,
    file: usize,
    offset: u64,
}

impl Tensor {
    /// Size of the data in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// An opened model: named tensors, metadata and side files.
pub struct Checkpoint {
    format: Format,
    files: Vec<File>,
    tensors: BTreeMap<String, Tensor>,
    unsupported: BTreeMap<String, String>,
    metadata: Metadata,
}

impl Checkpoint {
    /// Opens the one `.gguf` among `files`, or else its `.safetensors`: those that `model.safetensors.index.json`
    /// names, or all of them where there is no index. Only headers are read.
    pub fn open(mut files: Vec<File>) -> Result<Checkpoint, WeightsError> {
        let mut names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(WeightsError::DuplicateFile { name: pair[0].into() });
        }
        let ggufs = positions(&files, ".gguf");
        if let [first, second, ..] = ggufs[..] {
            let (first, second) = (files[first].name.clone(), files[second].name.clone());
            return Err(WeightsError::SeveralGguf { first, second });
        }
        let mut found = Found::default();
        let (format, metadata) = match ggufs.first() {
            Some(&index) => {
                let (metadata, entries) = gguf::open(&mut files[index])?;
                found.add(index, entries)?;
                (Format::Gguf, metadata)
            }
            None => {
                open_safetensors(&mut files, &mut found)?;
                (Format::Safetensors, Metadata::default())
            }
        };
        let Found { tensors, unsupported } = found;
        Ok(Checkpoint { format, files, tensors, unsupported, metadata })
    }

    /// GGUF or safetensors.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The tensors that can be read, by name.
    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }

    /// Tensors that are there but stored in a dtype that is not supported: name and dtype. Reading one is an error,
    /// having one is not: a model may not need it.
    pub fn unsupported(&self) -> &BTreeMap<String, String> {
        &self.unsupported
    }

    /// Fills `into` with the bytes of `tensor` that start `offset` bytes into it.
    pub fn read(&mut self, tensor: &str, offset: u64, into: &mut [u8]) -> Result<(), WeightsError> {
        let Some(found) = self.tensors.get(tensor) else {
            let tensor = tensor.to_owned();
            return Err(match self.unsupported.get(&tensor) {
                Some(dtype) => WeightsError::UnsupportedDType { tensor, dtype: dtype.clone() },
                None => WeightsError::UnknownTensor { tensor },
            });
        };
        let length = into.len() as u64;
        if offset.checked_add(length).is_none_or(|end| end > found.bytes) {
            let bytes = found.bytes;
            return Err(WeightsError::OutsideTensor { tensor: tensor.into(), offset, length, bytes });
        }
        let file = &mut self.files[found.file];
        let offset = found.offset + offset;
        file.source.read_at(offset, into).map_err(|source| WeightsError::Source {
            file: file.name.clone(),
            offset,
            length,
            source,
        })
    }

    /// Key/value pairs of a GGUF file; empty for safetensors.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The same, to take large values out of.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The whole of a side file such as `tokenizer.json`, or `None` if there is none of that name.
    pub fn text_file(&mut self, name: &str) -> Result<Option<Vec<u8>>, WeightsError> {
        self.side_file(name, TEXT_LIMIT)
    }

    /// A side file such as `config.json`, parsed, or `None` if there is none of that name.
    pub fn json(&mut self, name: &str) -> Result<Option<serde_json::Value>, WeightsError> {
        let Some(bytes) = self.side_file(name, JSON_LIMIT)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| WeightsError::Json { file: name.into(), message: error.to_string() })
    }

    fn side_file(&mut self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, WeightsError> {
        self.files.iter_mut().find(|file| file.name == name).map(|file| read_all(file, limit)).transpose()
    }
}

/// Indices of the files whose names end in `suffix`.
fn positions(files: &[File], suffix: &str) -> Vec<usize> {
    (0..files.len()).filter(|&index| files[index].name.ends_with(suffix)).collect()
}

fn open_safetensors(files: &mut [File], found: &mut Found) -> Result<(), WeightsError> {
    let shards = positions(files, ".safetensors");
    let Some(index) = files.iter().position(|file| file.name == INDEX) else {
        if shards.is_empty() {
            return Err(WeightsError::NoWeights { files: files.iter().map(|file| file.name.clone()).collect() });
        }
        for shard in shards {
            let entries = safetensors::open(&mut files[shard])?;
            found.add(shard, entries)?;
        }
        return Ok(());
    };
    let placed = safetensors::read_index(&mut files[index])?;
    let mut open: BTreeMap<usize, BTreeMap<String, Entry>> = BTreeMap::new();
    for (tensor, shard) in placed {
        let Some(&file) = shards.iter().find(|&&file| files[file].name == shard) else {
            return Err(WeightsError::MissingShard { shard, tensor });
        };
        if let std::collections::btree_map::Entry::Vacant(place) = open.entry(file) {
            let entries = safetensors::open(&mut files[file])?;
            let mut named = BTreeMap::new();
            for entry in entries {
                if let Some(twice) = named.insert(entry.name.clone(), entry) {
                    return Err(WeightsError::DuplicateTensor { tensor: twice.name });
                }
            }
            place.insert(named);
        }
        match open.get_mut(&file).and_then(|named| named.remove(&tensor)) {
            Some(entry) => found.add(file, vec![entry])?,
            None => return Err(WeightsError::NotInShard { shard, tensor }),
        }
    }
    Ok(())
}

/// Collects what the headers list and refuses a name that comes twice.
#[derive(Default)]
struct Found {
    tensors: BTreeMap<String, Tensor>,
    unsupported: BTreeMap<String, String>,
}

impl Found {
    fn add(&mut self, file: usize, entries: Vec<Entry>) -> Result<(), WeightsError> {
        for Entry { name, ty, offset, bytes } in entries {
            if self.tensors.contains_key(&name) || self.unsupported.contains_key(&name) {
                return Err(WeightsError::DuplicateTensor { tensor: name });
            }
            match ty {
                Ok(ty) => {
                    self.tensors.insert(name, Tensor { ty, bytes: bytes.unwrap_or(0), file, offset });
                }
                Err(dtype) => {
                    self.unsupported.insert(name, dtype);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
