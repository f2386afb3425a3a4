//! Random models are files as any other, and the same on every machine.

use engine::{GenerateOptions, LayerTypes, Prompt, RandomDecoder};
use graph::{Backend, DType};
use sha2::{Digest, Sha256};
use weights::{Checkpoint, File};

use super::files::file;
use super::support::{all, load};

const LAYER: LayerTypes = [DType::Q4_0; 7];

pub(crate) fn decoder() -> RandomDecoder {
    RandomDecoder {
        family: "qwen2",
        hidden: 256,
        inner: 512,
        heads: 4,
        kv_heads: 2,
        head_dim: 64,
        vocabulary: 300,
        context: 128,
        rope_base: 1e6,
        epsilon: 1e-6,
        table: DType::Q6K,
        output: None,
        layers: vec![LAYER; 2],
    }
}

pub(crate) fn written(decoder: &RandomDecoder) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written: Result<(), ()> = decoder.write(&mut |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    });
    written.unwrap();
    bytes
}

fn files() -> Vec<File> {
    vec![file("random.gguf", written(&decoder()))]
}

#[test]
fn a_random_model_computes() {
    let mut engine = load(Box::new(cpu::CpuBackend::new()) as Box<dyn Backend>, files(), None).unwrap();
    let info = engine.info();
    assert_eq!((info.family, info.vocabulary, info.layers, info.dtype.as_str()), ("qwen2", 300, 2, "q4_0"));
    // Two merges make one token of it; other characters are their bytes.
    assert_eq!(engine.tokenize("the tree").unwrap().len(), 1 + " tree".len());
    let options = GenerateOptions { max_tokens: Some(4), ignore_eos: true, ..Default::default() };
    let finish = pollster::block_on(engine.generate(&Prompt::Tokens(vec![1, 2, 3]), &options, &mut all)).unwrap();
    assert_eq!(finish.tokens, 4);
}

#[test]
fn its_tensors_have_the_asked_shapes_and_formats() {
    let checkpoint = Checkpoint::open(files()).unwrap();
    let ty = |name: &str| checkpoint.tensors()[name].ty.to_string();
    assert_eq!(ty("token_embd.weight"), "q6_k[300, 256]");
    for (name, [rows, columns]) in decoder().matrices() {
        assert_eq!(ty(&format!("blk.1.{name}.weight")), format!("q4_0[{rows}, {columns}]"));
    }
}

/// Figures of two machines are of the same file.
#[test]
fn it_is_the_same_file_everywhere() {
    let hash: String = Sha256::digest(written(&decoder())).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, "da082dfc78ff8ebe8eaed70dc90f031a4c3de58fdaa1fbdeecb5063ccc43927d");
}
