#![no_main]
use fuzz::{bounded, seed};
use libfuzzer_sys::fuzz_target;
use text::{Tokenizer, Vocabulary, VocabularyKind};

/// Those whose pattern is compiled once. The others compile theirs with every tokenizer, which takes all the time there is.
const PRES: [&str; 3] = ["gpt-2", "smollm", "unknown"];

/// Three bytes of choices, then lines: `t` type token, `m` merge, the rest is the text.
fn parse(data: &[u8]) -> Option<(Vocabulary, String)> {
    let (&[kind, pre, flags], rest) = data.split_first_chunk()?;
    let mut vocabulary = Vocabulary {
        kind: [VocabularyKind::Bpe, VocabularyKind::SentencePiece, VocabularyKind::WordPiece][kind as usize % 3],
        pre: PRES[pre as usize % PRES.len()].into(),
        bos: (flags & 1 > 0).then_some(0),
        eos: (flags & 2 > 0).then_some(1),
        unk: (flags & 4 > 0).then_some(flags as u32 >> 5),
        add_bos: flags & 8 > 0,
        add_eos: flags & 8 > 0,
        add_space_prefix: flags & 16 > 0,
        ..Vocabulary::default()
    };
    let mut text = String::new();
    for line in String::from_utf8_lossy(rest).split('\n') {
        let mut rest = line.chars();
        match rest.next() {
            Some('t') => {
                vocabulary.types.push(rest.next().map_or(1, |c| c as i32 - '0' as i32));
                vocabulary.tokens.push(rest.as_str().into());
                vocabulary.scores.push(-(rest.as_str().len() as f32));
            }
            Some('m') => vocabulary.merges.push(rest.as_str().into()),
            _ => text.push_str(line),
        }
    }
    Some((vocabulary, text))
}

fn seeds() -> Vec<Vec<u8>> {
    let bpe = "t1a\nt1b\nt1ab\nt3<s>\nt4\u{120}b\nt1\u{120}\nma b\nm\u{120} b\nab b<s>a1  x";
    let pieces = "t2<unk>\nt3<s>\nt6<0x41>\nt1▁a\nt1a\nt4▁▁\nt4<b>\nt5x\na a  b<b>é<s>a";
    let words = "t2[UNK]\nt3[CLS]\nt1▁un\nt1aff\nt1▁!\nUnaff!";
    let with = |choices: [u8; 3], lines: &str| [&choices, lines.as_bytes()].concat();
    let mut seeds: Vec<Vec<u8>> = [0, 1, 2].map(|pre| with([0, pre, 11], bpe)).to_vec();
    seeds.extend([with([1, 0, 29], pieces), with([1, 0, 0], pieces), with([2, 0, 12], words)]);
    seeds
}

fuzz_target!(init: seed("vocabulary", &seeds()), |data: &[u8]| {
    bounded(data, || {
        let Some((vocabulary, text)) = parse(data) else { return };
        let size = vocabulary.tokens.len() as u32;
        let Ok(tokenizer) = Tokenizer::from_vocabulary(vocabulary) else { return };
        let ids = tokenizer.encode(&text, true).expect("any text can be encoded");
        assert!(ids.iter().all(|&id| id < size), "{ids:?}");
        let _ = tokenizer.decode(&ids);
        for id in 0..size.min(64) + 1 {
            let _ = tokenizer.token(id).map(|token| tokenizer.id(&token));
            let _ = tokenizer.decode(&[id, id]);
        }
    });
});
