use crate::{TextError, Tokenizer, Vocabulary, VocabularyKind};

/// `<unk>`, `<s>`, all byte tokens, then `pieces` with scores that fall.
fn vocabulary(pieces: &[&str]) -> Vocabulary {
    let mut tokens = vec!["<unk>".to_owned(), "<s>".to_owned()];
    tokens.extend((0..256).map(|byte| format!("<0x{byte:02X}>")));
    let mut types = vec![2, 3];
    types.extend([6; 256]);
    let mut scores = vec![0.0; tokens.len()];
    for (rank, piece) in pieces.iter().enumerate() {
        tokens.push(piece.to_string());
        types.push(1);
        scores.push(-(rank as f32));
    }
    Vocabulary { kind: VocabularyKind::SentencePiece, tokens, scores, types, unk: Some(0), ..Vocabulary::default() }
}

fn tokens(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
    tokenizer.encode(text, false).unwrap().into_iter().map(|id| tokenizer.token(id).unwrap()).collect()
}

#[test]
fn the_best_score_is_merged_first_and_the_left_of_equals() {
    let tokenizer = Tokenizer::from_vocabulary(vocabulary(&["bc", "ab", "abc", "a", "b", "c", "▁"])).unwrap();
    // `bc` before `ab`; `a` + `bc` is a token too.
    assert_eq!(tokens(&tokenizer, "abc"), ["abc"]);
    assert_eq!(tokens(&tokenizer, "ab c"), ["ab", "▁", "c"]);
    let tokenizer = Tokenizer::from_vocabulary(vocabulary(&["aa", "a"])).unwrap();
    assert_eq!(tokens(&tokenizer, "aaaaa"), ["aa", "aa", "a"]);
    let tokenizer = Tokenizer::from_vocabulary(vocabulary(&["bc", "ab", "a", "b", "c"])).unwrap();
    assert_eq!(tokens(&tokenizer, "abcab"), ["a", "bc", "ab"]);
}

#[test]
fn bytes_stand_in_for_unknown_characters() {
    let tokenizer = Tokenizer::from_vocabulary(vocabulary(&["a"])).unwrap();
    assert_eq!(tokens(&tokenizer, "aé\n"), ["a", "<0xC3>", "<0xA9>", "<0x0A>"]);
    let mut without = vocabulary(&["a"]);
    without.types[2 + 0xc3] = 5;
    let without = Tokenizer::from_vocabulary(without).unwrap();
    assert_eq!(tokens(&without, "aé"), ["a", "<unk>"]);
    // A byte token written out is text, not a byte.
    assert_ne!(tokens(&tokenizer, "<0x41>"), ["<0x41>"]);
}

#[test]
fn marks_and_prefix() {
    let mut vocabulary = vocabulary(&["▁a", "a", "▁", "\n\n", "▁▁", "  "]);
    let n = vocabulary.types.len();
    vocabulary.types[n - 3..].copy_from_slice(&[4, 4, 1]);
    (vocabulary.bos, vocabulary.add_bos) = (Some(1), true);
    let plain = Tokenizer::from_vocabulary(vocabulary.clone()).unwrap();
    assert_eq!(plain.encode("a", true).unwrap()[0], 1);
    assert_eq!(tokens(&plain, "a\n\n\na"), ["a", "\n\n", "<0x0A>", "a"]);
    assert_eq!(tokens(&plain, "<s>a"), ["<s>", "a"]);
    // User-defined spaces are taken before the merges see them.
    assert_eq!(tokens(&plain, "   a"), ["▁▁", "▁a"]);
    vocabulary.add_space_prefix = true;
    let prefixed = Tokenizer::from_vocabulary(vocabulary).unwrap();
    let ids = prefixed.encode("a a<s>a", false).unwrap();
    assert_eq!(ids.iter().map(|&id| prefixed.token(id).unwrap()).collect::<Vec<_>>(), ["▁a", "▁a", "<s>", "▁a"]);
    assert_eq!(prefixed.decode(&ids).unwrap(), "a a a");
    assert_eq!(prefixed.encode("", false).unwrap(), Vec::<u32>::new());
}

#[test]
fn decodes_bytes_into_characters() {
    let tokenizer = Tokenizer::from_vocabulary(vocabulary(&["▁a"])).unwrap();
    let mut decoder = tokenizer.decoder();
    let mut push = |id| decoder.push(&tokenizer, id).unwrap();
    assert_eq!(push(2 + 0xe2), None);
    assert_eq!(push(2 + 0x82), None);
    assert_eq!(push(2 + 0xac), Some("€".into()));
    assert_eq!(push(1), None);
    assert_eq!(push(258), Some(" a".into()));
    assert_eq!(push(2 + 0xff), Some("\u{fffd}".into()));
    assert_eq!(push(2 + 0xf0), None);
    assert_eq!(decoder.finish(&tokenizer).unwrap(), Some("\u{fffd}".into()));
    let unknown = tokenizer.decode(&[259]).unwrap_err();
    assert_eq!(unknown, TextError::UnknownId { id: 259, tokens: 259 });
}

#[test]
fn hostile_vocabularies() {
    let mut bare = vocabulary(&["a"]);
    bare.scores.clear();
    assert!(matches!(Tokenizer::from_vocabulary(bare), Err(TextError::VocabularyLength { what: "scores", .. })));
    let mut odd = vocabulary(&["", "a", "a", "é", "▁"]);
    odd.scores.fill(f32::NAN);
    odd.types = (0..odd.types.len() as i32).collect();
    let odd = Tokenizer::from_vocabulary(odd).unwrap();
    odd.encode("aé <0x00> a", true).unwrap();
}

#[test]
fn long_texts_take_no_quadratic_time() {
    let tokenizer = Tokenizer::from_vocabulary(vocabulary(&["aa", "aaaa", "a", "aaaaaaaa"])).unwrap();
    let ids = tokenizer.encode(&"a".repeat(1 << 18), false).unwrap();
    assert_eq!(ids.len(), 1 << 15);
}
