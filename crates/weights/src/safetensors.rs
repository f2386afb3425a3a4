//! safetensors: a JSON header in front of the data, and the index that spreads a model over several files.
//! Layout: <https://huggingface.co/docs/safetensors/index#format>.

use std::collections::BTreeMap;
use std::fmt;

use graph::DType;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use crate::ranges::{Entry, Stored, check_ranges};
use crate::reader::{Reader, read_all};
use crate::{File, WeightsError};

/// The format's own limit on its header.
const HEADER_LIMIT: u64 = 100_000_000;
const INDEX_LIMIT: u64 = 16 << 20;
const DIMENSIONS_LIMIT: u64 = 8;

/// Reads the header of one safetensors file: where its tensors are.
pub(crate) fn open(file: &mut File) -> Result<Vec<Entry>, WeightsError> {
    let mut reader = Reader::new(file, HEADER_LIMIT + 8);
    let length = reader.u64()?;
    let mut json = Vec::new();
    reader.append(length, &mut json)?;
    let (start, len) = (reader.position(), reader.len());
    let file = reader.name();
    let Header(infos) =
        serde_json::from_slice(&json).map_err(|error| WeightsError::Json { file, message: error.to_string() })?;
    let mut entries = Vec::new();
    for (name, info) in infos {
        entries.push(entry(name, info, start, len)?);
    }
    check_ranges(&entries, len)?;
    Ok(entries)
}

/// `model.safetensors.index.json`: the file that holds each tensor.
pub(crate) fn read_index(file: &mut File) -> Result<BTreeMap<String, String>, WeightsError> {
    let json = read_all(file, INDEX_LIMIT)?;
    let index: Index = serde_json::from_slice(&json)
        .map_err(|error| WeightsError::Json { file: file.name.clone(), message: error.to_string() })?;
    Ok(index.weight_map)
}

fn entry(name: String, info: Info, start: u64, len: u64) -> Result<Entry, WeightsError> {
    let count = info.shape.len() as u64;
    if count > DIMENSIONS_LIMIT {
        return Err(WeightsError::Dimensions { tensor: name, count, limit: DIMENSIONS_LIMIT });
    }
    let [begin, end] = info.data_offsets;
    let Some(found) = end.checked_sub(begin) else {
        return Err(WeightsError::ReversedRange { tensor: name, begin, end });
    };
    let Some(offset) = start.checked_add(begin) else {
        return Err(WeightsError::OutsideFile { tensor: name, offset: begin, bytes: found, len });
    };
    let mut entry = Entry::new(name, stored(&info.dtype), &info.shape, offset)?;
    match entry.bytes {
        Some(expected) if expected != found => {
            return Err(WeightsError::SizeMismatch { tensor: entry.name, expected, found });
        }
        _ => entry.bytes = Some(found),
    }
    Ok(entry)
}

/// candle knows the size of what we do not compute with, so that a wrong range is still found.
fn stored(dtype: &str) -> Stored {
    match dtype {
        "F32" => Stored::Known(DType::F32),
        "F16" => Stored::Known(DType::F16),
        "BF16" => Stored::Known(DType::BF16),
        other => {
            let size = match other.to_ascii_lowercase().parse() {
                Ok(
                    dtype @ (candle_core::DType::U8
                    | candle_core::DType::U32
                    | candle_core::DType::I16
                    | candle_core::DType::I32
                    | candle_core::DType::I64
                    | candle_core::DType::F64),
                ) => Some(dtype.size_in_bytes() as u64),
                _ => None,
            };
            Stored::Other { name: other.to_owned(), block: size.map(|bytes| (1, bytes)) }
        }
    }
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Info {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// The header's tensors in its own order, so that a name given twice is seen twice.
struct Header(Vec<(String, Info)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut infos = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
            } else {
                infos.push((name, map.next_value()?));
            }
        }
        Ok(Header(infos))
    }
}

#[cfg(test)]
mod tests;
