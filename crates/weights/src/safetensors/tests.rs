use graph::TensorType;

use super::*;
use crate::testing::safetensors;

fn parse(header: &str, data: usize) -> Result<Vec<Entry>, WeightsError> {
    let bytes = safetensors(header, &vec![0; data]);
    open(&mut File { name: "m.safetensors".into(), source: Box::new(bytes) })
}

fn error(header: &str, data: usize) -> WeightsError {
    match parse(header, data) {
        Ok(_) => panic!("a hostile header was accepted: {header}"),
        Err(error) => error,
    }
}

#[test]
fn reads_tensors_and_lists_what_is_not_supported() {
    let header = r#"{"__metadata__":{"format":"pt"},
        "a":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},
        "ids":{"dtype":"I64","shape":[1,2],"data_offsets":[12,28]},
        "f8":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[28,32]},
        "s":{"dtype":"F32","shape":[],"data_offsets":[32,36]}}   "#;
    let entries = parse(header, 36).unwrap();
    assert_eq!(entries[0].ty, Ok(TensorType::new(DType::BF16, [2, 3])));
    assert_eq!(entries[0].offset, 8 + header.len() as u64);
    assert_eq!(entries[1].ty, Err("I64".into()));
    assert_eq!(entries[2].ty, Err("F8_E5M2".into()));
    assert_eq!(entries[3].bytes, Some(4));
}

#[test]
fn headers_that_lie() {
    for length in [1u64 << 60, u64::MAX, 100] {
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(b"{}");
        let found = open(&mut File { name: "m".into(), source: Box::new(bytes) });
        assert!(matches!(found, Err(WeightsError::Truncated { need, .. }) if need == length));
    }
    assert!(matches!(error("{", 0), WeightsError::Json { .. }));
    assert!(matches!(error("[]", 0), WeightsError::Json { .. }));
    assert!(matches!(error(&"[".repeat(100_000), 0), WeightsError::Json { .. }));
    let deep = format!(r#"{{"__metadata__":{}}}"#, "[".repeat(100_000));
    assert!(matches!(error(&deep, 0), WeightsError::Json { .. }));
}

#[test]
fn ranges_that_lie() {
    let one = |shape: &str, range: &str| format!(r#"{{"w":{{"dtype":"F32","shape":{shape},"data_offsets":{range}}}}}"#);
    assert!(parse(&one("[2]", "[0,8]"), 8).is_ok());
    assert!(matches!(error(&one("[2]", "[8,0]"), 8), WeightsError::ReversedRange { begin: 8, end: 0, .. }));
    assert!(matches!(error(&one("[2]", "[0,4]"), 8), WeightsError::SizeMismatch { expected: 8, found: 4, .. }));
    assert!(matches!(error(&one("[2]", "[4,12]"), 8), WeightsError::OutsideFile { .. }));
    let end = one("[1]", "[18446744073709551611,18446744073709551615]");
    assert!(matches!(error(&end, 8), WeightsError::OutsideFile { .. }));
    assert!(matches!(error(&one("[1152921504606846976]", "[0,8]"), 8), WeightsError::SizeMismatch { .. }));
    assert!(matches!(error(&one("[4611686018427387904,8]", "[0,8]"), 8), WeightsError::Elements { .. }));
    assert!(matches!(error(&one("[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8), WeightsError::Dimensions { count: 9, .. }));
    assert!(matches!(error(&one("[-1]", "[0,8]"), 8), WeightsError::Json { .. }));
    let overlap = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
        "ids":{"dtype":"I64","shape":[1],"data_offsets":[4,12]}}"#;
    assert!(matches!(error(overlap, 12), WeightsError::Overlap { .. }));
    let odd = r#"{"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,4]}}"#;
    assert!(matches!(error(odd, 4), WeightsError::SizeMismatch { expected: 8, found: 4, .. }));
}

#[test]
fn a_name_given_twice_is_kept_twice() {
    let twice = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
        "a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    assert_eq!(parse(twice, 8).unwrap().len(), 2);
}
