//! A vocabulary for a model whose words say nothing: GPT-2's 256 bytes, an end, and padding as converters write it.

use super::Gguf;

/// Types of tokens.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const UNUSED: i32 = 5;

/// Writes `tokenizer.ggml.*` of so many tokens, 259 at least.
pub(super) fn bytes_and_padding(file: &mut Gguf, tokens: usize) {
    let mut words: Vec<String> = bytes().iter().map(char::to_string).collect();
    // Readers want merges: "the" is one token.
    words.extend(["th", "the", "<|endoftext|>"].map(String::from));
    let end = words.len() - 1;
    words.extend((words.len()..tokens).map(|id| format!("[PAD{id}]")));
    let kind = |id: usize| match id.cmp(&end) {
        std::cmp::Ordering::Less => NORMAL,
        std::cmp::Ordering::Equal => CONTROL,
        std::cmp::Ordering::Greater => UNUSED,
    };
    let kinds: Vec<i32> = (0..words.len()).map(kind).collect();
    file.word("tokenizer.ggml.model", "gpt2");
    file.word("tokenizer.ggml.pre", "qwen2");
    file.words("tokenizer.ggml.tokens", &words);
    file.integers("tokenizer.ggml.token_type", &kinds);
    file.words("tokenizer.ggml.merges", &["t h", "th e"].map(String::from));
    file.count("tokenizer.ggml.eos_token_id", end);
}

/// The characters that GPT-2 writes the bytes with: those that can be seen are themselves, the others follow from 256 on.
fn bytes() -> [char; 256] {
    let mut next = 256;
    std::array::from_fn(|byte| {
        let is_seen = matches!(byte, 33..=126 | 161..=172 | 174..=255);
        next += u32::from(!is_seen);
        char::from_u32(if is_seen { byte as u32 } else { next - 1 }).unwrap_or('?')
    })
}
