//! Text to token ids and back, as the model's own files say: tokenizer, special tokens, chat template, ends of a turn.

use std::collections::BTreeSet;

use serde_json::Value;
use text::{ChatTemplate, Decoder, Message, Normalized, Normalizer, Tokenizer};
use weights::{Checkpoint, Format, Metadata};

use crate::vocabulary;
use crate::{EngineError, Prompt};

/// Tokens that end a turn in the templates of the families that run here; a file may not list them as its end token.
const TURN_ENDS: [&str; 6] = ["<|im_end|>", "<end_of_turn>", "<|eot_id|>", "<|eom_id|>", "<|endoftext|>", "<|end|>"];

/// The model's way with text.
pub(crate) struct Prompts {
    tokenizer: Tokenizer,
    template: Template,
    bos: String,
    eos: String,
    ends: BTreeSet<u32>,
    /// How many special tokens go before and after a text.
    frame: [usize; 2],
}

enum Template {
    Absent,
    Broken(String),
    Ready(Box<ChatTemplate>),
}

impl Prompts {
    /// Reads `tokenizer.json` or GGUF's vocabulary, and what goes with it. `vocabulary` is the number of ids that the
    /// model has rows for. `unix_ms` is the date that templates see: that of the load, so that a conversation over
    /// midnight keeps its cached prefix.
    pub(crate) fn open(checkpoint: &mut Checkpoint, vocabulary: usize, unix_ms: f64) -> Result<Prompts, EngineError> {
        let tokenizer = match checkpoint.format() {
            Format::Gguf if vocabulary::is_there(checkpoint.metadata()) => {
                Tokenizer::from_vocabulary(vocabulary::read(checkpoint.metadata())?)?
            }
            _ => {
                let bytes = checkpoint.text_file("tokenizer.json")?;
                Tokenizer::from_json(&bytes.ok_or(EngineError::Missing("tokenizer.json"))?)?
            }
        };
        let config = checkpoint.json("tokenizer_config.json")?.unwrap_or(Value::Null);
        let mut found = Found::default();
        found.add_metadata(checkpoint.metadata(), &tokenizer);
        found.add_json(&config, &tokenizer);
        for name in ["generation_config.json", "config.json"] {
            if let Some(config) = checkpoint.json(name)? {
                found.ids(&config["eos_token_id"]);
            }
        }
        found.ends.extend(TURN_ENDS.iter().filter_map(|end| tokenizer.id(end)));
        found.ends.retain(|&id| (id as usize) < vocabulary);
        if let Some(bytes) = checkpoint.text_file("chat_template.jinja")? {
            found.template = Some(String::from_utf8_lossy(&bytes).into_owned());
        }
        let template = match found.template.map(|source| ChatTemplate::new(&source)) {
            None => Template::Absent,
            Some(Ok(mut template)) => {
                template.set_time(unix_ms as i64);
                Template::Ready(Box::new(template))
            }
            Some(Err(error)) => Template::Broken(error.to_string()),
        };
        let frame = frame(&tokenizer)?;
        Ok(Prompts { tokenizer, template, bos: found.bos, eos: found.eos, ends: found.ends, frame })
    }

    /// Whether chat prompts can be rendered.
    pub(crate) fn has_template(&self) -> bool {
        matches!(self.template, Template::Ready(_))
    }

    /// How many special tokens go before and after a text.
    pub(crate) fn frame(&self) -> [usize; 2] {
        self.frame
    }

    /// Turns text into ids and back.
    pub(crate) fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The tokens that end an answer.
    pub(crate) fn end_ids(&self) -> impl Iterator<Item = u32> + Clone {
        self.ends.iter().copied()
    }

    /// Whether a token ends the answer.
    pub(crate) fn ends(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }

    /// Ids of a text, with the special tokens that the files ask for around it. Those written in it are recognised.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        Ok(self.tokenizer.encode(text, true)?)
    }

    /// The same of a text in which nothing is a special token.
    pub(crate) fn encode_plain(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.encode(&self.tokenizer.plain(text))
    }

    /// Texts without spelling tricks; `words` are known beside those of the vocabulary.
    pub(crate) fn normalize(&self, texts: &[String], words: &[String]) -> Vec<Normalized> {
        let normalizer = Normalizer::new(words);
        texts.iter().map(|text| normalizer.normalize(text, &self.tokenizer)).collect()
    }

    /// Ids of a prompt with `ending` behind it, which may be empty. What a template has rendered begins with the file's
    /// start token once, whoever wrote it. Of a chat only what the template writes is a special token: what is said in a
    /// turn stays text, so that nobody can end it or begin another.
    pub(crate) fn ids(&self, prompt: &Prompt, ending: &str) -> Result<Vec<u32>, EngineError> {
        let ending = self.tokenizer.plain(ending);
        match prompt {
            Prompt::Tokens(ids) => Ok([ids.clone(), self.tokenizer.encode(&ending, false)?].concat()),
            Prompt::Text(text) => self.encode(&format!("{text}{ending}")),
            Prompt::Plain { text } => self.encode(&format!("{}{ending}", self.tokenizer.plain(text))),
            Prompt::Chat(messages) => {
                let template = match &self.template {
                    Template::Ready(template) => template,
                    Template::Absent => return Err(EngineError::Missing("chat template")),
                    Template::Broken(why) => return Err(EngineError::BadInput(format!("the chat template: {why}"))),
                };
                let plain = |text: &str| self.tokenizer.plain(text).into_owned();
                let messages: Vec<Message> = messages
                    .iter()
                    .map(|Message { role, content }| Message { role: plain(role), content: plain(content) })
                    .collect();
                let rendered = template.render(&messages, true, &self.bos, &self.eos)?;
                let is_started = !self.bos.is_empty() && rendered.starts_with(&self.bos);
                Ok(self.tokenizer.encode(&format!("{rendered}{ending}"), !is_started)?)
            }
        }
    }

    /// Of an answer, or of one whose first space counts.
    pub(crate) fn decoder(&self, keeps_space: bool) -> Decoder {
        if keeps_space { self.tokenizer.decoder_of_all() } else { self.tokenizer.decoder() }
    }

    /// The characters that `id` completes.
    pub(crate) fn push(&self, decoder: &mut Decoder, id: u32) -> Result<Option<String>, EngineError> {
        Ok(decoder.push(&self.tokenizer, id)?.filter(|piece| !piece.is_empty()))
    }

    /// The characters that the last tokens began and did not complete.
    pub(crate) fn flush(&self, decoder: &mut Decoder) -> Result<Option<String>, EngineError> {
        Ok(decoder.finish(&self.tokenizer)?.filter(|piece| !piece.is_empty()))
    }
}

/// What the files say, before it is put together.
#[derive(Default)]
struct Found {
    template: Option<String>,
    bos: String,
    eos: String,
    ends: BTreeSet<u32>,
}

impl Found {
    fn add_metadata(&mut self, metadata: &Metadata, tokenizer: &Tokenizer) {
        let id = |name: &str| {
            let value = metadata.get(&format!("tokenizer.ggml.{name}_token_id"))?.as_u64()?;
            u32::try_from(value).ok()
        };
        let word = |id: u32| tokenizer.token(id).unwrap_or_default();
        self.bos = id("bos").map(word).unwrap_or_default();
        self.eos = id("eos").map(word).unwrap_or_default();
        self.ends.extend(["eos", "eot", "eom"].into_iter().filter_map(id));
        self.template = metadata.get("tokenizer.chat_template").and_then(|value| value.as_str()).map(str::to_owned);
    }

    /// `tokenizer_config.json`. Tokens are words, or objects with the word in `content`.
    fn add_json(&mut self, config: &Value, tokenizer: &Tokenizer) {
        let word = |key: &str| {
            let value = &config[key];
            value.as_str().or_else(|| value["content"].as_str()).map(str::to_owned)
        };
        if let Some(bos) = word("bos_token") {
            self.bos = bos;
        }
        if let Some(eos) = word("eos_token") {
            self.ends.extend(tokenizer.id(&eos));
            self.eos = eos;
        }
        let template = &config["chat_template"];
        // Some models have several templates, by name.
        let named = template.as_array().into_iter().flatten().find(|entry| entry["name"] == "default");
        if let Some(source) = template.as_str().or_else(|| named?["template"].as_str()) {
            self.template = Some(source.to_owned());
        }
    }

    /// An id, or several.
    fn ids(&mut self, value: &Value) {
        let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        self.ends.extend(one(value));
        self.ends.extend(value.as_array().into_iter().flatten().filter_map(one));
    }
}

/// How many special tokens an encoding has before and after the text's own.
fn frame(tokenizer: &Tokenizer) -> Result<[usize; 2], EngineError> {
    let bare = tokenizer.encode("a", false)?;
    let framed = tokenizer.encode("a", true)?;
    let before = framed.windows(bare.len().max(1)).position(|window| window == bare).unwrap_or(0);
    Ok([before, framed.len().saturating_sub(before + bare.len())])
}
