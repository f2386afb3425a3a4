//! Key/value metadata of a GGUF file, kept about as compactly as the file keeps it.

use std::collections::BTreeMap;

/// The key/value pairs of a GGUF header; empty for safetensors.
#[derive(Clone, Debug, Default)]
pub struct Metadata(BTreeMap<String, MetaValue>);

impl Metadata {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&MetaValue> {
        self.0.get(key)
    }

    /// All pairs, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &MetaValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Takes `key` out, so that a large value (a vocabulary) is not held twice.
    pub fn remove(&mut self, key: &str) -> Option<MetaValue> {
        self.0.remove(key)
    }

    /// Adds a pair; gives it back if the key is there already.
    pub(crate) fn insert(&mut self, key: String, value: MetaValue) -> Result<(), String> {
        if self.0.contains_key(&key) {
            return Err(key);
        }
        self.0.insert(key, value);
        Ok(())
    }
}

/// One metadata value. Numbers of any width are widened; arrays stay as stored.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are the types")]
pub enum MetaValue {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    String(String),
    Numbers(Numbers),
    Strings(Strings),
    /// An array of arrays.
    Nested(Vec<MetaValue>),
}

impl MetaValue {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            MetaValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// An integer that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            MetaValue::Unsigned(n) => Some(n),
            MetaValue::Signed(n) => u64::try_from(n).ok(),
            _ => None,
        }
    }

    /// Any single number.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            MetaValue::Unsigned(n) => Some(n as f64),
            MetaValue::Signed(n) => Some(n as f64),
            MetaValue::Float(n) => Some(n),
            _ => None,
        }
    }

    /// A truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match *self {
            MetaValue::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// An array of strings.
    pub fn strings(&self) -> Option<&Strings> {
        match self {
            MetaValue::Strings(strings) => Some(strings),
            _ => None,
        }
    }

    /// An array of numbers or truth values.
    pub fn numbers(&self) -> Option<&Numbers> {
        match self {
            MetaValue::Numbers(numbers) => Some(numbers),
            _ => None,
        }
    }
}

/// An array of strings in one piece: 262,144 tokens cost their text and four bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// Number of strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// String number `index`.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }

    /// The strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The strings, each on its own.
    pub fn to_vec(&self) -> Vec<String> {
        self.iter().map(str::to_owned).collect()
    }

    /// Appends bytes that should be UTF-8; what is not becomes U+FFFD, as a few old vocabularies need.
    /// The caller keeps the total below 4 GiB.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.text.push_str(&String::from_utf8_lossy(bytes));
        self.ends.push(self.text.len() as u32);
    }
}

/// An array of numbers of one type, as the file stores them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    kind: NumberKind,
    bytes: Vec<u8>,
}

/// GGUF's number types, with their size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberKind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    U64,
    I64,
    F64,
}

impl NumberKind {
    /// From GGUF's value type, unless that is a string (8), an array (9) or unknown.
    pub(crate) fn from_gguf(value_type: u32) -> Option<Self> {
        use NumberKind::*;
        Some(match value_type {
            0 => U8,
            1 => I8,
            2 => U16,
            3 => I16,
            4 => U32,
            5 => I32,
            6 => F32,
            7 => Bool,
            10 => U64,
            11 => I64,
            12 => F64,
            _ => return None,
        })
    }

    /// Bytes of one number.
    pub(crate) fn size(self) -> usize {
        use NumberKind::*;
        match self {
            U8 | I8 | Bool => 1,
            U16 | I16 => 2,
            U32 | I32 | F32 => 4,
            U64 | I64 | F64 => 8,
        }
    }

    /// The number at the front of `bytes`, which holds at least `size()` bytes.
    pub(crate) fn value(self, bytes: &[u8]) -> MetaValue {
        use NumberKind::*;
        let mut wide = [0; 8];
        wide[..self.size()].copy_from_slice(&bytes[..self.size()]);
        let raw = u64::from_le_bytes(wide);
        match self {
            U8 | U16 | U32 | U64 => MetaValue::Unsigned(raw),
            I8 => MetaValue::Signed(raw as i8 as i64),
            I16 => MetaValue::Signed(raw as i16 as i64),
            I32 => MetaValue::Signed(raw as i32 as i64),
            I64 => MetaValue::Signed(raw as i64),
            F32 => MetaValue::Float(f32::from_bits(raw as u32) as f64),
            F64 => MetaValue::Float(f64::from_bits(raw)),
            Bool => MetaValue::Bool(raw != 0),
        }
    }
}

impl Numbers {
    pub(crate) fn new(kind: NumberKind, bytes: Vec<u8>) -> Self {
        Numbers { kind, bytes }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.kind.size()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Each as a value of its own.
    pub fn iter(&self) -> impl Iterator<Item = MetaValue> + '_ {
        self.bytes.chunks_exact(self.kind.size()).map(|bytes| self.kind.value(bytes))
    }

    /// Each as `f32`, rounded where needed; truth values are 0 and 1.
    pub fn to_f32(&self) -> Vec<f32> {
        self.iter()
            .map(|value| value.as_f64().unwrap_or((value == MetaValue::Bool(true)) as u8 as f64) as f32)
            .collect()
    }

    /// Each as `i32`, clamped where needed; truth values are 0 and 1, fractions are cut off.
    pub fn to_i32(&self) -> Vec<i32> {
        self.to_i64().into_iter().map(|n| n.clamp(i32::MIN as i64, i32::MAX as i64) as i32).collect()
    }

    /// Each as `i64`, clamped where needed; truth values are 0 and 1, fractions are cut off.
    pub fn to_i64(&self) -> Vec<i64> {
        self.iter()
            .map(|value| match value {
                MetaValue::Unsigned(n) => i64::try_from(n).unwrap_or(i64::MAX),
                MetaValue::Signed(n) => n,
                MetaValue::Float(n) => n as i64,
                MetaValue::Bool(b) => b as i64,
                _ => 0,
            })
            .collect()
    }
}
