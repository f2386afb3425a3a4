#![no_main]
use fuzz::testing::safetensors;
use fuzz::{bounded, file, seed};
use libfuzzer_sys::fuzz_target;
use text::Tokenizer;
use weights::Checkpoint;

const WORDS: &str = r#"{"version":"1.0","truncation":{"max_length":8,"strategy":"LongestFirst","stride":0},"padding":{"strategy":{"Fixed":9},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"},"added_tokens":[{"id":0,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":0}}],"special_tokens":{"[CLS]":{"id":"[CLS]","ids":[0],"tokens":["[CLS]"]}}},"decoder":{"type":"WordPiece","prefix":"!!","cleanup":false},"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"!!","max_input_chars_per_word":20,"vocab":{"[CLS]":0,"[UNK]":1,"a":2,"!!b":3}}}"#;
const BYTES: &str = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":3,"content":"<s>","single_word":false,"lstrip":true,"rstrip":true,"normalized":true,"special":true}],"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Prepend","prepend":"a"},{"type":"Replace","pattern":{"String":" "},"content":"a"}]},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{L}+|\\s+(?!\\S)"},"behavior":"Isolated","invert":false},{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]},"post_processor":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true},"decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},"model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"","end_of_word_suffix":"","fuse_unk":false,"byte_fallback":false,"ignore_merges":true,"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}"#;
const PIECES: &str = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"Regex":" +"},"content":"▁"},{"type":"Strip","strip_left":false,"strip_right":true},{"type":"StripAccents"},{"type":"NFKC"}]},"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},"post_processor":{"type":"RobertaProcessing","sep":["a",1],"cls":["<unk>",0],"trim_offsets":true,"add_prefix_space":true},"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},"model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"continuing_subword_prefix":"@","end_of_word_suffix":"$","vocab":{"<unk>":0,"a":1,"@b":2,"ab":3,"<0xC3>":4},"merges":[["a","@b"]]}}"#;
const TEXT: &str = "a <s>ab\u{301} 12 [CLS] 今日\n";

fn seeds() -> Vec<Vec<u8>> {
    let config = r#"{"architectures":["BertModel"],"hidden_size":384,"id2label":{"0":"x"}}"#;
    [WORDS, BYTES, PIECES, config].map(|json| json.as_bytes().to_vec()).to_vec()
}

fuzz_target!(init: seed("side_files", &seeds()), |data: &[u8]| {
    bounded(data, || {
        let files = vec![file("m.safetensors", &safetensors("{}", &[])), file("config.json", data)];
        let mut checkpoint = Checkpoint::open(files).expect("an empty model opens");
        let _ = checkpoint.json("config.json");
        let Ok(tokenizer) = Tokenizer::from_json(data) else { return };
        for text in [TEXT, ""] {
            if let Ok(ids) = tokenizer.encode(text, true) {
                let _ = tokenizer.decode(&ids);
            }
        }
    });
});
