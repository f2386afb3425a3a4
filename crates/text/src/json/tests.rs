use crate::{TextError, Tokenizer};

const BPE: &str = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
    "pre_tokenizer":null,"post_processor":null,"decoder":null,
    "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":PREFIX,"end_of_word_suffix":null,
        "fuse_unk":false,"vocab":{"a":0,"b":1,"ab":2},"merges":MERGES}}"#;

fn bpe(prefix: &str, merges: &str) -> Result<Tokenizer, TextError> {
    Tokenizer::from_json(BPE.replace("PREFIX", prefix).replace("MERGES", merges).as_bytes())
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

/// A BPE file with one more part.
fn with(part: &str, value: &str) -> Result<Tokenizer, TextError> {
    let json = BPE.replace("PREFIX", "null").replace("MERGES", r#"["a b"]"#);
    Tokenizer::from_json(json.replace(&format!(r#""{part}":null"#), &format!(r#""{part}":{value}"#)).as_bytes())
}

#[test]
fn what_stands_around_a_text() {
    let ids = |value: &str| with("post_processor", value).unwrap().encode("a", true).unwrap();
    assert_eq!(ids(r#"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false}"#), [0]);
    let roberta =
        r#"{"type":"RobertaProcessing","sep":["b",1],"cls":["ab",2],"trim_offsets":true,"add_prefix_space":true}"#;
    assert_eq!(ids(roberta), [2, 0, 1]);
    let template = r#"{"type":"TemplateProcessing","single":[SINGLE],"pair":[],
        "special_tokens":{"x":{"id":"x","ids":[2,1],"tokens":["ab","b"]}}}"#;
    let (special, text) = (r#"{"SpecialToken":{"id":"x","type_id":0}}"#, r#"{"Sequence":{"id":"A","type_id":0}}"#);
    let single = |pieces: &[&str]| template.replace("SINGLE", &pieces.join(","));
    assert_eq!(ids(&single(&[special, text])), [2, 1, 0]);
    let both = format!(r#"{{"type":"Sequence","processors":[{},{roberta}]}}"#, single(&[text, special]));
    assert_eq!(ids(&both), [2, 0, 2, 1, 1]);
    assert!(matches!(with("post_processor", &single(&[special])), Err(TextError::Json { .. })));
    assert!(matches!(with("post_processor", &single(&[text, text])), Err(TextError::Json { .. })));
    let missing = single(&[text, special]).replace(r#""x":{"#, r#""y":{"#);
    assert!(matches!(with("post_processor", &missing), Err(TextError::MissingToken { token }) if token == "x"));
    let beyond = r#"{"type":"BertProcessing","sep":["b",1],"cls":["?",9]}"#;
    assert!(matches!(with("post_processor", beyond), Err(TextError::UnknownId { id: 9, .. })));
}

#[test]
fn steps_before_the_model() {
    let count = |part: &str, value: &str, text: &str| with(part, value).unwrap().encode(text, false).unwrap();
    assert_eq!(count("normalizer", r#"{"type":"Lowercase"}"#, "AB"), [2]);
    let replace = r#"{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":"x+"},"content":"b"},{"type":"Prepend","prepend":"a"}]}"#;
    assert_eq!(count("normalizer", replace, "xx"), [2]);
    let split = r#"{"type":"Split","pattern":{"String":"b"},"behavior":"Isolated","invert":false}"#;
    assert_eq!(count("pre_tokenizer", split, "ab"), [0, 1]);
    let removed = r#"{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Digits","individual_digits":true},{"type":"Punctuation"}]}"#;
    assert_eq!(count("pre_tokenizer", removed, "ab a b"), [2, 0, 1]);
    for (part, value) in [
        ("normalizer", r#"{"type":"Precompiled","precompiled_charsmap":"AAAA"}"#),
        ("pre_tokenizer", r#"{"type":"Unknown"}"#),
        ("post_processor", r#"{"type":3}"#),
        ("decoder", r#"{"type":"CTC","pad_token":"","word_delimiter_token":"","cleanup":true}"#),
        ("decoder", r#"{"type":"Strip","content":" ","start":0,"stop":3}"#),
        (
            "decoder",
            r#"{"type":"Sequence","decoders":[{"type":"Strip","content":" ","start":1,"stop":0},{"type":"ByteFallback"}]}"#,
        ),
    ] {
        assert!(matches!(with(part, value), Err(TextError::Json { .. })), "{value}");
    }
    let regex = r#"{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated","invert":false}"#;
    assert!(matches!(with("pre_tokenizer", regex), Err(TextError::Build { .. })));
}

#[test]
fn text_comes_back_as_the_decoder_says() {
    let json = r#"{"model":{"type":"BPE","vocab":{"▁a":0,"<0xC3>":1,"<0xA9>":2,"b":3},"merges":[]},"decoder":DECODER}"#;
    let text = |decoder: &str| {
        Tokenizer::from_json(json.replace("DECODER", decoder).as_bytes()).unwrap().decode(&[0, 0, 1, 2, 3]).unwrap()
    };
    let llama = r#"{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}"#;
    assert_eq!(text(llama), "a aéb");
    assert_eq!(text(r#"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}"#), "a a<0xC3><0xA9>b");
    assert_eq!(text(r#"{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}"#), " a a<0xC3><0xA9>b");
    assert_eq!(text("null"), "▁a ▁a <0xC3> <0xA9> b");
}

#[test]
fn ids_out_of_reach() {
    let json = br#"{"model":{"type":"WordPiece","unk_token":"a","vocab":{"a":4294967295}}}"#;
    assert!(matches!(Tokenizer::from_json(json), Err(TextError::Json { .. })));
    let json = br#"{"model":{"type":"WordPiece","unk_token":"b","vocab":{"a":0}}}"#;
    assert!(matches!(Tokenizer::from_json(json), Err(TextError::MissingToken { token }) if token == "b"));
    let json = br#"{"model":{"type":"Unigram","unk_id":0,"vocab":[["a",0.0]]}}"#;
    assert!(matches!(Tokenizer::from_json(json), Err(TextError::Json { .. })));
}
