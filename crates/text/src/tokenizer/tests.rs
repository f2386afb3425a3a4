use crate::{TextError, Tokenizer};

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

const BPE: &str = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
    "pre_tokenizer":null,"post_processor":null,"decoder":null,
    "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":PREFIX,"end_of_word_suffix":null,
        "fuse_unk":false,"vocab":{"a":0,"b":1,"ab":2},"merges":MERGES}}"#;

fn bpe(prefix: &str, merges: &str) -> Result<Tokenizer, TextError> {
    Tokenizer::from_json(BPE.replace("PREFIX", prefix).replace("MERGES", merges).as_bytes())
}

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

#[test]
fn merges_that_are_not_there() {
    assert_eq!(bpe("null", r#"[["a","b"]]"#).unwrap().encode("ab", false).unwrap(), [2]);
    assert_eq!(bpe("null", r#"["a b"]"#).unwrap().encode("ab", false).unwrap(), [2]);
    for (prefix, merges) in [
        ("null", r#"["aaaaaaaa bbbbbbbbb"]"#),
        ("null", r#"[["b","a"]]"#),
        ("\"###\"", r#"["a b"]"#),
        ("\"é\"", r#"[["a","b"]]"#),
    ] {
        assert!(matches!(bpe(prefix, merges), Err(TextError::Merge { index: 0, .. })), "{merges}");
    }
    assert!(matches!(bpe("null", r#"["ab"]"#), Err(TextError::Json { .. })));
}

#[test]
fn broken_json() {
    for json in ["", "{", "[]", "{}", r#"{"model":{"type":"BPE"}}"#, r#"{"model":{"type":"None"}}"#] {
        assert!(matches!(Tokenizer::from_json(json.as_bytes()), Err(TextError::Json { .. })), "{json}");
    }
    assert!(Tokenizer::from_json("[".repeat(100_000).as_bytes()).is_err());
}
