//! Where bytes come from. Synchronous on purpose: a file natively, an OPFS sync access handle in a browser's worker.

/// Random access to the bytes of one file.
pub trait ByteSource {
    /// Length in bytes, constant for the life of the source.
    fn len(&self) -> u64;

    /// Fills `into` with the bytes that start at `offset`. Fewer bytes than asked for is an error.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), SourceError>;

    /// True if there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why a source could not deliver bytes, in the words of whoever holds them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// What went wrong.
    pub message: String,
}

/// A named file of a model.
pub struct File {
    /// Path inside the model, with forward slashes: `model.safetensors`, `1_Pooling/config.json`.
    pub name: String,
    /// Its bytes.
    pub source: Box<dyn ByteSource>,
}

impl ByteSource for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), SourceError> {
        let bytes =
            usize::try_from(offset).ok().and_then(|start| self.get(start..start.checked_add(into.len())?)).ok_or_else(
                || SourceError { message: format!("{} bytes at {offset} of {}", into.len(), self.as_slice().len()) },
            )?;
        into.copy_from_slice(bytes);
        Ok(())
    }
}
