//! One table of tensor names a naming scheme: from the canonical name, which is GGUF's, to Hugging Face's.

use std::collections::BTreeMap;

use weights::Tensor;

/// How a checkpoint names its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// GGUF: names are canonical.
    Gguf,
    /// Llama and Qwen of transformers.
    Decoder,
    /// Gemma 3 of transformers: the same modules, with norms on both sides of each block.
    Gemma,
    /// BERT of transformers.
    Bert,
    /// RoBERTa: BERT with another head.
    Roberta,
    /// DistilBERT.
    DistilBert,
}

// Hugging Face names follow the checkpoint's prefix ("model.", "bert." or nothing), but for those with a leading slash.
const DECODER: &[(&str, &str)] = &[
    ("token_embd", "embed_tokens"),
    ("output_norm", "norm"),
    ("output", "/lm_head"),
    ("blk.{}.attn_norm", "layers.{}.input_layernorm"),
    ("blk.{}.attn_q", "layers.{}.self_attn.q_proj"),
    ("blk.{}.attn_k", "layers.{}.self_attn.k_proj"),
    ("blk.{}.attn_v", "layers.{}.self_attn.v_proj"),
    ("blk.{}.attn_output", "layers.{}.self_attn.o_proj"),
    ("blk.{}.attn_q_norm", "layers.{}.self_attn.q_norm"),
    ("blk.{}.attn_k_norm", "layers.{}.self_attn.k_norm"),
    ("blk.{}.ffn_gate", "layers.{}.mlp.gate_proj"),
    ("blk.{}.ffn_up", "layers.{}.mlp.up_proj"),
    ("blk.{}.ffn_down", "layers.{}.mlp.down_proj"),
];

const PRE_NORM: &[(&str, &str)] = &[("blk.{}.ffn_norm", "layers.{}.post_attention_layernorm")];

const SANDWICH: &[(&str, &str)] = &[
    ("blk.{}.post_attention_norm", "layers.{}.post_attention_layernorm"),
    ("blk.{}.ffn_norm", "layers.{}.pre_feedforward_layernorm"),
    ("blk.{}.post_ffw_norm", "layers.{}.post_feedforward_layernorm"),
];

const ENCODER: &[(&str, &str)] = &[
    ("token_embd", "embeddings.word_embeddings"),
    ("position_embd", "embeddings.position_embeddings"),
    ("token_types", "embeddings.token_type_embeddings"),
    ("token_embd_norm", "embeddings.LayerNorm"),
];

const BERT: &[(&str, &str)] = &[
    ("blk.{}.attn_q", "encoder.layer.{}.attention.self.query"),
    ("blk.{}.attn_k", "encoder.layer.{}.attention.self.key"),
    ("blk.{}.attn_v", "encoder.layer.{}.attention.self.value"),
    ("blk.{}.attn_output", "encoder.layer.{}.attention.output.dense"),
    ("blk.{}.attn_output_norm", "encoder.layer.{}.attention.output.LayerNorm"),
    ("blk.{}.ffn_up", "encoder.layer.{}.intermediate.dense"),
    ("blk.{}.ffn_down", "encoder.layer.{}.output.dense"),
    ("blk.{}.layer_output_norm", "encoder.layer.{}.output.LayerNorm"),
];

const BERT_HEAD: &[(&str, &str)] = &[("cls", "pooler.dense"), ("cls.output", "/classifier")];

const ROBERTA_HEAD: &[(&str, &str)] = &[("cls", "/classifier.dense"), ("cls.output", "/classifier.out_proj")];

const DISTILBERT: &[(&str, &str)] = &[
    ("blk.{}.attn_q", "transformer.layer.{}.attention.q_lin"),
    ("blk.{}.attn_k", "transformer.layer.{}.attention.k_lin"),
    ("blk.{}.attn_v", "transformer.layer.{}.attention.v_lin"),
    ("blk.{}.attn_output", "transformer.layer.{}.attention.out_lin"),
    ("blk.{}.attn_output_norm", "transformer.layer.{}.sa_layer_norm"),
    ("blk.{}.ffn_up", "transformer.layer.{}.ffn.lin1"),
    ("blk.{}.ffn_down", "transformer.layer.{}.ffn.lin2"),
    ("blk.{}.layer_output_norm", "transformer.layer.{}.output_layer_norm"),
    ("cls", "/pre_classifier"),
    ("cls.output", "/classifier"),
];

/// A scheme with the prefix that one checkpoint uses.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    scheme: Scheme,
    prefix: String,
}

impl Names {
    /// Finds the prefix by the one tensor that every model has: its token embedding.
    pub(crate) fn detect(scheme: Scheme, tensors: &BTreeMap<String, Tensor>) -> Names {
        let (anchor, usual) = match scheme {
            Scheme::Gguf => return Names { scheme, prefix: String::new() },
            Scheme::Decoder | Scheme::Gemma => ("embed_tokens.weight", "model."),
            Scheme::Bert | Scheme::Roberta | Scheme::DistilBert => ("embeddings.word_embeddings.weight", ""),
        };
        let prefix = tensors
            .keys()
            .filter_map(|name| name.strip_suffix(anchor))
            .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
            .min_by_key(|prefix| prefix.len())
            .unwrap_or(usual);
        Names { scheme, prefix: prefix.into() }
    }

    /// The checkpoint's name of `module.suffix`, where `module` is canonical ("blk.3.attn_q") and `suffix` is "weight" or
    /// "bias". `None` if the scheme has no such module.
    pub(crate) fn resolve(&self, module: &str, suffix: &str) -> Option<String> {
        if self.scheme == Scheme::Gguf {
            return Some(format!("{module}.{suffix}"));
        }
        let (key, layer) = match module.strip_prefix("blk.").and_then(|rest| rest.split_once('.')) {
            Some((layer, rest)) => (format!("blk.{{}}.{rest}"), layer),
            None => (module.to_string(), ""),
        };
        let theirs = self.tables().iter().flat_map(|table| table.iter()).find(|(ours, _)| *ours == key)?.1;
        let theirs = theirs.replace("{}", layer);
        Some(match theirs.strip_prefix('/') {
            Some(absolute) => format!("{absolute}.{suffix}"),
            None => format!("{}{theirs}.{suffix}", self.prefix),
        })
    }

    fn tables(&self) -> &'static [&'static [(&'static str, &'static str)]] {
        match self.scheme {
            Scheme::Gguf => &[],
            Scheme::Decoder => &[DECODER, PRE_NORM],
            Scheme::Gemma => &[DECODER, SANDWICH],
            Scheme::Bert => &[ENCODER, BERT, BERT_HEAD],
            Scheme::Roberta => &[ENCODER, BERT, ROBERTA_HEAD],
            Scheme::DistilBert => &[ENCODER, DISTILBERT],
        }
    }
}
