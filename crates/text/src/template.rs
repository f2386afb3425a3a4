//! Chat templates: the Jinja that a model's files carry, in the environment that transformers gives it.
//! Environment: `_compile_jinja_template` in
//! <https://github.com/huggingface/transformers/blob/main/src/transformers/utils/chat_template_utils.py>.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{Environment, Error, ErrorKind, context};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::TextError;
use crate::clock::strftime;

/// Work that any template may do, and what each byte of the messages adds to it: see `Environment::set_fuel`.
/// It bounds memory too, to about 64 bytes each.
const FUEL: u64 = 250_000;
const FUEL_PER_BYTE: u64 = 4;
/// Keeps what a template nests well inside a worker's stack.
const RECURSION: usize = 64;
/// The largest in use have about 20 KB.
const SOURCE_LIMIT: usize = 1 << 20;

/// Marks an error that the template raised itself.
const RAISED: &str = "raise_exception: ";

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user`, `assistant` or what else the template knows.
    pub role: String,
    /// What was said.
    pub content: String,
}

/// A compiled chat template.
pub struct ChatTemplate {
    environment: Environment<'static>,
}

impl ChatTemplate {
    /// Compiles `source`.
    pub fn new(source: &str) -> Result<Self, TextError> {
        if source.len() > SOURCE_LIMIT {
            let message = format!("{} bytes, more than the {SOURCE_LIMIT} that a template may have", source.len());
            return Err(TextError::TemplateSyntax { message });
        }
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| TextError::TemplateSyntax { message: describe(&error) })?);
        environment.set_recursion_limit(RECURSION);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.add_function("raise_exception", raise_exception);
        environment.add_filter("tojson", to_json);
        environment
            .add_template_owned("chat", without_generation_blocks(source))
            .map_err(|error| TextError::TemplateSyntax { message: describe(&error) })?;
        Ok(ChatTemplate { environment })
    }

    /// Gives the template a clock (`strftime_now`, UTC). Without one, templates that ask whether there is a clock use
    /// a date of their own.
    pub fn set_time(&mut self, unix_ms: i64) {
        self.environment.add_function("strftime_now", move |format: String| strftime(&format, unix_ms));
    }

    /// The prompt for `messages`. `bos` and `eos` are the texts of those tokens, empty where there are none.
    pub fn render(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
        bos: &str,
        eos: &str,
    ) -> Result<String, TextError> {
        let bytes: usize = messages.iter().map(|message| message.role.len() + message.content.len()).sum();
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(FUEL + FUEL_PER_BYTE * bytes as u64));
        let template = environment.get_template("chat").map_err(|error| failed(&error, messages.len()))?;
        template
            .render(context! {
                messages => Serde(messages), add_generation_prompt, bos_token => bos, eos_token => eos
            })
            .map_err(|error| failed(&error, messages.len()))
    }
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, format!("{RAISED}{message}")))
}

/// Python's `json.dumps`: spaces after separators, nothing escaped for HTML.
fn to_json(value: Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let mut out = Vec::new();
    let written = match indent {
        Some(width) => {
            let indent = " ".repeat(width.min(16));
            value.serialize(&mut Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(indent.as_bytes())))
        }
        None => value.serialize(&mut Serializer::with_formatter(&mut out, Spaced)),
    };
    written.map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    Ok(Value::from(String::from_utf8_lossy(&out).into_owned()))
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

/// transformers adds a `{% generation %}` block that marks what the model wrote, for training. Here it is a block that
/// is always taken, so that its control of whitespace stays.
fn without_generation_blocks(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        // `{%}` is no tag.
        let Some(length) = rest[start + 2..].find("%}") else { break };
        let (before, tag) = (&rest[..start], &rest[start + 2..start + 2 + length]);
        out.push_str(before);
        out.push_str("{%");
        match tag.trim_matches(|c: char| c.is_whitespace() || c == '-' || c == '+') {
            "generation" => out.push_str(&tag.replace("generation", "if true")),
            "endgeneration" => out.push_str(&tag.replace("endgeneration", "endif")),
            _ => out.push_str(tag),
        }
        rest = &rest[start + 2 + length..];
    }
    out + rest
}

fn failed(error: &Error, messages: usize) -> TextError {
    if error.kind() == ErrorKind::OutOfFuel {
        return TextError::TemplateBudget { messages };
    }
    match error.detail().and_then(|detail| detail.strip_prefix(RAISED)) {
        Some(message) => TextError::TemplateRefused { message: message.to_owned() },
        None => TextError::TemplateFailed { message: describe(error) },
    }
}

fn describe(error: &Error) -> String {
    let mut message = error.kind().to_string();
    if let Some(detail) = error.detail() {
        message = format!("{message}: {detail}");
    }
    match error.line() {
        Some(line) => format!("{message} (line {line})"),
        None => message,
    }
}

#[cfg(test)]
mod tests;
