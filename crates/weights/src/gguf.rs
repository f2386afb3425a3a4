//! GGUF v2 and v3, read front to back through a small window.
//! Layout: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use candle_core::quantized::GgmlDType;
use graph::DType;

use crate::metadata::{MetaValue, Metadata, NumberKind, Numbers, Strings};
use crate::ranges::{Entry, Stored, check_ranges};
use crate::reader::Reader;
use crate::{File, WeightsError};

/// A header larger than this is refused. The largest in use (262,144 tokens with merges) are below 16 MiB.
const HEADER_LIMIT: u64 = 128 << 20;
/// Far above any real file; keeps what small pairs cost in memory in proportion.
const PAIRS_LIMIT: u64 = 1 << 16;
const TENSORS_LIMIT: u64 = 1 << 16;
/// Names of keys and tensors. llama.cpp allows 64 bytes for tensors, the format 65,535 for keys.
const NAME_LIMIT: u64 = 1 << 16;
/// `GGML_MAX_DIMS`.
const DIMENSIONS_LIMIT: u64 = 4;
/// Arrays of arrays deeper than this are refused.
const NESTING_LIMIT: u32 = 4;

const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Reads the header of a GGUF file: its metadata and where its tensors are.
pub(crate) fn open(file: &mut File) -> Result<(Metadata, Vec<Entry>), WeightsError> {
    let mut reader = Reader::new(file, HEADER_LIMIT);
    let magic: [u8; 4] = reader.array()?;
    if &magic != b"GGUF" {
        return Err(WeightsError::NotGguf { file: reader.name(), magic });
    }
    let version = reader.u32()?;
    if version != 2 && version != 3 {
        return Err(WeightsError::Version { file: reader.name(), version });
    }
    let tensors = reader.u64()?;
    let pairs = reader.u64()?;
    check_limit(&reader, "tensors", tensors, TENSORS_LIMIT, 8 + 4 + 4 + 8)?;
    check_limit(&reader, "metadata pairs", pairs, PAIRS_LIMIT, 8 + 4 + 1)?;

    let metadata = read_metadata(&mut reader, pairs)?;
    let alignment = alignment(&reader, &metadata)?;
    if let Some(count) = metadata.get("split.count").and_then(MetaValue::as_u64).filter(|&count| count > 1) {
        return Err(WeightsError::SplitGguf { file: reader.name(), count });
    }

    let mut infos = Vec::new();
    for _ in 0..tensors {
        infos.push(read_tensor(&mut reader, alignment)?);
    }
    // The header's limit keeps this from overflowing.
    let data = reader.position().next_multiple_of(alignment);
    let len = reader.len();
    let mut entries = Vec::with_capacity(infos.len());
    for Info { name, stored, dims, offset } in infos {
        let Some(start) = data.checked_add(offset) else {
            return Err(WeightsError::OutsideFile { tensor: name, offset, bytes: 0, len });
        };
        entries.push(Entry::new(name, stored, &dims, start)?);
    }
    check_ranges(&entries, len)?;
    Ok((metadata, entries))
}

fn check_limit(reader: &Reader, what: &'static str, count: u64, limit: u64, bytes: u64) -> Result<(), WeightsError> {
    if count > limit {
        return Err(WeightsError::Count { file: reader.name(), what, count, limit });
    }
    reader.check_count(what, count, bytes)
}

fn read_metadata(reader: &mut Reader, pairs: u64) -> Result<Metadata, WeightsError> {
    let mut metadata = Metadata::default();
    for _ in 0..pairs {
        let key = read_name(reader)?;
        let value_type = reader.u32()?;
        let value = read_value(reader, &key, value_type, 0)?;
        metadata.insert(key, value).map_err(|key| WeightsError::DuplicateKey { file: reader.name(), key })?;
    }
    Ok(metadata)
}

/// Offsets count from the first multiple of this after the header: 32 unless the file says otherwise.
fn alignment(reader: &Reader, metadata: &Metadata) -> Result<u64, WeightsError> {
    let alignment = match metadata.get("general.alignment") {
        None => 32,
        Some(value) => value.as_u64().ok_or_else(|| WeightsError::AlignmentType { file: reader.name() })?,
    };
    if !alignment.is_power_of_two() || alignment < 8 || alignment > u32::MAX as u64 {
        return Err(WeightsError::Alignment { file: reader.name(), alignment });
    }
    Ok(alignment)
}

fn read_value(reader: &mut Reader, key: &str, value_type: u32, depth: u32) -> Result<MetaValue, WeightsError> {
    match value_type {
        STRING => {
            let mut bytes = Vec::new();
            let length = reader.u64()?;
            reader.append(length, &mut bytes)?;
            let text =
                String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
            Ok(MetaValue::String(text))
        }
        ARRAY => read_array(reader, key, depth),
        number => {
            let kind = number_kind(reader, key, number)?;
            let mut bytes = Vec::with_capacity(8);
            reader.append(kind.size() as u64, &mut bytes)?;
            Ok(kind.value(&bytes))
        }
    }
}

fn read_array(reader: &mut Reader, key: &str, depth: u32) -> Result<MetaValue, WeightsError> {
    if depth == NESTING_LIMIT {
        return Err(WeightsError::Nesting { file: reader.name(), key: key.into(), limit: NESTING_LIMIT });
    }
    let value_type = reader.u32()?;
    let count = reader.u64()?;
    match value_type {
        STRING => {
            reader.check_count("strings", count, 8)?;
            let mut strings = Strings::default();
            let mut bytes = Vec::new();
            for _ in 0..count {
                let length = reader.u64()?;
                bytes.clear();
                reader.append(length, &mut bytes)?;
                strings.push(&bytes);
            }
            Ok(MetaValue::Strings(strings))
        }
        ARRAY => {
            check_limit(reader, "nested arrays", count, PAIRS_LIMIT, 4 + 8)?;
            let mut arrays = Vec::new();
            for _ in 0..count {
                arrays.push(read_array(reader, key, depth + 1)?);
            }
            Ok(MetaValue::Nested(arrays))
        }
        number => {
            let kind = number_kind(reader, key, number)?;
            reader.check_count("numbers", count, kind.size() as u64)?;
            let mut bytes = Vec::new();
            reader.append(count * kind.size() as u64, &mut bytes)?;
            Ok(MetaValue::Numbers(Numbers::new(kind, bytes)))
        }
    }
}

fn number_kind(reader: &Reader, key: &str, value_type: u32) -> Result<NumberKind, WeightsError> {
    NumberKind::from_gguf(value_type).ok_or_else(|| WeightsError::ValueType {
        file: reader.name(),
        key: key.into(),
        value_type,
    })
}

/// A key or a tensor's name.
fn read_name(reader: &mut Reader) -> Result<String, WeightsError> {
    let offset = reader.position();
    let length = reader.u64()?;
    if length > NAME_LIMIT {
        return Err(WeightsError::Count {
            file: reader.name(),
            what: "bytes of a name",
            count: length,
            limit: NAME_LIMIT,
        });
    }
    let mut bytes = Vec::new();
    reader.append(length, &mut bytes)?;
    String::from_utf8(bytes).map_err(|_| WeightsError::NotUtf8 { file: reader.name(), offset })
}

/// A tensor as the header describes it; `dims` are turned outermost first, `offset` counts from the data section.
struct Info {
    name: String,
    stored: Stored,
    dims: Vec<u64>,
    offset: u64,
}

fn read_tensor(reader: &mut Reader, alignment: u64) -> Result<Info, WeightsError> {
    let name = read_name(reader)?;
    let count = reader.u32()? as u64;
    if count > DIMENSIONS_LIMIT {
        return Err(WeightsError::Dimensions { tensor: name, count, limit: DIMENSIONS_LIMIT });
    }
    let mut dims = Vec::new();
    for _ in 0..count {
        dims.push(reader.u64()?);
    }
    dims.reverse();
    let stored = stored(reader.u32()?);
    let offset = reader.u64()?;
    if !offset.is_multiple_of(alignment) {
        return Err(WeightsError::Misaligned { tensor: name, offset, alignment });
    }
    Ok(Info { name, stored, dims, offset })
}

/// `enum ggml_type`. What we cannot compute with keeps its size where candle or the name gives it.
fn stored(ggml_type: u32) -> Stored {
    let candle = |name: &str, dtype: GgmlDType| Stored::Other {
        name: name.into(),
        block: Some((dtype.block_size() as u64, dtype.type_size() as u64)),
    };
    let plain = |name: &str, bytes: u64| Stored::Other { name: name.into(), block: Some((1, bytes)) };
    match ggml_type {
        0 => Stored::Known(DType::F32),
        1 => Stored::Known(DType::F16),
        2 => Stored::Known(DType::Q4_0),
        3 => Stored::Known(DType::Q4_1),
        6 => Stored::Known(DType::Q5_0),
        7 => Stored::Known(DType::Q5_1),
        8 => Stored::Known(DType::Q8_0),
        9 => candle("q8_1", GgmlDType::Q8_1),
        10 => Stored::Known(DType::Q2K),
        11 => Stored::Known(DType::Q3K),
        12 => Stored::Known(DType::Q4K),
        13 => Stored::Known(DType::Q5K),
        14 => Stored::Known(DType::Q6K),
        15 => candle("q8_k", GgmlDType::Q8K),
        24 => plain("i8", 1),
        25 => plain("i16", 2),
        26 => plain("i32", 4),
        27 => plain("i64", 8),
        28 => plain("f64", 8),
        30 => Stored::Known(DType::BF16),
        other => Stored::Other { name: format!("ggml type {other}"), block: None },
    }
}

#[cfg(test)]
mod tests;
