//! GPT-2's byte alphabet: every byte is one printable character in a byte-level vocabulary.

/// The byte that `character` stands for, or `None` if it is not of the alphabet.
/// Source: `bytes_to_unicode` in <https://github.com/openai/gpt-2/blob/master/src/encoder.py>.
pub(crate) fn byte_of(character: char) -> Option<u8> {
    let code = character as u32;
    match code {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => Some(code as u8),
        // The 68 bytes that are not printable follow 256 in order.
        0x100..=0x120 => Some((code - 0x100) as u8),
        0x121..=0x142 => Some((code - 0x121 + 0x7f) as u8),
        0x143 => Some(0xad),
        _ => None,
    }
}

/// Moves the whole characters at the front of `pending` to text. Bytes that can never become a character turn into
/// U+FFFD; up to three bytes that may still become one stay.
pub(crate) fn take_characters(pending: &mut Vec<u8>) -> String {
    let mut out = String::new();
    loop {
        match std::str::from_utf8(pending) {
            Ok(text) => {
                out.push_str(text);
                pending.clear();
                return out;
            }
            Err(error) => {
                let valid = error.valid_up_to();
                out.push_str(&String::from_utf8_lossy(&pending[..valid]));
                match error.error_len() {
                    None => {
                        pending.drain(..valid);
                        return out;
                    }
                    Some(bad) => {
                        out.push('\u{fffd}');
                        pending.drain(..valid + bad);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabet_covers_every_byte_once() {
        let mut bytes: Vec<u8> = (0..0x200).filter_map(char::from_u32).filter_map(byte_of).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
        assert_eq!(byte_of('Ġ'), Some(b' '));
        assert_eq!(byte_of('Ċ'), Some(b'\n'));
        assert_eq!(byte_of('ł'), Some(0xa0));
    }

    #[test]
    fn partial_characters_stay_and_bad_bytes_are_replaced() {
        let mut pending = "é€".as_bytes()[..4].to_vec();
        assert_eq!(take_characters(&mut pending), "é");
        assert_eq!(pending, &"€".as_bytes()[..2]);
        pending.push(b'!');
        assert_eq!(take_characters(&mut pending), "\u{fffd}!");
        let mut pending = vec![b'a', 0xff, b'b', 0xf0, 0x9f];
        assert_eq!(take_characters(&mut pending), "a\u{fffd}b");
        assert_eq!(pending, [0xf0, 0x9f]);
    }
}
