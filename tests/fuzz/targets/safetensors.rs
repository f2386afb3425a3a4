#![no_main]
use fuzz::testing::safetensors;
use fuzz::{bounded, file, read_all, seed};
use libfuzzer_sys::fuzz_target;
use weights::{Checkpoint, File};

const HEADER: &str = r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},"ids":{"dtype":"I64","shape":[1],"data_offsets":[12,20]}}"#;
const INDEX: &str = r#"{"metadata":{"total_size":12},"weight_map":{"a":"1.safetensors","ids":"1.safetensors"}}"#;

/// A byte that says how many sixteenths of the rest are the index; none means that there is no index.
fn files(data: &[u8]) -> Vec<File> {
    let Some((&share, rest)) = data.split_first() else { return Vec::new() };
    let (index, shard) = rest.split_at(rest.len() * (share % 16) as usize / 16);
    let mut files = vec![file("1.safetensors", shard)];
    if !index.is_empty() {
        files.push(file("model.safetensors.index.json", index));
    }
    files
}

fn seeds() -> Vec<Vec<u8>> {
    let shard = safetensors(HEADER, &[1; 20]);
    let mut index = INDEX.as_bytes().to_vec();
    // Half of the input each.
    index.resize(shard.len(), b' ');
    vec![[vec![0], shard.clone()].concat(), [vec![8], index, shard].concat()]
}

fuzz_target!(init: seed("safetensors", &seeds()), |data: &[u8]| {
    bounded(data, || {
        if let Ok(mut checkpoint) = Checkpoint::open(files(data)) {
            read_all(&mut checkpoint);
        }
    });
});
