//! Encoders with random weights: poolings and heads of every naming against the plain forward pass, batched and alone.

use engine::{CallOptions, EmbedOptions, Engine};
use serde_json::{Value, json};

use super::forward::{self, Encoder, Tensors};
use super::gguf::Meta;
use super::support::{Device, all, load};
use super::tiny::{Layout, Random, Tiny, VOCABULARY, metadata, word_vocabulary};

const HIDDEN: usize = 64;
const INNER: usize = 96;
const HEADS: usize = 4;
const LAYERS: usize = 2;
const CONTEXT: usize = 40;
const LABELS: [&str; 3] = ["kind", "rude", "neither"];

/// A naming of tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    Bert,
    Roberta,
    DistilBert,
}

impl Naming {
    fn encoder(self, prefix: &'static str) -> Encoder {
        let bert = [
            "encoder.layer.{}.attention.self.query",
            "encoder.layer.{}.attention.self.key",
            "encoder.layer.{}.attention.self.value",
            "encoder.layer.{}.attention.output.dense",
            "encoder.layer.{}.attention.output.LayerNorm",
            "encoder.layer.{}.intermediate.dense",
            "encoder.layer.{}.output.dense",
            "encoder.layer.{}.output.LayerNorm",
        ];
        let distil = [
            "transformer.layer.{}.attention.q_lin",
            "transformer.layer.{}.attention.k_lin",
            "transformer.layer.{}.attention.v_lin",
            "transformer.layer.{}.attention.out_lin",
            "transformer.layer.{}.sa_layer_norm",
            "transformer.layer.{}.ffn.lin1",
            "transformer.layer.{}.ffn.lin2",
            "transformer.layer.{}.output_layer_norm",
        ];
        Encoder {
            layers: LAYERS,
            heads: HEADS,
            epsilon: 1e-12,
            position_offset: if self == Naming::Roberta { 2 } else { 0 },
            parts: if self == Naming::DistilBert { distil } else { bert },
            prefix,
            types: self != Naming::DistilBert,
        }
    }

    /// The dense layer of the head and the output layer.
    fn head(self) -> [&'static str; 2] {
        match self {
            Naming::Bert => ["bert.pooler.dense", "classifier"],
            Naming::Roberta => ["classifier.dense", "classifier.out_proj"],
            Naming::DistilBert => ["pre_classifier", "classifier"],
        }
    }
}

/// An encoder, with a head of labels if `head` is given.
pub(crate) fn build(naming: Naming, head: Option<&str>, side: Vec<(&'static str, Value)>) -> (Tiny, Encoder) {
    let prefix = match (naming, head) {
        (_, None) => "",
        (Naming::Bert, _) => "bert.",
        (Naming::Roberta, _) => "roberta.",
        (Naming::DistilBert, _) => "distilbert.",
    };
    let encoder = naming.encoder(prefix);
    let mut random = Random(31 + naming as u64);
    let mut tensors = Tensors::new();
    let mut put = |name: String, shape: &[usize], scale: f32| {
        tensors.insert(name, random.tensor(shape, scale));
    };
    put(format!("{prefix}embeddings.word_embeddings.weight"), &[VOCABULARY, HIDDEN], 1.0);
    let rows = CONTEXT + encoder.position_offset;
    put(format!("{prefix}embeddings.position_embeddings.weight"), &[rows, HIDDEN], 1.0);
    if encoder.types {
        put(format!("{prefix}embeddings.token_type_embeddings.weight"), &[2, HIDDEN], 1.0);
    }
    let mut modules = vec![(format!("{prefix}embeddings.LayerNorm"), vec![HIDDEN])];
    for layer in 0..LAYERS {
        let shapes = [
            vec![HIDDEN, HIDDEN],
            vec![HIDDEN, HIDDEN],
            vec![HIDDEN, HIDDEN],
            vec![HIDDEN, HIDDEN],
            vec![HIDDEN],
            vec![INNER, HIDDEN],
            vec![HIDDEN, INNER],
            vec![HIDDEN],
        ];
        for (part, shape) in encoder.parts.iter().zip(shapes) {
            modules.push((format!("{prefix}{}", part.replace("{}", &layer.to_string())), shape));
        }
    }
    if head.is_some() {
        let [dense, output] = naming.head();
        modules.push((dense.into(), vec![HIDDEN, HIDDEN]));
        modules.push((output.into(), vec![LABELS.len(), HIDDEN]));
    }
    for (module, shape) in modules {
        put(format!("{module}.weight"), &shape, if shape.len() == 1 { 1.0 } else { 0.25 });
        put(format!("{module}.bias"), &shape[..1], 0.25);
    }
    let tiny = Tiny {
        tensors,
        config: config(naming, head, encoder.position_offset),
        metadata: gguf_metadata(head),
        to_gguf: |name, tensor| (gguf_name(name), tensor.0.clone(), tensor.1.clone()),
        gguf_only: Vec::new(),
        side,
    };
    (tiny, encoder)
}

fn config(naming: Naming, head: Option<&str>, position_offset: usize) -> Value {
    let rows = CONTEXT + position_offset;
    let mut config = match naming {
        Naming::DistilBert => json!({
            "model_type": "distilbert", "dim": HIDDEN, "hidden_dim": INNER, "n_layers": LAYERS, "n_heads": HEADS,
            "max_position_embeddings": rows, "activation": "gelu",
        }),
        _ => json!({
            "model_type": if naming == Naming::Bert { "bert" } else { "roberta" },
            "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS, "max_position_embeddings": rows, "layer_norm_eps": 1e-12,
            "hidden_act": "gelu", "pad_token_id": position_offset.saturating_sub(1),
        }),
    };
    if let Some(problem) = head {
        config["architectures"] = json!(["SomethingForSequenceClassification"]);
        config["problem_type"] = json!(problem);
        config["id2label"] = json!({"0": LABELS[0], "1": LABELS[1], "2": LABELS[2]});
    }
    config
}

fn gguf_metadata(head: Option<&str>) -> Vec<(String, Meta)> {
    let count = |n: usize| Meta::U32(n as u32);
    let mut all = metadata(
        "bert",
        vec![
            ("embedding_length", count(HIDDEN)),
            ("feed_forward_length", count(INNER)),
            ("block_count", count(LAYERS)),
            ("attention.head_count", count(HEADS)),
            ("attention.layer_norm_epsilon", Meta::F32(1e-12)),
            ("context_length", count(CONTEXT)),
            ("pooling_type", count(2)),
        ],
    );
    all.extend(word_vocabulary());
    if let Some(problem) = head {
        let labels = LABELS.map(String::from).to_vec();
        all.push(("bert.classifier.output_labels".into(), Meta::Texts(labels)));
        all.push(("bert.classifier.problem_type".into(), Meta::Text(problem.into())));
    }
    all
}

fn gguf_name(name: &str) -> String {
    name.replace("bert.", "")
        .replace("pooler.dense", "cls")
        .replace("classifier", "cls.output")
        .replace("embeddings.word_embeddings", "token_embd")
        .replace("embeddings.position_embeddings", "position_embd")
        .replace("embeddings.token_type_embeddings", "token_types")
        .replace("embeddings.LayerNorm", "token_embd_norm")
        .replace("encoder.layer", "blk")
        .replace("attention.self.query", "attn_q")
        .replace("attention.self.key", "attn_k")
        .replace("attention.self.value", "attn_v")
        .replace("attention.output.dense", "attn_output")
        .replace("attention.output.LayerNorm", "attn_output_norm")
        .replace("intermediate.dense", "ffn_up")
        .replace("output.dense", "ffn_down")
        .replace("output.LayerNorm", "layer_output_norm")
}

fn modules(kinds: &[&str]) -> Value {
    let entry = |(index, kind): (usize, &&str)| {
        json!({"idx": index, "path": if *kind == "Pooling" { "1_Pooling" } else { "" },
               "type": format!("sentence_transformers.models.{kind}")})
    };
    Value::Array(kinds.iter().enumerate().map(entry).collect())
}

/// Texts of several lengths, an empty one and one that is too long.
fn texts() -> Vec<String> {
    let mut random = Random(5);
    let mut text = |words: usize| -> String {
        let words = (0..words).map(|_| char::from(b'a' + random.below(26) as u8).to_string());
        words.collect::<Vec<_>>().join(" ")
    };
    [3, 1, 0, 17, 38, 60, 9].into_iter().map(&mut text).collect()
}

/// The ids that a text should have: words between `[CLS]` and `[SEP]`, cut to the context.
fn ids(text: &str) -> Vec<u32> {
    let mut ids = vec![2];
    ids.extend(text.split_whitespace().map(|word| 4 + u32::from(word.as_bytes()[0] - b'a')));
    ids.truncate(CONTEXT - 1);
    ids.push(3);
    ids
}

/// How a pooled vector is made of the rows.
#[derive(Clone, Copy, Debug)]
enum Pool {
    Mean,
    First,
    Last,
}

fn expected(encoder: &Encoder, tensors: &Tensors, text: &str, pool: Pool, normalize: bool) -> Vec<f64> {
    let rows = forward::encoder(encoder, tensors, &ids(text));
    let vector: Vec<f64> = match pool {
        Pool::First => rows[0].clone(),
        Pool::Last => rows[rows.len() - 1].clone(),
        Pool::Mean => (0..HIDDEN).map(|i| rows.iter().map(|row| row[i]).sum::<f64>() / rows.len() as f64).collect(),
    };
    let norm = if normalize { vector.iter().map(|v| v * v).sum::<f64>().sqrt() } else { 1.0 };
    vector.into_iter().map(|v| v / norm).collect()
}

fn embed(engine: &mut Engine, texts: &[String]) -> Vec<Vec<f32>> {
    let found = pollster::block_on(engine.embed(texts, &EmbedOptions::default(), &mut all)).unwrap();
    assert_eq!(found.dimensions, HIDDEN);
    found.vectors.chunks(HIDDEN).map(<[f32]>::to_vec).collect()
}

fn assert_close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(found) - expected).abs() <= tolerance, "{what}: {index}: {found} against {expected}");
    }
}

/// Poolings and namings, in one batch and one at a time.
fn embeddings_agree_with_forward(device: Device) {
    let pooling = |key: &str| {
        json!({"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": key == "mean_tokens",
               "pooling_mode_cls_token": key == "cls_token", "pooling_mode_lasttoken": key == "lasttoken"})
    };
    let all_modules = ["Transformer", "Pooling", "Normalize"];
    let cases = [
        (Naming::Bert, Layout::Safetensors, "mean_tokens", &all_modules[..], Pool::Mean, true),
        (Naming::Bert, Layout::HalfWidth, "cls_token", &all_modules[..], Pool::First, true),
        (Naming::Bert, Layout::Sharded, "lasttoken", &all_modules[..2], Pool::Last, false),
        (Naming::Bert, Layout::Gguf, "", &all_modules[..], Pool::First, true),
        (Naming::Roberta, Layout::Safetensors, "mean_tokens", &all_modules[..2], Pool::Mean, false),
        (Naming::DistilBert, Layout::Safetensors, "mean_tokens", &all_modules[..], Pool::Mean, true),
    ];
    let texts = texts();
    for (naming, layout, mode, kinds, pool, normalize) in cases {
        let side = vec![("modules.json", modules(kinds)), ("1_Pooling/config.json", pooling(mode))];
        let (tiny, encoder) = build(naming, None, side);
        let Some(backend) = device.backend() else { return };
        let mut engine = load(backend, tiny.files(layout), None).unwrap();
        let batch = embed(&mut engine, &texts);
        for (text, found) in texts.iter().zip(&batch) {
            let what = format!("{naming:?} {layout:?} {mode} {text:?}");
            assert_close(found, &expected(&encoder, &tiny.tensors, text, pool, normalize), device.plain(5e-5), &what);
            let alone: Vec<f64> = embed(&mut engine, std::slice::from_ref(text))[0].iter().map(|&v| v.into()).collect();
            assert_close(found, &alone, 1e-5, &format!("alone: {what}"));
        }
        let options = EmbedOptions { max_tokens: Some(5), ..Default::default() };
        let cut = pollster::block_on(engine.embed(&texts, &options, &mut all)).unwrap();
        assert_eq!(cut.tokens, [5, 3, 2, 5, 5, 5, 5]);
        assert_eq!(cut.truncated, [false, false, false, true, true, true, true]);
        // Cutting keeps the first words and the last special token.
        let short = texts[3].split(' ').take(3).collect::<Vec<_>>().join(" ");
        let expected = expected(&encoder, &tiny.tensors, &short, pool, normalize);
        assert_close(&cut.vectors[3 * HIDDEN..4 * HIDDEN], &expected, device.plain(5e-5), "a cut text");
    }
}

#[test]
fn embeddings_agree_with_forward_on_cpu() {
    embeddings_agree_with_forward(Device::Cpu);
}

#[test]
fn embeddings_agree_with_forward_on_gpu() {
    embeddings_agree_with_forward(Device::Gpu);
}

/// Heads of the three namings, with scores of one label of many and of each on its own, by the first row or the mean.
fn classifiers_agree_with_forward(device: Device) {
    let namings = [Naming::Bert, Naming::Roberta, Naming::DistilBert].map(|naming| (naming, Layout::Safetensors));
    for (naming, layout) in namings.into_iter().chain([(Naming::Bert, Layout::Gguf)]) {
        for (problem, pooling) in [
            ("single_label_classification", None),
            ("single_label_classification", Some("cls")),
            ("multi_label_classification", None),
            ("multi_label_classification", Some("mean")),
        ] {
            let (mut tiny, encoder) = build(naming, Some(problem), Vec::new());
            tiny.config["classifier_pooling"] = json!(pooling);
            tiny.metadata.retain(|(key, _)| key != "bert.pooling_type");
            // llama.cpp's "rank" is the first row under a head.
            tiny.metadata.push(("bert.pooling_type".into(), Meta::U32(if pooling == Some("mean") { 1 } else { 4 })));
            let Some(backend) = device.backend() else { return };
            let mut engine = load(backend, tiny.files(layout), None).unwrap();
            assert_eq!(engine.info().labels, LABELS);
            let what = format!("{naming:?} {layout:?} {problem} {pooling:?}");
            let pool = if pooling == Some("mean") { Pool::Mean } else { Pool::First };
            compare(&mut engine, device, &what, |text| {
                let pooled = expected(&encoder, &tiny.tensors, text, pool, false);
                head(naming, &tiny.tensors, &pooled, problem)
            });
        }
    }
}

/// Probabilities of the labels, of a pooled row.
fn head(naming: Naming, tensors: &Tensors, pooled: &[f64], problem: &str) -> Vec<f64> {
    let [dense, output] = naming.head();
    let act = |v: f64| if naming == Naming::DistilBert { v.max(0.0) } else { v.tanh() };
    let inner: Vec<f64> = forward::linear(tensors, dense, &vec![pooled.to_vec()])[0].iter().map(|&v| act(v)).collect();
    let logits = forward::linear(tensors, output, &vec![inner])[0].clone();
    match problem {
        "single_label_classification" => forward::log_softmax(&logits).iter().map(|lp| lp.exp()).collect(),
        _ => logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
    }
}

/// Classifies the texts; scores are ordered and as expected.
fn compare(engine: &mut Engine, device: Device, what: &str, expected: impl Fn(&str) -> Vec<f64>) {
    let texts = texts();
    let found = pollster::block_on(engine.classify(&texts, &CallOptions::default(), &mut all)).unwrap();
    for (text, found) in texts.iter().zip(found) {
        let expected = expected(text);
        assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
        for score in found {
            let index = LABELS.iter().position(|label| *label == score.label).unwrap();
            let difference = (f64::from(score.score) - expected[index]).abs();
            assert!(difference < device.plain(2e-5), "{what} {text:?}: {score:?} against {}", expected[index]);
        }
    }
}

#[test]
fn classifiers_agree_with_forward_on_cpu() {
    classifiers_agree_with_forward(Device::Cpu);
}

#[test]
fn classifiers_agree_with_forward_on_gpu() {
    classifiers_agree_with_forward(Device::Gpu);
}
