//! The outer structure of a wasm file: sections, and the exports in one of them.

use anyhow::{Context, Result};

const HEADER: usize = 8;
const EXPORTS: u8 = 7;

/// The sections of a wasm file: their numbers and contents.
pub(super) fn sections(wasm: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = wasm.get(HEADER..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (&section, mut after) = rest.split_first()?;
        let size = number(&mut after)?;
        rest = after.get(size..).unwrap_or_default();
        Some((section, after.get(..size).unwrap_or_default()))
    })
}

/// The same file without the exports whose names begin so; what only they call, wasm-bindgen and wasm-opt then leave out.
pub(super) fn without_exports(wasm: &[u8], prefix: &str) -> Result<Vec<u8>> {
    let mut out = wasm.get(..HEADER).context("this is no wasm file")?.to_vec();
    for (section, content) in sections(wasm) {
        let fewer =
            if section == EXPORTS { Some(kept(content, prefix).context("exports end too soon")?) } else { None };
        let content = fewer.as_deref().unwrap_or(content);
        out.push(section);
        push_number(&mut out, content.len());
        out.extend(content);
    }
    Ok(out)
}

fn kept(mut exports: &[u8], prefix: &str) -> Option<Vec<u8>> {
    let (mut kept, mut count) = (Vec::<u8>::new(), 0);
    for _ in 0..number(&mut exports)? {
        let export = exports;
        let size = number(&mut exports)?;
        let name = exports.split_off(..size)?;
        exports.split_off_first()?; // its kind
        number(&mut exports)?;
        if !name.starts_with(prefix.as_bytes()) {
            kept.extend(&export[..export.len() - exports.len()]);
            count += 1;
        }
    }
    let mut out = Vec::new();
    push_number(&mut out, count);
    out.extend(kept);
    Some(out)
}

/// A number in LEB128, and what follows it.
fn number(bytes: &mut &[u8]) -> Option<usize> {
    let digits = 1 + bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let number = bytes[..digits].iter().rev().fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f));
    *bytes = &bytes[digits..];
    Some(number)
}

fn push_number(out: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_by_their_sizes() {
        let mut wasm = b"\0asm\x01\0\0\0\x01\x02ab\x0a\x81\x01".to_vec();
        wasm.extend([0; 129]);
        wasm.extend(b"\x0b\x01c");
        assert_eq!(sections(&wasm).collect::<Vec<_>>(), [(1, &b"ab"[..]), (10, &[0; 129]), (11, b"c")]);
    }

    #[test]
    fn exports_go_by_the_start_of_their_names() {
        let wasm = b"\0asm\x01\0\0\0\x01\x01a\x07\x13\x03\x02ab\0\x81\x01\x03xx1\0\x02\x03axx\0\x03\x0b\x01c";
        let fewer = without_exports(wasm, "xx").unwrap();
        assert_eq!(fewer, b"\0asm\x01\0\0\0\x01\x01a\x07\x0d\x02\x02ab\0\x81\x01\x03axx\0\x03\x0b\x01c");
        assert_eq!(without_exports(wasm, "y").unwrap(), wasm);
        assert!(without_exports(b"\0asm\x01\0\0\0\x07\x02\x03\x02", "xx").is_err());
    }
}
