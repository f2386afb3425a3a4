use super::*;
use crate::testing::{Gguf, safetensors};
use crate::{ByteSource, SourceError};

fn file(name: &str, bytes: impl Into<Vec<u8>>) -> File {
    File { name: name.into(), source: Box::new(bytes.into()) }
}

fn error(files: Vec<File>) -> WeightsError {
    match Checkpoint::open(files) {
        Ok(_) => panic!("a wrong set of files was accepted"),
        Err(error) => error,
    }
}

/// A file of one F32 tensor a name, each holding its own index.
fn shard(names: &[&str]) -> Vec<u8> {
    let infos: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(n, name)| format!(r#""{name}":{{"dtype":"F32","shape":[1],"data_offsets":[{},{}]}}"#, n * 4, n * 4 + 4))
        .collect();
    let data: Vec<u8> = (0..names.len()).flat_map(|n| (n as f32).to_le_bytes()).collect();
    safetensors(&format!("{{{}}}", infos.join(",")), &data)
}

#[test]
fn reads_inside_tensors_only() {
    let bytes = Gguf::new().tensor("w", 0, &[4], 0).tensor("iq", 19, &[4], 32).data(0..64).build();
    let mut checkpoint = Checkpoint::open(vec![file("m.gguf", bytes)]).unwrap();
    assert_eq!(checkpoint.format(), Format::Gguf);
    assert_eq!(checkpoint.tensors()["w"].bytes(), 16);
    let mut four = [0; 4];
    checkpoint.read("w", 12, &mut four).unwrap();
    assert_eq!(four, [12, 13, 14, 15]);
    for offset in [13, 16, u64::MAX] {
        let found = checkpoint.read("w", offset, &mut four).unwrap_err();
        assert!(matches!(found, WeightsError::OutsideTensor { length: 4, bytes: 16, .. }));
    }
    assert_eq!(checkpoint.unsupported()["iq"], "ggml type 19");
    assert!(matches!(checkpoint.read("iq", 0, &mut four), Err(WeightsError::UnsupportedDType { .. })));
    assert!(matches!(checkpoint.read("v", 0, &mut four), Err(WeightsError::UnknownTensor { .. })));
}

#[test]
fn sharded_by_an_index() {
    let index = r#"{"metadata":{"total_size":12},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}"#;
    let files = vec![
        file("config.json", *b"{\"x\":1}"),
        file("2.safetensors", shard(&["c", "b"])),
        file(INDEX, index),
        file("1.safetensors", shard(&["a"])),
        file("unused.safetensors", *b"broken"),
    ];
    let mut checkpoint = Checkpoint::open(files).unwrap();
    assert_eq!(checkpoint.format(), Format::Safetensors);
    assert_eq!(checkpoint.tensors().keys().collect::<Vec<_>>(), ["a", "b"]);
    let mut four = [0; 4];
    checkpoint.read("b", 0, &mut four).unwrap();
    assert_eq!(f32::from_le_bytes(four), 1.0);
    assert_eq!(checkpoint.json("config.json").unwrap().unwrap()["x"], 1);
    assert_eq!(checkpoint.text_file("none.json").unwrap(), None);

    assert!(matches!(
        error(vec![file(INDEX, index), file("1.safetensors", shard(&["a"]))]),
        WeightsError::MissingShard { shard, tensor } if shard == "2.safetensors" && tensor == "b"
    ));
    assert!(matches!(
        error(vec![file(INDEX, index), file("1.safetensors", shard(&["a"])), file("2.safetensors", shard(&["c"]))]),
        WeightsError::NotInShard { .. }
    ));
    let wrong = vec![file(INDEX, *b"{\"weight_map\":3}"), file("1.safetensors", shard(&["a"]))];
    assert!(matches!(error(wrong), WeightsError::Json { .. }));
}

#[test]
fn without_an_index_all_files_count() {
    let open = |second: &[&str]| {
        Checkpoint::open(vec![file("1.safetensors", shard(&["a"])), file("2.safetensors", shard(second))])
    };
    assert_eq!(open(&["b"]).unwrap().tensors().len(), 2);
    assert!(matches!(open(&["a"]), Err(WeightsError::DuplicateTensor { tensor }) if tensor == "a"));
    assert!(matches!(error(vec![file("m.safetensors", shard(&["a", "a"]))]), WeightsError::DuplicateTensor { .. }));
    let twice = Gguf::new().tensor("w", 0, &[1], 0).tensor("w", 0, &[1], 32).data([0; 64]).build();
    assert!(matches!(error(vec![file("m.gguf", twice)]), WeightsError::DuplicateTensor { .. }));
}

#[test]
fn wrong_sets_of_files() {
    assert!(matches!(error(vec![file("config.json", *b"{}")]), WeightsError::NoWeights { files } if files.len() == 1));
    let two = vec![file("a.gguf", Gguf::new().build()), file("b.gguf", Gguf::new().build())];
    assert!(matches!(error(two), WeightsError::SeveralGguf { .. }));
    let twice = vec![file("a", *b"1"), file("b", *b"1"), file("a", *b"2")];
    assert_eq!(error(twice), WeightsError::DuplicateFile { name: "a".into() });
}

/// Claims to be long and has nothing.
struct Liar(u64);

impl ByteSource for Liar {
    fn len(&self) -> u64 {
        self.0
    }

    fn read_at(&mut self, _: u64, _: &mut [u8]) -> Result<(), SourceError> {
        Err(SourceError { message: "gone".into() })
    }
}

#[test]
fn sources_that_fail_or_are_too_large() {
    let liar = |len| vec![File { name: "m.gguf".into(), source: Box::new(Liar(len)) }];
    assert!(
        matches!(error(liar(u64::MAX)), WeightsError::Source { offset: 0, source, .. } if source.message == "gone")
    );
    let mut files = liar(1 << 60);
    files[0].name = "tokenizer.json".into();
    files.push(file("m.safetensors", shard(&["a"])));
    let mut checkpoint = Checkpoint::open(files).unwrap();
    assert!(matches!(checkpoint.text_file("tokenizer.json"), Err(WeightsError::TooLarge { .. })));
}
