#![no_main]
use fuzz::testing::Gguf;
use fuzz::{bounded, file, read_all, seed};
use libfuzzer_sys::fuzz_target;
use weights::{Checkpoint, Numbers};

fn seeds() -> Vec<Vec<u8>> {
    let numbers = [6u32.to_le_bytes().to_vec(), 2u64.to_le_bytes().to_vec(), vec![0; 8]].concat();
    let nested = [9u32.to_le_bytes().to_vec(), 1u64.to_le_bytes().to_vec(), numbers.clone()].concat();
    let full = Gguf::new()
        .u32("general.alignment", 32)
        .string("general.architecture", "llama")
        .strings("tokenizer.ggml.tokens", &["a", "b", "ab"])
        .pair("scores", 9, &numbers)
        .pair("nested", 9, &nested)
        .pair("flag", 7, &[1])
        .pair("wide", 12, &[0; 8])
        .tensor("w", 3, &[64, 3], 0)
        .tensor("iq", 16, &[256], 128)
        .tensor("b", 0, &[5], 256)
        .data([7; 300]);
    vec![full.clone().build(), full.build_with(2, 3, 7), Gguf::new().build()]
}

fuzz_target!(init: seed("gguf", &seeds()), |data: &[u8]| {
    bounded(data, || {
        let Ok(mut checkpoint) = Checkpoint::open(vec![file("m.gguf", data)]) else { return };
        for (_, value) in checkpoint.metadata().iter() {
            let _ = (value.as_str(), value.as_u64(), value.as_f64(), value.as_bool());
            let _ = value.numbers().map(Numbers::to_i32);
            let _ = value.numbers().map(Numbers::to_f32);
            let _ = value.strings().map(|strings| strings.iter().map(str::len).sum::<usize>());
        }
        read_all(&mut checkpoint);
    });
});
