//! Which tokens a JSON schema or a regular expression allows next, by [llguidance](https://github.com/guidance-ai/llguidance).

use std::panic;
use std::sync::{Arc, Once};

use llguidance::api::{GrammarInit, SkipSpec, TopLevelGrammar};
use llguidance::derivre::RegexAst;
use llguidance::earley::Grammar;
use llguidance::earley::lexerspec::LexerSpec;
use llguidance::toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenizerEnv};
use llguidance::{Matcher, ParserFactory, panic_utils};
use serde_json::{Value, json};

use crate::{TextError, Tokenizer};

mod javascript;

/// A vocabulary, ready to be held against grammars. Made once a model: it sorts all of the tokens into a tree.
pub struct Grammars {
    factory: ParserFactory,
    tokens: usize,
}

/// One text as it grows, and what may come next in it.
pub struct GrammarState {
    matcher: Matcher,
    tokens: usize,
}

impl Grammars {
    /// The first `tokens` ids of a tokenizer. Those that have no text are never allowed.
    pub fn new(tokenizer: &Tokenizer, tokens: usize) -> Result<Grammars, TextError> {
        keep_panic_hook();
        let mut words = Vec::with_capacity(tokens + 1);
        for id in 0..tokens as u32 {
            let mut bytes = Vec::new();
            // Ids in the holes of a vocabulary are rows of the model all the same.
            if tokenizer.append_bytes(id, false, &mut bytes) != Ok(true) {
                bytes.clear();
            }
            words.push(bytes);
        }
        // Stands for every way to end a text, so that nothing here needs to know which those are.
        words.push(vec![TokTrie::SPECIAL_TOKEN_MARKER, b'.']);
        let info = TokRxInfo::new(words.len() as u32, tokens as u32);
        let vocabulary: TokEnv = Arc::new(Tree(TokTrie::from(&info, &words)));
        // Tokens of plain text inside a JSON string are taken together where a string may still be so long. More such groups cost
        // memory (16 MB each for Gemma's vocabulary) and gained nothing.
        let slices = [String::from(r#"[^"\\\x00-\x1F\x7F]{1,30}"#)];
        let mut factory =
            ParserFactory::new(&vocabulary, InferenceCapabilities::default(), &slices).map_err(refused)?;
        factory.quiet().limits_mut().verbose_errors = false;
        Ok(Grammars { factory, tokens })
    }

    /// JSON that a schema, itself given as JSON, accepts: on one line, with a space after `,` and `:`, and properties in the
    /// order of the schema. A model that may put white space anywhere would put it everywhere.
    pub fn json_schema(&self, schema: &str) -> Result<GrammarState, TextError> {
        let unsupported = |error: serde_json::Error| TextError::Grammar { message: error.to_string() };
        let mut schema: Value = serde_json::from_str(schema).map_err(unsupported)?;
        if let Value::Object(keys) = &mut schema {
            let layout = json!({ "whitespace_flexible": false, "item_separator": ", ", "key_separator": ": " });
            keys.insert("x-guidance".into(), layout);
        }
        self.state(GrammarInit::Serialized(TopLevelGrammar::from_json_schema(schema)))
    }

    /// Text that a regular expression of JavaScript matches as a whole. Of its flags `s` and `u` are known.
    pub fn regex(&self, source: &str, flags: &str) -> Result<GrammarState, TextError> {
        let pattern = javascript::translate(source, flags)?;
        let mut spec = LexerSpec::new().map_err(refused)?;
        spec.setup_lexeme_class_with_skip(SkipSpec::unbounded(RegexAst::NoMatch)).map_err(refused)?;
        spec.regex_builder.unicode(true);
        spec.regex_builder.utf8(true);
        let lexeme = spec
            .add_greedy_lexeme("regex".into(), RegexAst::Regex(pattern), false, None, usize::MAX)
            .map_err(refused)?;
        let mut grammar = Grammar::new(None);
        let start = grammar.fresh_symbol_ext("start", Default::default());
        grammar.sym_props_mut(start).is_start = true;
        let whole = grammar.fresh_symbol_ext("regex", Default::default());
        grammar.make_terminal(whole, lexeme, &spec).map_err(refused)?;
        grammar.add_rule(start, vec![whole]).map_err(refused)?;
        self.state(GrammarInit::Internal(grammar, spec))
    }

    fn state(&self, grammar: GrammarInit) -> Result<GrammarState, TextError> {
        let parser = self.factory.create_parser_from_init_default(grammar).map_err(refused)?;
        Ok(GrammarState { matcher: Matcher::new(Ok(parser)), tokens: self.tokens })
    }
}

impl GrammarState {
    /// Sets the bits of the tokens that may come next, bit `id % 32` of word `id / 32`, and clears all others. Whether the
    /// text may end here.
    pub fn allow(&mut self, allowed: &mut [u32]) -> Result<bool, TextError> {
        allowed.fill(0);
        if self.matcher.is_stopped() {
            return self.matcher.stop_reason().is_ok().then_some(true).ok_or_else(|| self.failed());
        }
        let mask = self.matcher.compute_mask().map_err(refused)?;
        let words = mask.as_slice();
        let (end, bit) = (self.tokens / 32, self.tokens % 32);
        let may_end = words.get(end).is_some_and(|word| word >> bit & 1 == 1);
        allowed.iter_mut().zip(words).for_each(|(to, from)| *to = *from);
        if let Some(last) = allowed.get_mut(end) {
            *last &= !(1 << bit);
        }
        Ok(may_end)
    }

    /// A token that was allowed has come.
    pub fn push(&mut self, token: u32) -> Result<(), TextError> {
        self.matcher.consume_token(token).map_err(refused)
    }

    fn failed(&self) -> TextError {
        TextError::Grammar { message: self.matcher.get_error().unwrap_or_default() }
    }
}

/// The tokens by their bytes. Nothing is forced, so texts are never cut into tokens here.
struct Tree(TokTrie);

impl TokenizerEnv for Tree {
    fn tok_trie(&self) -> &TokTrie {
        &self.0
    }

    fn tokenize_bytes(&self, text: &[u8]) -> Vec<u32> {
        self.0.greedy_tokenize(text)
    }

    fn tokenize_is_canonical(&self) -> bool {
        false
    }
}

fn refused(error: impl std::fmt::Display) -> TextError {
    let message = error.to_string();
    // What it adds for those who develop it.
    let message = message.split("\n<").next().unwrap_or_default().to_owned();
    if message.contains("Unsatisfiable schema") {
        return TextError::EmptyGrammar { message };
    }
    TextError::Grammar { message }
}

/// llguidance catches its own panics, and has a hook of the process say nothing of them. Where a panic ends everything, as it
/// does in wasm, that hook has to speak: it is put back before anything is done.
fn keep_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        // Does nothing, so nothing can be wrong.
        let _ = panic_utils::catch_unwind(|| Ok(()));
        panic::set_hook(hook);
    });
}

#[cfg(test)]
mod tests;
