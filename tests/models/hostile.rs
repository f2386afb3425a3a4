//! Files that lie: each gives an error that names the key or the tensor, and nothing panics or allocates much.

use serde_json::{Value, json};
use weights::Checkpoint;

use super::gguf::Meta;
use super::support::{Device, all, load};
use super::tiny::{Layout, Tiny};
use super::tiny_decoders::{self, Variant};
use super::tiny_encoders::{self, Naming};

fn refused(tiny: &Tiny, layout: Layout) -> String {
    let mut checkpoint = Checkpoint::open(tiny.files(layout)).unwrap();
    match ::models::open(&mut checkpoint) {
        Ok(_) => panic!("the model was opened"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn config_json_that_lies_is_refused() {
    let huge = json!(1u64 << 40);
    let cases: [(Variant, &str, Value, &str); 17] = [
        (Variant::Llama, "num_attention_heads", json!(0), "num_attention_heads is 0"),
        (Variant::Llama, "num_attention_heads", json!(-4), "num_attention_heads is -4"),
        (Variant::Llama, "num_attention_heads", json!(1e300), "num_attention_heads is"),
        (Variant::Llama, "num_key_value_heads", json!(3), "num_key_value_heads is 3"),
        (Variant::Llama, "head_dim", json!(0), "head_dim is 0"),
        (Variant::Llama, "head_dim", json!(17), "head_dim is 17"),
        (Variant::Llama, "head_dim", json!(32), "self_attn.q_proj.weight"),
        (Variant::Llama, "num_hidden_layers", huge.clone(), "num_hidden_layers is 1099511627776"),
        (Variant::Llama, "num_hidden_layers", json!(4), "no tensor model.layers.3."),
        (Variant::Llama, "hidden_size", huge, "hidden_size is 1099511627776"),
        (Variant::Llama, "hidden_size", json!("64"), "hidden_size is \"64\""),
        (Variant::Llama, "rms_norm_eps", json!(0.0), "rms_norm_eps is 0.0"),
        (Variant::Llama, "rope_theta", json!(-1.0), "rope_theta is -1.0"),
        (Variant::Llama, "rope_scaling", json!({"rope_type": "yarn"}), "rope scaling \"yarn\""),
        (Variant::Llama, "model_type", json!("mamba"), "\"mamba\""),
        (Variant::Gemma3, "sliding_window", json!(0), "sliding_window is 0"),
        (Variant::Gemma3, "layer_types", json!(["full_attention"]), "layer_types is 1 entries"),
    ];
    for (variant, key, value, message) in cases {
        let (mut tiny, _) = tiny_decoders::build(variant);
        tiny.config[key] = value;
        let found = refused(&tiny, Layout::Safetensors);
        assert!(found.contains(message), "{key}: {found:?} does not say {message:?}");
    }
}

#[test]
fn metadata_that_lies_is_refused() {
    let cases: [(&str, Option<Meta>, &str); 8] = [
        ("general.architecture", Some(Meta::Text("rwkv".into())), "\"rwkv\""),
        ("general.architecture", None, "no general.architecture"),
        ("llama.block_count", Some(Meta::U32(u32::MAX)), "llama.block_count is"),
        ("llama.block_count", None, "no llama.block_count"),
        ("llama.attention.head_count", Some(Meta::U32(0)), "llama.attention.head_count is"),
        ("llama.attention.head_count_kv", Some(Meta::I32s(vec![2, 2, 1])), "llama.attention.head_count_kv is"),
        ("llama.attention.value_length", Some(Meta::U32(8)), "different lengths"),
        ("llama.context_length", Some(Meta::Text("long".into())), "llama.context_length is"),
    ];
    for (key, value, message) in cases {
        let (mut tiny, _) = tiny_decoders::build(Variant::Llama);
        tiny.metadata.retain(|(name, _)| name != key);
        tiny.metadata.extend(value.map(|value| (key.to_string(), value)));
        let found = refused(&tiny, Layout::Gguf);
        assert!(found.contains(message), "{key}: {found:?} does not say {message:?}");
    }
}

#[test]
fn tensors_that_are_absent_or_of_another_shape_are_refused() {
    for layout in [Layout::Gguf, Layout::Safetensors] {
        for variant in Variant::ALL {
            let names: Vec<String> = tiny_decoders::build(variant).0.tensors.into_keys().collect();
            for name in names {
                // Without an output layer the embedding is tied, without factors there are none: both are models.
                if name == "lm_head.weight" {
                    continue;
                }
                let (mut tiny, _) = tiny_decoders::build(variant);
                let tensor = tiny.tensors.remove(&name).unwrap();
                let spelled = match layout {
                    Layout::Gguf => (tiny.to_gguf)(&name, &tensor).0,
                    _ => name.clone(),
                };
                let found = refused(&tiny, layout);
                assert!(found.contains(&spelled), "{variant:?} {layout:?} without {name}: {found}");
            }
        }
    }
    let (mut tiny, _) = tiny_decoders::build(Variant::Qwen2);
    tiny.tensors.insert("model.layers.1.self_attn.q_proj.bias".into(), (vec![8], vec![0.0; 8]));
    let found = refused(&tiny, Layout::Safetensors);
    assert!(found.contains("self_attn.q_proj.bias is f32[8]"), "{found}");
}

#[test]
fn encoders_that_lie_are_refused() {
    let cases = [
        ("num_attention_heads", json!(5), "num_attention_heads is 5"),
        ("max_position_embeddings", json!(7), "position_embeddings"),
        ("position_embedding_type", json!("relative_key"), "\"relative_key\""),
        ("hidden_act", json!("mish"), "\"mish\""),
        ("id2label", json!({"0": "a", "1": "b"}), "id2label is 2 labels"),
        ("id2label", json!({"0": "a", "1": "b", "7": "c"}), "id2label is 3 labels"),
        ("problem_type", json!("guess"), "\"guess\""),
        ("classifier_pooling", json!("max"), "classifier_pooling \"max\""),
    ];
    for (key, value, message) in cases {
        let (mut tiny, _) = tiny_encoders::build(Naming::Bert, Some("single_label_classification"), Vec::new());
        tiny.config[key] = value;
        let found = refused(&tiny, Layout::Safetensors);
        assert!(found.contains(message), "{key}: {found:?} does not say {message:?}");
    }
    let (mut tiny, _) = tiny_encoders::build(Naming::Bert, Some("multi_label_classification"), Vec::new());
    for (key, value) in &mut tiny.metadata {
        if key.ends_with("output_labels") {
            *value = Meta::Texts(vec!["a".into(), "b".into()]);
        }
    }
    assert!(refused(&tiny, Layout::Gguf).contains("bert.classifier.output_labels is 2 labels"));
    let modules = json!([{"type": "sentence_transformers.models.Transformer"},
                         {"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]);
    let (tiny, _) = tiny_encoders::build(Naming::Bert, None, vec![("modules.json", modules)]);
    assert!(refused(&tiny, Layout::Safetensors).contains("\"Dense\""));
    let pooling = json!({"pooling_mode_max_tokens": true});
    let (tiny, _) = tiny_encoders::build(Naming::Bert, None, vec![("1_Pooling/config.json", pooling)]);
    assert!(refused(&tiny, Layout::Safetensors).contains("max_tokens"));
}

/// Ids that have no row would read the last one.
#[test]
fn the_tokenizer_of_another_model_is_refused() {
    let (mut tiny, _) = tiny_encoders::build(Naming::Bert, None, Vec::new());
    let name = "embeddings.word_embeddings.weight";
    let (shape, data) = &tiny.tensors[name];
    let fewer = (vec![50, shape[1]], data[..50 * shape[1]].to_vec());
    tiny.tensors.insert(name.into(), fewer);
    let mut engine = load(Device::Cpu.backend().unwrap(), tiny.files(Layout::Safetensors), None).unwrap();
    let mut embed = |text: &str| pollster::block_on(engine.embed(&[text.into()], &Default::default(), &mut all));
    assert!(embed("w49").is_ok());
    let error = embed("w50").unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("token 50 of a vocabulary of 50")), ("BAD_INPUT", true));
}
