use graph::{DType, TensorType};

use super::*;
use crate::testing::{Gguf, string};

fn file(bytes: Vec<u8>) -> File {
    File { name: "m.gguf".into(), source: Box::new(bytes) }
}

fn error(bytes: Vec<u8>) -> WeightsError {
    match open(&mut file(bytes)) {
        Ok(_) => panic!("a hostile file was accepted"),
        Err(error) => error,
    }
}

fn small() -> Gguf {
    Gguf::new().u32("general.alignment", 32).string("general.name", "té").strings("tokens", &["a", "", "▁b"])
}

#[test]
fn reads_metadata_and_tensors() {
    let floats: Vec<u8> =
        [6u32.to_le_bytes().to_vec(), 2u64.to_le_bytes().to_vec(), 1.5f32.to_le_bytes().repeat(2)].concat();
    let bytes = small()
        .pair("scores", 9, &floats)
        .pair("flag", 7, &[1])
        .pair("minus", 5, &(-3i32).to_le_bytes())
        .tensor("w", 3, &[64, 3], 0)
        .tensor("b", 0, &[5], 128)
        .data(vec![7; 128 + 20]);
    let bytes = bytes.build();
    let len = bytes.len() as u64;
    let (metadata, entries) = open(&mut file(bytes)).unwrap();
    assert_eq!(metadata.get("general.name").unwrap().as_str(), Some("té"));
    assert_eq!(metadata.get("tokens").unwrap().strings().unwrap().to_vec(), ["a", "", "▁b"]);
    assert_eq!(metadata.get("scores").unwrap().numbers().unwrap().to_f32(), [1.5, 1.5]);
    assert_eq!(metadata.get("flag").unwrap().as_bool(), Some(true));
    assert_eq!(metadata.get("minus").unwrap().as_f64(), Some(-3.0));
    assert_eq!(metadata.get("minus").unwrap().as_u64(), None);
    assert_eq!(entries[0].ty, Ok(TensorType::new(DType::Q4_1, [3, 64])));
    assert_eq!(entries[0].bytes, Some(3 * 2 * 20));
    assert_eq!((entries[1].offset, entries[1].bytes), (len - 20, Some(20)));
}

#[test]
fn an_unknown_dtype_is_listed_and_the_rest_is_read() {
    let bytes = small().tensor("iq", 16, &[256], 0).tensor("w", 0, &[4], 96).data(vec![0; 112]).build();
    let (_, entries) = open(&mut file(bytes)).unwrap();
    assert_eq!(entries[0].ty, Err("ggml type 16".into()));
    assert!(entries[1].ty.is_ok());
    // One of known size is held to its place.
    let bytes = small().tensor("i", 26, &[28], 0).tensor("w", 0, &[4], 96).data(vec![0; 112]).build();
    assert!(matches!(error(bytes), WeightsError::Overlap { .. }));
}

#[test]
fn every_truncation_is_an_error() {
    let bytes = small().tensor("w", 0, &[8], 0).data(vec![0; 32]).build();
    assert!(open(&mut file(bytes.clone())).is_ok());
    for len in 0..bytes.len() {
        error(bytes[..len].to_vec());
    }
}

#[test]
fn other_files_and_versions() {
    assert_eq!(error(b"ggla____".to_vec()), WeightsError::NotGguf { file: "m.gguf".into(), magic: *b"ggla" });
    for version in [0, 1, 4, 3 << 24] {
        let bytes = Gguf::new().build_with(version, 0, 0);
        assert_eq!(error(bytes), WeightsError::Version { file: "m.gguf".into(), version });
    }
    assert!(open(&mut file(Gguf::new().build_with(2, 0, 0))).is_ok());
}

#[test]
fn lying_counts() {
    for count in [10, 1 << 17, 1 << 60, u64::MAX] {
        assert!(matches!(error(Gguf::new().build_with(3, count, 0)), WeightsError::Count { what: "tensors", .. }));
        assert!(matches!(
            error(Gguf::new().build_with(3, 0, count)),
            WeightsError::Count { what: "metadata pairs", .. }
        ));
        let array = |ty: u32| [ty.to_le_bytes().to_vec(), count.to_le_bytes().to_vec()].concat();
        for (ty, what) in [(8, "strings"), (9, "nested arrays"), (0, "numbers"), (12, "numbers")] {
            let WeightsError::Count { what: found, .. } = error(Gguf::new().pair("k", 9, &array(ty)).build()) else {
                panic!("{count} {what}");
            };
            assert_eq!(found, what);
        }
    }
}

#[test]
fn lying_lengths() {
    for length in [100, 1 << 40, u64::MAX] {
        let text = Gguf::new().pair("k", 8, &u64::to_le_bytes(length)).build();
        assert!(matches!(error(text), WeightsError::Truncated { need, .. } if need == length));
        let mut key = Gguf::new().build_with(3, 0, 1);
        key.extend([length.to_le_bytes().to_vec(), vec![b'k'; 40]].concat());
        let found = error(key);
        assert!(matches!(found, WeightsError::Truncated { .. } | WeightsError::Count { what: "bytes of a name", .. }));
    }
}

#[test]
fn values_of_unknown_type_and_deep_nesting() {
    assert!(matches!(
        error(Gguf::new().pair("k", 13, &[0; 8]).build()),
        WeightsError::ValueType { value_type: 13, .. }
    ));
    let nested = |depth: usize| {
        let mut value = [9u32.to_le_bytes().to_vec(), 1u64.to_le_bytes().to_vec()].concat().repeat(depth - 1);
        value.extend([4u32.to_le_bytes().to_vec(), 1u64.to_le_bytes().to_vec(), vec![5, 0, 0, 0]].concat());
        Gguf::new().pair("k", 9, &value).build()
    };
    assert!(open(&mut file(nested(4))).is_ok());
    for depth in [5, 100_000] {
        assert!(matches!(error(nested(depth)), WeightsError::Nesting { limit: 4, .. }));
    }
}

#[test]
fn names() {
    let twice = Gguf::new().u32("k", 1).u32("k", 1).build();
    assert_eq!(error(twice), WeightsError::DuplicateKey { file: "m.gguf".into(), key: "k".into() });
    let mut bytes = Gguf::new().build_with(3, 0, 1);
    bytes.extend([string("??"), vec![0; 8]].concat());
    let at = bytes.len() - 10;
    bytes[at] = 0xff;
    assert!(matches!(error(bytes), WeightsError::NotUtf8 { offset: 24, .. }));
}

#[test]
fn alignments() {
    for alignment in [0, 1, 4, 12, 33, u32::MAX] {
        let bytes = Gguf::new().u32("general.alignment", alignment).build();
        let alignment = alignment as u64;
        assert_eq!(error(bytes), WeightsError::Alignment { file: "m.gguf".into(), alignment });
    }
    let wrong = Gguf::new().string("general.alignment", "32").build();
    assert_eq!(error(wrong), WeightsError::AlignmentType { file: "m.gguf".into() });
    let bytes = small().tensor("w", 0, &[1], 4).data([0; 8]).build();
    assert!(matches!(error(bytes), WeightsError::Misaligned { offset: 4, alignment: 32, .. }));
}

#[test]
fn sizes() {
    for dims in [&[1 << 60][..], &[1 << 32, 1 << 32], &[1 << 40, 1 << 40, 0], &[u64::MAX]] {
        let bytes = small().tensor("w", 0, dims, 0).data([0; 8]).build();
        assert!(matches!(error(bytes), WeightsError::Elements { .. } | WeightsError::OutsideFile { .. }), "{dims:?}");
    }
    let five = small().tensor("w", 0, &[1; 5], 0).data([0; 8]).build();
    assert!(matches!(error(five), WeightsError::Dimensions { count: 5, limit: 4, .. }));
    let rows = small().tensor("w", 2, &[48, 2], 0).data([0; 64]).build();
    assert!(matches!(error(rows), WeightsError::RowBlocks { columns: 48, block: 32, .. }));
    let (_, entries) = open(&mut file(small().tensor("w", 0, &[0, 3], 0).build())).unwrap();
    assert_eq!(entries[0].bytes, Some(0));
}

#[test]
fn places() {
    for offset in [32, 1 << 40, u64::MAX - 31] {
        let bytes = small().tensor("w", 0, &[8], offset).data([0; 32]).build();
        assert!(matches!(error(bytes), WeightsError::OutsideFile { .. }), "{offset}");
    }
    let bytes = small().tensor("a", 0, &[9], 0).tensor("b", 0, &[8], 32).data([0; 64]).build();
    assert!(matches!(error(bytes), WeightsError::Overlap { first, second, .. } if first == "a" && second == "b"));
    let bytes = small().tensor("a", 0, &[8], 32).tensor("b", 16, &[8], 32).data([0; 64]).build();
    assert!(matches!(error(bytes), WeightsError::Overlap { .. }));
}

#[test]
fn parts_of_a_split_model() {
    let bytes = Gguf::new().pair("split.count", 2, &[3, 0]).build();
    assert_eq!(error(bytes), WeightsError::SplitGguf { file: "m.gguf".into(), count: 3 });
}

#[test]
fn text_that_is_not_utf8_is_kept_readable() {
    let bytes = Gguf::new().pair("k", 8, &[vec![2, 0, 0, 0, 0, 0, 0, 0], vec![b'a', 0xff]].concat()).build();
    let (metadata, _) = open(&mut file(bytes)).unwrap();
    assert_eq!(metadata.get("k").unwrap().as_str(), Some("a\u{fffd}"));
}

#[test]
fn block_sizes_are_candles() {
    use candle_core::quantized::GgmlDType as G;
    let pairs = [
        (DType::F32, G::F32),
        (DType::F16, G::F16),
        (DType::BF16, G::BF16),
        (DType::Q4_0, G::Q4_0),
        (DType::Q4_1, G::Q4_1),
        (DType::Q5_0, G::Q5_0),
        (DType::Q5_1, G::Q5_1),
        (DType::Q8_0, G::Q8_0),
        (DType::Q2K, G::Q2K),
        (DType::Q3K, G::Q3K),
        (DType::Q4K, G::Q4K),
        (DType::Q5K, G::Q5K),
        (DType::Q6K, G::Q6K),
    ];
    assert_eq!(pairs.len(), DType::WEIGHTS.len());
    for (ours, candle) in pairs {
        assert_eq!((ours.block_len(), ours.block_bytes()), (candle.block_size(), candle.type_size()), "{ours}");
    }
}
