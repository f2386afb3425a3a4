//! Writes small GGUF and safetensors files, right or wrong, for tests.

#![allow(missing_docs, dead_code, unreachable_pub, reason = "shared by unit tests and fuzz seeds")]

/// The bytes of a GGUF file under construction.
#[derive(Clone, Default)]
pub struct Gguf {
    pairs: u64,
    tensors: u64,
    body: Vec<u8>,
    infos: Vec<u8>,
    data: Vec<u8>,
}

impl Gguf {
    pub fn new() -> Self {
        Gguf::default()
    }

    /// A pair whose type and bytes are given.
    pub fn pair(mut self, key: &str, value_type: u32, value: &[u8]) -> Self {
        self.pairs += 1;
        self.body.extend(string(key));
        self.body.extend(value_type.to_le_bytes());
        self.body.extend(value);
        self
    }

    pub fn u32(self, key: &str, value: u32) -> Self {
        self.pair(key, 4, &value.to_le_bytes())
    }

    pub fn string(self, key: &str, value: &str) -> Self {
        self.pair(key, 8, &string(value))
    }

    pub fn strings(self, key: &str, values: &[&str]) -> Self {
        let mut bytes = 8u32.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        values.iter().for_each(|value| bytes.extend(string(value)));
        self.pair(key, 9, &bytes)
    }

    /// A tensor of ggml type `ty`; `dims` innermost first, as the file has them.
    pub fn tensor(mut self, name: &str, ty: u32, dims: &[u64], offset: u64) -> Self {
        self.tensors += 1;
        self.infos.extend(string(name));
        self.infos.extend((dims.len() as u32).to_le_bytes());
        dims.iter().for_each(|dim| self.infos.extend(dim.to_le_bytes()));
        self.infos.extend(ty.to_le_bytes());
        self.infos.extend(offset.to_le_bytes());
        self
    }

    /// Bytes of the data section.
    pub fn data(mut self, bytes: impl IntoIterator<Item = u8>) -> Self {
        self.data.extend(bytes);
        self
    }

    /// The file, with counts that are true.
    pub fn build(self) -> Vec<u8> {
        let (tensors, pairs) = (self.tensors, self.pairs);
        self.build_with(3, tensors, pairs)
    }

    /// The file, with a version and counts as given.
    pub fn build_with(self, version: u32, tensors: u64, pairs: u64) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(version.to_le_bytes());
        out.extend(tensors.to_le_bytes());
        out.extend(pairs.to_le_bytes());
        out.extend(self.body);
        out.extend(self.infos);
        if !self.data.is_empty() {
            out.resize(out.len().next_multiple_of(32), 0);
        }
        out.extend(self.data);
        out
    }
}

/// A string as GGUF writes it.
pub fn string(text: &str) -> Vec<u8> {
    let mut out = (text.len() as u64).to_le_bytes().to_vec();
    out.extend(text.as_bytes());
    out
}

/// A safetensors file of a header and its data.
pub fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    let mut out = string(header);
    out.extend(data);
    out
}
