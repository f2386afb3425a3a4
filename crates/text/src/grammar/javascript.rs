//! Regular expressions of JavaScript, written as those of Rust. What means something else there is written another way, what
//! has no equal is refused.

use std::iter::Peekable;
use std::str::Chars;

use crate::TextError;

/// `source` and `flags` of a RegExp, so that it means the same.
pub(crate) fn translate(source: &str, flags: &str) -> Result<String, TextError> {
    if let Some(flag) = flags.chars().find(|flag| !['s', 'u'].contains(flag)) {
        return Err(unsupported(&format!("the flag {flag}")));
    }
    let dot_all = flags.contains('s');
    let mut writer = Writer { rest: source.chars().peekable(), out: String::new(), unicode: flags.contains('u') };
    while let Some(c) = writer.rest.next() {
        match c {
            '\\' => writer.escape(false)?,
            '[' => writer.class()?,
            '.' if dot_all => writer.out.push_str("(?s:.)"),
            '.' => writer.out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            '{' if !writer.is_count() => writer.out.push_str(r"\{"),
            _ => writer.out.push(c),
        }
    }
    Ok(writer.out)
}

struct Writer<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    unicode: bool,
}

impl Writer<'_> {
    /// After a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), TextError> {
        let Some(c) = self.rest.next() else { return Err(unsupported("it ends with a backslash")) };
        match c {
            // Of ASCII alone; classes may stand in classes.
            'd' => self.out.push_str("[0-9]"),
            'D' => self.out.push_str("[^0-9]"),
            'w' => self.out.push_str("[0-9A-Za-z_]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            's' => self.out.push_str(r"[\s\x{feff}]"),
            'S' => self.out.push_str(r"[^\s\x{feff}]"),
            'n' | 'r' | 't' | 'f' | 'v' => self.out.extend(['\\', c]),
            'b' if in_class => self.out.push_str(r"\x08"),
            '0' if !self.rest.peek().is_some_and(char::is_ascii_digit) => self.out.push_str(r"\x00"),
            'x' => self.hex(2)?,
            'u' if self.rest.peek() == Some(&'{') && self.unicode => self.braced(c),
            'u' => self.hex(4)?,
            'p' | 'P' if self.unicode => self.braced(c),
            c if c.is_ascii_alphanumeric() => return Err(unsupported(&format!("\\{c}"))),
            // To Rust these are the borders of words.
            '<' | '>' => self.out.push(c),
            c if c.is_ascii() => self.out.extend(['\\', c]),
            c => self.out.push(c),
        }
        Ok(())
    }

    /// An escape with what stands in braces behind it.
    fn braced(&mut self, c: char) {
        self.out.extend(['\\', c]);
        while let Some(c) = self.rest.next_if(|c| *c != '}') {
            self.out.push(c);
        }
    }

    /// So many digits of a character's number.
    fn hex(&mut self, digits: usize) -> Result<(), TextError> {
        let number: String = self.rest.by_ref().take(digits).collect();
        let is_hex = number.len() == digits && number.bytes().all(|digit| digit.is_ascii_hexdigit());
        let character = u32::from_str_radix(&number, 16).ok().and_then(char::from_u32).filter(|_| is_hex);
        let Some(character) = character else { return Err(unsupported(&format!("the character {number}"))) };
        self.out.push_str(&format!("\\x{{{:x}}}", character as u32));
        Ok(())
    }

    /// After `[`. Rust has classes in classes, and operations on them, where JavaScript has plain characters.
    fn class(&mut self) -> Result<(), TextError> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.peek() == Some(&']') {
            return Err(unsupported("a class without characters"));
        }
        loop {
            match self.rest.next() {
                None => return Err(unsupported("a class without an end")),
                Some(']') => break self.out.push(']'),
                Some('\\') => self.escape(true)?,
                Some('-') if self.out.ends_with('-') => self.out.push_str(r"\-"),
                Some(c @ ('[' | '&' | '~' | '^')) => self.out.extend(['\\', c]),
                Some(c) => self.out.push(c),
            }
        }
        Ok(())
    }

    /// Whether what follows `{` says how often something comes; otherwise the brace is a character.
    fn is_count(&self) -> bool {
        let mut rest = self.rest.clone();
        let mut numbers = String::new();
        while let Some(c) = rest.next_if(|c| c.is_ascii_digit() || *c == ',') {
            numbers.push(c);
        }
        let is_range = numbers.starts_with(|c: char| c.is_ascii_digit()) && numbers.matches(',').count() < 2;
        is_range && rest.next() == Some('}')
    }
}

fn unsupported(what: &str) -> TextError {
    TextError::Grammar { message: format!("the regular expression has {what}") }
}
