//! Reads a header front to back through a small window, and never allocates ahead of the bytes it has seen.

use crate::{File, WeightsError};

/// Bytes fetched at once: headers are read front to back, so this only bounds the number of calls.
const WINDOW: usize = 64 << 10;

/// A cursor over a file. `limit` bounds how far a header may reach.
pub(crate) struct Reader<'a> {
    file: &'a mut File,
    len: u64,
    limit: u64,
    position: u64,
    window: Vec<u8>,
    at: usize,
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `file` that refuses to go beyond `limit` bytes.
    pub(crate) fn new(file: &'a mut File, limit: u64) -> Self {
        let len = file.source.len();
        Reader { file, len, limit, position: 0, window: Vec::new(), at: 0 }
    }

    /// Name of the file, for errors.
    pub(crate) fn name(&self) -> String {
        self.file.name.clone()
    }

    /// Bytes consumed so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Length of the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Checks a stated count of `what`, each of at least `bytes` bytes, against what the rest of the file can hold.
    pub(crate) fn check_count(&self, what: &'static str, count: u64, bytes: u64) -> Result<(), WeightsError> {
        let limit = (self.len - self.position) / bytes;
        if count > limit {
            return Err(WeightsError::Count { file: self.name(), what, count, limit });
        }
        Ok(())
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WeightsError> {
        let mut out = [0; N];
        self.check(N as u64)?;
        let mut filled = 0;
        while filled < N {
            let part = self.available(N - filled)?;
            out[filled..filled + part.len()].copy_from_slice(part);
            filled += part.len();
        }
        Ok(out)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, WeightsError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, WeightsError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Appends the next `count` bytes to `out`, growing it as bytes arrive.
    pub(crate) fn append(&mut self, count: u64, out: &mut Vec<u8>) -> Result<(), WeightsError> {
        self.check(count)?;
        let mut left = count;
        while left > 0 {
            let part = self.available(left.min(WINDOW as u64) as usize)?;
            out.extend_from_slice(part);
            left -= part.len() as u64;
        }
        Ok(())
    }

    /// The file must hold `count` more bytes, within the header's limit.
    fn check(&self, count: u64) -> Result<(), WeightsError> {
        if count > self.len - self.position {
            return Err(WeightsError::Truncated {
                file: self.name(),
                offset: self.position,
                need: count,
                len: self.len,
            });
        }
        let end = self.position + count;
        if end > self.limit {
            return Err(WeightsError::TooLarge { file: self.name(), bytes: end, limit: self.limit });
        }
        Ok(())
    }

    /// Up to `want` bytes, at least one; the caller has checked that the file holds them.
    fn available(&mut self, want: usize) -> Result<&[u8], WeightsError> {
        if self.at == self.window.len() {
            let size = (self.len - self.position).min(WINDOW as u64) as usize;
            self.window.resize(size, 0);
            self.at = 0;
            self.file.source.read_at(self.position, &mut self.window).map_err(|source| WeightsError::Source {
                file: self.file.name.clone(),
                offset: self.position,
                length: size as u64,
                source,
            })?;
        }
        let part = &self.window[self.at..][..want.min(self.window.len() - self.at)];
        self.at += part.len();
        self.position += part.len() as u64;
        Ok(part)
    }
}

/// A whole file of at most `limit` bytes.
pub(crate) fn read_all(file: &mut File, limit: u64) -> Result<Vec<u8>, WeightsError> {
    let bytes = file.source.len();
    if bytes > limit {
        return Err(WeightsError::TooLarge { file: file.name.clone(), bytes, limit });
    }
    let mut out = Vec::new();
    Reader::new(file, limit).append(bytes, &mut out)?;
    Ok(out)
}
