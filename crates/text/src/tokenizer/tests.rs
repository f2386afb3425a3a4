use crate::Tokenizer;

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
