//! Tokenizers, decoders and chat templates of the real models against ids that other programs computed.

use serde::Deserialize;
use text::{ChatTemplate, Message, Tokenizer, Vocabulary, VocabularyKind};
use weights::Metadata;

use crate::weights::{model_file, open};

const SMOLLM2: (&str, &str) = ("smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
const GEMMA3: (&str, &str) = ("gemma-3-270m", "gemma-3-270m-q4_k_m.gguf");

const PERPLEXITY: &str = include_str!("golden/perplexity.txt");

/// `tokens.json`: made by `tokens.py` with sentencepiece and with BPE written out in Python.
#[derive(Deserialize)]
struct Tokens {
    texts: Vec<String>,
    smollm2: Vec<Vec<u32>>,
    gemma3: Vec<Vec<u32>>,
    perplexity_smollm2: Vec<u32>,
    perplexity_gemma3: Vec<u32>,
}

/// What transformers made of the prompts of a model.
#[derive(Deserialize)]
struct Generated {
    prompts: Vec<String>,
    greedy: Vec<Greedy>,
}

#[derive(Deserialize)]
struct Greedy {
    prompt_ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Sentences {
    sentences: Vec<String>,
    input_ids: Vec<Vec<u32>>,
}

fn tokens() -> Tokens {
    serde_json::from_str(include_str!("golden/tokens.json")).unwrap()
}

fn vocabulary(kind: VocabularyKind, metadata: &Metadata) -> Vocabulary {
    let get = |key: &str| metadata.get(&format!("tokenizer.ggml.{key}"));
    let strings = |key| get(key).and_then(|value| value.strings()).map(|strings| strings.to_vec()).unwrap_or_default();
    let numbers = |key| get(key).and_then(|value| value.numbers());
    let id = |key| get(key).and_then(|value| value.as_u64()).map(|id| id as u32);
    let flag = |key| get(key).and_then(|value| value.as_bool());
    Vocabulary {
        kind,
        pre: get("pre").and_then(|value| value.as_str()).unwrap_or_default().to_owned(),
        tokens: strings("tokens"),
        scores: numbers("scores").map(|scores| scores.to_f32()).unwrap_or_default(),
        types: numbers("token_type").map(|types| types.to_i32()).unwrap_or_default(),
        merges: strings("merges"),
        bos: id("bos_token_id"),
        eos: id("eos_token_id"),
        unk: id("unknown_token_id"),
        add_bos: flag("add_bos_token").unwrap(),
        add_eos: flag("add_eos_token").unwrap_or(false),
        add_space_prefix: flag("add_space_prefix").unwrap(),
    }
}

fn load((id, name): (&str, &str), kind: VocabularyKind) -> Option<(Tokenizer, Metadata)> {
    let (mut checkpoint, _) = open(&model_file(id, name)?);
    let metadata = std::mem::take(checkpoint.metadata_mut());
    Some((Tokenizer::from_vocabulary(vocabulary(kind, &metadata)).unwrap(), metadata))
}

/// One id at a time: every piece is whole characters, and together they are the text.
fn streamed(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    let mut decoder = tokenizer.decoder();
    let mut text = String::new();
    for &id in ids {
        if let Some(piece) = decoder.push(tokenizer, id).unwrap() {
            assert!(!piece.is_empty() && !piece.contains('\u{fffd}'), "{piece:?}");
            text += &piece;
        }
    }
    assert_eq!(decoder.finish(tokenizer).unwrap(), None);
    text
}

#[test]
fn smollm2_tokens() {
    let Some((tokenizer, _)) = load(SMOLLM2, VocabularyKind::Bpe) else { return };
    assert_eq!(tokenizer.vocab_size(), 49_152);
    let generated: Generated = serde_json::from_str(include_str!("golden/smollm2.json")).unwrap();
    for (prompt, greedy) in generated.prompts.iter().zip(&generated.greedy) {
        assert_eq!(tokenizer.encode(prompt, true).unwrap(), greedy.prompt_ids, "{prompt:?}");
    }
    let tokens = tokens();
    for (text, ids) in tokens.texts.iter().zip(&tokens.smollm2) {
        assert_eq!(&tokenizer.encode(text, true).unwrap(), ids, "{text:?}");
    }
    let ids = tokenizer.encode(PERPLEXITY, true).unwrap();
    assert_eq!(ids, tokens.perplexity_smollm2);
    assert_eq!(streamed(&tokenizer, &ids), PERPLEXITY);
}

#[test]
fn gemma3_tokens() {
    let Some((tokenizer, _)) = load(GEMMA3, VocabularyKind::SentencePiece) else { return };
    assert_eq!(tokenizer.vocab_size(), 262_144);
    let generated: Generated = serde_json::from_str(include_str!("golden/gemma3.json")).unwrap();
    for (prompt, greedy) in generated.prompts.iter().zip(&generated.greedy) {
        assert_eq!(tokenizer.encode(prompt, true).unwrap(), greedy.prompt_ids, "{prompt:?}");
    }
    let tokens = tokens();
    for (text, ids) in tokens.texts.iter().zip(&tokens.gemma3) {
        assert_eq!(&tokenizer.encode(text, false).unwrap(), ids, "{text:?}");
        // Control tokens have no text; everything else comes back.
        let plain = text.replace("<start_of_turn>", "").replace("<end_of_turn>", "");
        assert_eq!(streamed(&tokenizer, ids), plain);
    }
    let ids = tokenizer.encode(PERPLEXITY, false).unwrap();
    assert_eq!(ids, tokens.perplexity_gemma3);
    assert_eq!(streamed(&tokenizer, &ids), PERPLEXITY);
    assert_eq!(tokenizer.id("<end_of_turn>"), Some(106));
    assert_eq!(tokenizer.token(2).as_deref(), Some("<bos>"));
}

#[test]
fn minilm_tokens() {
    let Some(path) = model_file("all-minilm-l6-v2", "tokenizer.json") else { return };
    let tokenizer = Tokenizer::from_json(&std::fs::read(path).unwrap()).unwrap();
    let golden: Sentences = serde_json::from_str(include_str!("golden/minilm.json")).unwrap();
    for (text, ids) in golden.sentences.iter().zip(&golden.input_ids) {
        assert_eq!(&tokenizer.encode(text, true).unwrap(), ids, "{text:?}");
    }
    let ids = tokenizer.encode("Search by meaning, not by words.", true).unwrap();
    assert_eq!(streamed(&tokenizer, &ids), "search by meaning, not by words.");
}

/// Text without special tokens has the ids it had; in other text they are spelled out, and it comes back whole.
#[test]
fn plain_text_has_no_special_tokens() {
    let tokens = tokens();
    for (model, kind) in [(SMOLLM2, VocabularyKind::Bpe), (GEMMA3, VocabularyKind::SentencePiece)] {
        let Some((tokenizer, metadata)) = load(model, kind) else { continue };
        let types = metadata.get("tokenizer.ggml.token_type").unwrap().numbers().unwrap().to_i32();
        let texts = tokens.texts.iter().map(String::as_str).chain(["<bos><eos><unk>", "a <|im_end|>\n<|endoftext|>"]);
        for text in texts {
            let ids = tokenizer.encode(&tokenizer.plain(text), false).unwrap();
            assert!(ids.iter().all(|&id| types[id as usize] != 3), "{text:?}: {ids:?}");
            assert_eq!(streamed(&tokenizer, &ids), text);
            let known = tokenizer.encode(text, false).unwrap();
            if known.iter().all(|&id| ![2, 3].contains(&types[id as usize])) {
                assert_eq!(ids, known, "{text:?}");
            }
        }
    }
}

#[test]
fn smollm2_chat() {
    let Some((tokenizer, metadata)) = load(SMOLLM2, VocabularyKind::Bpe) else { return };
    let template = ChatTemplate::new(metadata.get("tokenizer.chat_template").unwrap().as_str().unwrap()).unwrap();
    let message = |role: &str, content: &str| Message { role: role.into(), content: content.into() };
    let user = message("user", "Explain in two sentences what WebGPU is.");
    let generated: Generated = serde_json::from_str(include_str!("golden/smollm2.json")).unwrap();
    let prompt = template.render(std::slice::from_ref(&user), true, "<|im_start|>", "<|im_end|>").unwrap();
    assert_eq!(prompt, generated.prompts[2]);
    assert_eq!(tokenizer.encode(&prompt, true).unwrap(), generated.greedy[2].prompt_ids);
    let turns = [message("system", "Be brief."), user, message("assistant", "A web API.")];
    let prompt = template.render(&turns, false, "", "").unwrap();
    assert!(prompt.starts_with("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n"), "{prompt}");
    assert!(prompt.ends_with("<|im_start|>assistant\nA web API.<|im_end|>\n"), "{prompt}");
}
