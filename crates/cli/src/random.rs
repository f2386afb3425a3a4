//! Models of random weights in the shapes of known ones: the same file for this runtime and for others.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use engine::RandomDecoder;
use graph::DType;

/// Arguments of `random`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The GGUF file to write.
    file: PathBuf,
    /// The model whose shape it has.
    #[arg(long, value_enum, default_value = "qwen2.5-1.5b")]
    shape: Shape,
    /// The format of the layers; the embedding is Q6_K, as in files that llama.cpp quantizes.
    #[arg(long, default_value = "q4_0", value_parser = dtype)]
    dtype: DType,
    /// Layers; as many as the model has if absent.
    #[arg(long)]
    layers: Option<usize>,
}

/// Models by the names that everybody calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// 24 layers, 896 wide.
    #[value(name = "qwen2.5-0.5b")]
    Half,
    /// 28 layers, 1,536 wide.
    #[value(name = "qwen2.5-1.5b")]
    OneAndAHalf,
    /// 36 layers, 2,048 wide.
    #[value(name = "qwen2.5-3b")]
    Three,
}

/// A format of weights by its name.
pub(crate) fn dtype(name: &str) -> Result<DType, String> {
    let found = DType::WEIGHTS.into_iter().find(|dtype| dtype.name() == name);
    found.ok_or_else(|| format!("there is no format {name}, only {}", DType::WEIGHTS.map(DType::name).join(", ")))
}

/// The model of a shape.
fn decoder(shape: Shape, dtype: DType, layers: Option<usize>) -> RandomDecoder {
    let (hidden, inner, heads, head_dim, all) = match shape {
        Shape::Half => (896, 4864, 14, 64, 24),
        Shape::OneAndAHalf => (1536, 8960, 12, 128, 28),
        Shape::Three => (2048, 11_008, 16, 128, 36),
    };
    // Rows of 896 are no whole blocks of 256.
    let table = if hidden % DType::Q6K.block_len() == 0 { DType::Q6K } else { DType::Q8_0 };
    RandomDecoder {
        family: "qwen2",
        hidden,
        inner,
        heads,
        kv_heads: 2,
        head_dim,
        vocabulary: 151_936,
        context: 32_768,
        rope_base: 1e6,
        epsilon: 1e-6,
        table,
        output: None,
        layers: vec![[dtype; 7]; layers.unwrap_or(all)],
    }
}

/// Writes the file beside its place first, so that what is there is whole.
pub(crate) fn run(options: &Options) -> Result<()> {
    let Options { file, shape, dtype, layers } = options;
    let decoder = decoder(*shape, *dtype, *layers);
    let odd = decoder.matrices().into_iter().find(|(_, [_, columns])| columns % dtype.block_len() != 0);
    if let Some((name, [_, columns])) = odd {
        anyhow::bail!("{name} has rows of {columns}, which are no whole blocks of {dtype}");
    }
    let part = file.with_extension("part");
    let writing = || format!("writing {}", part.display());
    let mut out = BufWriter::new(File::create(&part).with_context(writing)?);
    decoder.write(&mut |piece| out.write_all(piece)).with_context(writing)?;
    out.into_inner().map_err(|error| error.into_error()).with_context(writing)?.sync_all().with_context(writing)?;
    std::fs::rename(&part, file).with_context(|| format!("writing {}", file.display()))
}
