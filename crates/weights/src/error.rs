//! What can be wrong with a checkpoint.

use crate::SourceError;

/// Why a checkpoint cannot be opened or read. Offsets and lengths are bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum WeightsError {
    #[error("no .gguf and no .safetensors file among {files:?}")]
    NoWeights { files: Vec<String> },
    #[error("more than one GGUF file: {first} and {second}")]
    SeveralGguf { first: String, second: String },
    #[error("{file} is one of {count} parts; split GGUF files are not supported")]
    SplitGguf { file: String, count: u64 },
    #[error("two files are named {name}")]
    DuplicateFile { name: String },
    #[error("{file}: reading {length} bytes at {offset} failed: {source}")]
    Source { file: String, offset: u64, length: u64, source: SourceError },
    #[error("{file}: ends at {len}, but {need} bytes are needed at {offset}")]
    Truncated { file: String, offset: u64, need: u64, len: u64 },
    #[error("{file}: {bytes} bytes, more than the {limit} that such a file or header may have")]
    TooLarge { file: String, bytes: u64, limit: u64 },
    #[error("{file}: not a GGUF file, it starts with {magic:02x?}")]
    NotGguf { file: String, magic: [u8; 4] },
    #[error("{file}: GGUF version {version} is not supported (2 and 3 are)")]
    Version { file: String, version: u32 },
    #[error("{file}: states {count} {what}, at most {limit} are possible")]
    Count { file: String, what: &'static str, count: u64, limit: u64 },
    #[error("{file}: the name at {offset} is not UTF-8")]
    NotUtf8 { file: String, offset: u64 },
    #[error("{file}: value type {value_type} of `{key}` is unknown")]
    ValueType { file: String, key: String, value_type: u32 },
    #[error("{file}: `{key}` nests arrays deeper than {limit}")]
    Nesting { file: String, key: String, limit: u32 },
    #[error("{file}: metadata key `{key}` appears twice")]
    DuplicateKey { file: String, key: String },
    #[error("{file}: alignment {alignment} is not a power of two that is a multiple of 8")]
    Alignment { file: String, alignment: u64 },
    #[error("{file}: general.alignment is not an unsigned number")]
    AlignmentType { file: String },
    #[error("tensor `{tensor}` appears twice")]
    DuplicateTensor { tensor: String },
    #[error("tensor `{tensor}` has {count} dimensions, at most {limit} are possible")]
    Dimensions { tensor: String, count: u64, limit: u64 },
    #[error("tensor `{tensor}` of shape {shape:?} is larger than any memory")]
    Elements { tensor: String, shape: Vec<u64> },
    #[error("tensor `{tensor}`: rows of {columns} are no whole number of {dtype} blocks of {block}")]
    RowBlocks { tensor: String, columns: u64, dtype: String, block: u64 },
    #[error("tensor `{tensor}`: offset {offset} is not a multiple of the alignment {alignment}")]
    Misaligned { tensor: String, offset: u64, alignment: u64 },
    #[error("tensor `{tensor}`: {bytes} bytes at {offset} lie outside its file of {len}")]
    OutsideFile { tensor: String, offset: u64, bytes: u64, len: u64 },
    #[error("tensor `{tensor}`: its byte range {begin}..{end} is reversed")]
    ReversedRange { tensor: String, begin: u64, end: u64 },
    #[error("tensor `{tensor}`: shape and dtype need {expected} bytes, its range has {found}")]
    SizeMismatch { tensor: String, expected: u64, found: u64 },
    #[error("tensors `{first}` and `{second}` overlap at {offset}")]
    Overlap { first: String, second: String, offset: u64 },
    #[error("{file}: {message}")]
    Json { file: String, message: String },
    #[error("the index places tensor `{tensor}` in {shard}, which is not among the files")]
    MissingShard { shard: String, tensor: String },
    #[error("the index places tensor `{tensor}` in {shard}, which does not hold it")]
    NotInShard { shard: String, tensor: String },
    #[error("no tensor `{tensor}`")]
    UnknownTensor { tensor: String },
    #[error("tensor `{tensor}` is stored as {dtype}, which is not supported")]
    UnsupportedDType { tensor: String, dtype: String },
    #[error("tensor `{tensor}`: {length} bytes at {offset} lie outside its {bytes}")]
    OutsideTensor { tensor: String, offset: u64, length: u64, bytes: u64 },
}
