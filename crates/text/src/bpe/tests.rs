use crate::{TextError, Tokenizer, Vocabulary};

/// Every byte of the alphabet as a token, then `more`.
fn vocabulary(pre: &str, more: &[&str], merges: &[&str]) -> Vocabulary {
    let alphabet = (0..0x144).filter_map(char::from_u32).filter(|&c| crate::bytes::byte_of(c).is_some());
    let tokens: Vec<String> = alphabet.map(String::from).chain(more.iter().map(|token| token.to_string())).collect();
    Vocabulary {
        types: vec![1; tokens.len()],
        merges: merges.iter().map(|merge| merge.to_string()).collect(),
        pre: pre.into(),
        tokens,
        ..Vocabulary::default()
    }
}

fn tokens(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
    tokenizer.encode(text, false).unwrap().into_iter().map(|id| tokenizer.token(id).unwrap()).collect()
}

#[test]
fn merges_in_order_and_within_words() {
    let build = |pre| {
        Tokenizer::from_vocabulary(vocabulary(
            pre,
            &["ab", "bc", "abc", "Ġa", "12"],
            &["a b", "b c", "ab c", "Ġ a", "1 2"],
        ))
    };
    let gpt = build("gpt-2").unwrap();
    assert_eq!(tokens(&gpt, "abc bc a"), ["abc", "Ġ", "bc", "Ġa"]);
    assert_eq!(tokens(&gpt, "12"), ["12"]);
    // Digits one by one.
    assert_eq!(tokens(&build("smollm").unwrap(), "12"), ["1", "2"]);
    assert_eq!(tokens(&build("qwen2").unwrap(), "12"), ["1", "2"]);
    assert_eq!(tokens(&build("llama-bpe").unwrap(), "12"), ["12"]);
    for pre in ["dbrx", "stablelm2", "gpt-4o", "tekken"] {
        assert_eq!(tokens(&build(pre).unwrap(), "abc"), ["abc"], "{pre}");
    }
    assert_eq!(build("made-up").err(), Some(TextError::PreTokenizer { name: "made-up".into() }));
}

#[test]
fn qwen_composes_and_llama_takes_whole_words() {
    let eacute = "Ã©";
    let build = |pre| Tokenizer::from_vocabulary(vocabulary(pre, &[eacute, "xyz"], &["Ã ©"])).unwrap();
    assert_eq!(tokens(&build("qwen2"), "e\u{301}"), [eacute]);
    assert_eq!(tokens(&build("llama-bpe"), "e\u{301}").len(), 3);
    assert_eq!(tokens(&build("llama-bpe"), "xyz"), ["xyz"]);
    assert_eq!(tokens(&build("qwen2"), "xyz"), ["x", "y", "z"]);
}

#[test]
fn special_tokens() {
    let mut vocabulary = vocabulary("gpt-2", &["<s>", "</s>", "<tool>"], &[]);
    let n = vocabulary.tokens.len() as u32;
    let types = vocabulary.types.len();
    vocabulary.types[types - 3..].copy_from_slice(&[3, 3, 4]);
    (vocabulary.bos, vocabulary.add_bos) = (Some(n - 3), true);
    (vocabulary.eos, vocabulary.add_eos) = (Some(n - 2), true);
    let tokenizer = Tokenizer::from_vocabulary(vocabulary).unwrap();
    assert_eq!(tokens(&tokenizer, "a</s><tool>"), ["a", "</s>", "<tool>"]);
    let ids = tokenizer.encode("<tool>a", true).unwrap();
    assert_eq!((ids[0], ids[1], ids[3]), (n - 3, n - 1, n - 2));
    assert_eq!(tokenizer.decode(&ids).unwrap(), "<tool>a");
    assert_eq!(tokenizer.id("</s>"), Some(n - 2));
    assert_eq!(tokenizer.vocab_size(), n as usize);
}

#[test]
fn hostile_vocabularies() {
    let error = |vocabulary| Tokenizer::from_vocabulary(vocabulary).err().unwrap();
    assert_eq!(error(Vocabulary::default()), TextError::EmptyVocabulary);
    // Longer than any token: `tokenizers` itself would index out of its buffer.
    for merge in ["aaaa bbbb", "a b", "ab", "", " ", "a ", "é"] {
        let found = error(vocabulary("gpt-2", &[], &[merge]));
        assert_eq!(found, TextError::Merge { index: 0, merge: merge.into() });
    }
    let mut short = vocabulary("gpt-2", &[], &[]);
    short.types.pop();
    assert!(matches!(error(short), TextError::VocabularyLength { what: "types", .. }));
    let mut beyond = vocabulary("gpt-2", &[], &[]);
    beyond.bos = Some(256);
    assert_eq!(error(beyond), TextError::SpecialToken { what: "bos token", id: 256, tokens: 256 });
}

#[test]
fn a_missing_byte_is_left_out() {
    let mut vocabulary = vocabulary("gpt-2", &[], &[]);
    let at = vocabulary.tokens.iter().position(|token| token == "a").unwrap();
    vocabulary.tokens[at] = "unused".into();
    let tokenizer = Tokenizer::from_vocabulary(vocabulary).unwrap();
    assert_eq!(tokens(&tokenizer, "bab"), ["b", "b"]);
}
