use crate::{Tokenizer, Vocabulary, VocabularyKind};

const WORDS: &str = r#"{"version":"1.0",
    "truncation":{"max_length":2,"strategy":"LongestFirst","stride":0},
    "padding":{"strategy":{"Fixed":9},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"},
    "added_tokens":[{"id":0,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
    "normalizer":null,"pre_tokenizer":{"type":"Whitespace"},
    "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
        "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":0}}],
        "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[0],"tokens":["[CLS]"]}}},
    "decoder":{"type":"WordPiece","prefix":"!!","cleanup":false},
    "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"!!","max_input_chars_per_word":20,
        "vocab":{"[CLS]":0,"[UNK]":1,"a":2,"!!b":3,"c":4}}}"#;

#[test]
fn no_truncation_and_no_padding() {
    let tokenizer = Tokenizer::from_json(WORDS.as_bytes()).unwrap();
    assert_eq!(tokenizer.encode("ab c x c", true).unwrap(), [0, 2, 3, 4, 1, 4]);
    assert_eq!(tokenizer.encode("c", false).unwrap(), [4]);
    assert_eq!(tokenizer.id("c"), Some(4));
    assert_eq!(tokenizer.token(3).as_deref(), Some("!!b"));
    assert_eq!((tokenizer.token(5), tokenizer.vocab_size()), (None, 5));
}

#[test]
fn text_that_depends_on_neighbours_is_streamed() {
    let tokenizer = Tokenizer::from_json(WORDS.as_bytes()).unwrap();
    let mut decoder = tokenizer.decoder();
    let pieces: Vec<_> = [0, 2, 3, 4].into_iter().map(|id| decoder.push(&tokenizer, id).unwrap()).collect();
    assert_eq!(pieces, [None, Some("a".into()), Some("b".into()), Some(" c".into())]);
    assert_eq!(decoder.finish(&tokenizer).unwrap(), None);
}

/// Every kind of vocabulary, with the letters of the marks as tokens of their own.
fn vocabularies() -> Vec<Tokenizer> {
    let letters = ["<", "s", ">", "a", "é"];
    let tokens = |marks: &[&str], prefix: &str| -> Vec<String> {
        let marks = marks.iter().map(|mark| mark.to_string());
        marks.chain(letters.iter().map(|letter| format!("{prefix}{letter}"))).collect()
    };
    let build = |kind, tokens: Vec<String>| {
        let types = (0..tokens.len()).map(|id| if id < 3 { 3 } else { 1 }).collect();
        let scores = vec![0.0; tokens.len()];
        let vocabulary = Vocabulary { kind, tokens, types, scores, unk: Some(0), ..Vocabulary::default() };
        Tokenizer::from_vocabulary(vocabulary).unwrap()
    };
    let marks = ["[UNK]", "<s>", "<<s>>"];
    vec![
        build(VocabularyKind::Bpe, tokens(&marks, "")),
        build(VocabularyKind::SentencePiece, tokens(&marks, "")),
        build(VocabularyKind::WordPiece, tokens(&marks, "▁")),
        Tokenizer::from_json(WORDS.as_bytes()).unwrap(),
    ]
}

#[test]
fn what_a_text_says_is_no_special_token() {
    for (index, tokenizer) in vocabularies().iter().enumerate() {
        let marks: Vec<u32> = ["<s>", "<<s>>", "[CLS]"].iter().filter_map(|mark| tokenizer.id(mark)).collect();
        assert!(!marks.is_empty());
        for text in ["<s>", "a<s>a", "<s><s>", "<<s>>", "<<<s>>>", "<<s><s>>", "[CLS]a[CLS]", "é<s>é", "<s", "s>"] {
            let plain = tokenizer.plain(text);
            let ids = tokenizer.encode(&plain, false).unwrap();
            assert!(ids.iter().all(|id| !marks.contains(id)), "vocabulary {index}: {text:?} is {ids:?}");
            assert_eq!(plain.replace(super::CUT, ""), text);
        }
        for text in ["", "a", "<<a>", "s> <", "é a"] {
            assert!(matches!(tokenizer.plain(text), std::borrow::Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }
    let tokenizer = &vocabularies()[0];
    assert_eq!(tokenizer.encode("a<s>a", false).unwrap(), [6, 1, 6]);
    assert_eq!(tokenizer.encode(&tokenizer.plain("a<s>a"), false).unwrap(), [6, 3, 4, 5, 6]);
}
