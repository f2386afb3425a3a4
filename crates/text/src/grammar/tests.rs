use super::*;

fn tokenizer() -> Tokenizer {
    use crate::Vocabulary;
    let mut tokens: Vec<String> = (0x21..0x7f_u8).map(|byte| char::from(byte).to_string()).collect();
    tokens.extend(["Ġ", "Ċ", "true", "false", "\":", "12", "Ã", "¤", "<end>"].map(String::from));
    let mut types = vec![1; tokens.len()];
    types[tokens.len() - 1] = 3;
    Tokenizer::from_vocabulary(Vocabulary { tokens, types, ..Vocabulary::default() }).unwrap()
}

/// Texts of all the tokens that may come next, sorted, and whether it may end.
fn next(state: &mut GrammarState, tokenizer: &Tokenizer) -> (Vec<String>, bool) {
    let count = tokenizer.vocab_size();
    let mut allowed = vec![u32::MAX; count.div_ceil(32)];
    let may_end = state.allow(&mut allowed).unwrap();
    let ids = (0..count as u32).filter(|&id| allowed[id as usize / 32] >> (id % 32) & 1 == 1);
    (ids.map(|id| tokenizer.token(id).unwrap()).collect(), may_end)
}

/// Whether a text, as whole tokens, is accepted, and may end.
fn accepts(state: Result<GrammarState, TextError>, tokenizer: &Tokenizer, text: &str) -> bool {
    let mut state = state.unwrap();
    for id in tokenizer.encode(text, false).unwrap() {
        let mut allowed = vec![0; tokenizer.vocab_size().div_ceil(32)];
        state.allow(&mut allowed).unwrap();
        if allowed[id as usize / 32] >> (id % 32) & 1 == 0 {
            return false;
        }
        state.push(id).unwrap();
    }
    next(&mut state, tokenizer).1
}

#[test]
fn a_schema_allows_what_follows_and_nothing_else() {
    let tokenizer = tokenizer();
    let grammars = Grammars::new(&tokenizer, tokenizer.vocab_size()).unwrap();
    let schema = r#"{"type":"object","properties":{"z":{"type":"boolean"},"a":{"enum":[1,2]}},"required":["z","a"],"additionalProperties":false}"#;
    let mut state = grammars.json_schema(schema).unwrap();
    assert_eq!(next(&mut state, &tokenizer), (vec!["{".into()], false));
    for id in tokenizer.encode(r#"{"z": "#, false).unwrap() {
        state.push(id).unwrap();
    }
    assert_eq!(next(&mut state, &tokenizer), (["f", "t", "true", "false"].map(String::from).to_vec(), false));
    for id in tokenizer.encode(r#"true, "a": 1"#, false).unwrap() {
        state.push(id).unwrap();
    }
    assert_eq!(next(&mut state, &tokenizer), (vec!["}".into()], false));
    state.push(tokenizer.id("}").unwrap()).unwrap();
    assert_eq!(next(&mut state, &tokenizer), (vec![], true));
    assert!(state.push(0).is_err(), "the text has ended");
}

fn vocabulary() -> (Tokenizer, Grammars) {
    let tokenizer = tokenizer();
    let grammars = Grammars::new(&tokenizer, tokenizer.vocab_size()).unwrap();
    (tokenizer, grammars)
}

#[test]
fn json_has_one_layout_and_every_escape() {
    let (tokenizer, grammars) = vocabulary();
    let accepts = |schema: &str, text: &str| accepts(grammars.json_schema(schema), &tokenizer, text);
    let list = r#"{"type":"array","items":{"type":["integer","null"]},"maxItems":2}"#;
    for (text, is_right) in
        [("[]", true), ("[1, null]", true), ("[1,2]", false), ("[1, 2, 3]", false), ("[ ]", false), ("[1", false)]
    {
        assert_eq!(accepts(list, text), is_right, "{text}");
    }
    let word = r#"{"type":"string","minLength":1,"maxLength":3}"#;
    for (text, is_right) in
        [(r#""a""#, true), (r#""ää""#, true), (r#""\n\"a""#, true), (r#""""#, false), (r#""aaaa""#, false)]
    {
        assert_eq!(accepts(word, text), is_right, "{text}");
    }
    // What a schema says of the layout itself is not asked.
    let own = r#"{"x-guidance":{"item_separator":";"},"type":"array","items":{"const":1}}"#;
    assert!(accepts(own, "[1, 1]"));
    let tree = r##"{"$ref":"#/$defs/t","$defs":{"t":{"type":"array","items":{"$ref":"#/$defs/t"}}}}"##;
    assert!(accepts(tree, "[[], [[]]]"));
}

#[test]
fn expressions_mean_what_they_mean_in_javascript() {
    let (tokenizer, grammars) = vocabulary();
    let cases: &[(&str, &str, &[&str], &[&str])] = &[
        ("^(cat|dog)$", "", &["cat", "dog"], &["ca", "cats", "a cat"]),
        (r"\d{2,3}", "", &["12", "123"], &["1", "1234", "ab"]),
        (r"[\w-]+", "", &["a_-9"], &["ä", "", "a b"]),
        (r"[^\d]", "", &["a", "ä"], &["1"]),
        (r"\s", "", &[" ", "\n"], &["a"]),
        (".", "", &["a", "ä", " "], &["\n", ""]),
        (".", "s", &["a", "\n"], &[""]),
        (r#"{"a": [0-9]+}"#, "", &[r#"{"a": 12}"#], &["{"]),
        ("a{,2}", "", &["a{,2}"], &["aa"]),
        (r"[[&&~a]+", "", &["[&~a"], &["b"]),
        (r"[a^]", "", &["a", "^"], &["b"]),
        (r"[+--]", "", &["+", ",", "-"], &["a"]),
        (r"\<\/\x61\u0062\>", "", &["</ab>"], &["ab"]),
        (r"\u{62}", "u", &["b"], &["u"]),
        (r"\p{Lu}", "u", &["A"], &["a"]),
        ("(?<word>a)(?:b)?", "", &["a", "ab"], &["b"]),
        ("a*?b", "", &["b", "aab"], &["a"]),
        ("", "", &[""], &["a"]),
    ];
    for &(source, flags, right, wrong) in cases {
        for (texts, is_right) in [(right, true), (wrong, false)] {
            for text in texts {
                assert_eq!(
                    accepts(grammars.regex(source, flags), &tokenizer, text),
                    is_right,
                    "/{source}/{flags}: {text:?}"
                );
            }
        }
    }
    let refused = [
        ("a", "i"),
        ("a", "g"),
        ("a", "v"),
        (r"\p{L}", ""),
        (r"(a)\1", ""),
        (r"\ba", ""),
        (r"\ca", ""),
        ("[]", ""),
        ("[^]", ""),
        ("[a", ""),
        ("(?=a)a", ""),
        ("(?<!a)a", ""),
        (r"\ud83d", ""),
        (r"\x6", ""),
        ("a\\", ""),
        ("(", ""),
        ("a$b", ""),
    ];
    for (source, flags) in refused {
        let error = grammars.regex(source, flags).err();
        assert!(matches!(error, Some(TextError::Grammar { .. })), "/{source}/{flags}: {error:?}");
    }
}

#[test]
fn schemas_that_cannot_be_used_say_why() {
    let (_, grammars) = vocabulary();
    let message = |schema: &str| grammars.json_schema(schema).err().unwrap().to_string();
    assert!(message("[").starts_with("this constraint cannot be used: "), "{}", message("["));
    assert!(message(r#"{"not":{"type":"string"}}"#).contains("not"), "{}", message(r#"{"not":{"type":"string"}}"#));
    let empty = r#"{"type":"integer","minimum":3,"maximum":2}"#;
    assert!(message(empty).starts_with("nothing meets this constraint: "), "{}", message(empty));
}
