//! Plain forward passes in f64, written from the papers and from transformers' modelling files, over tensors with Hugging
//! Face's names. They share no code with the crates under test.

use std::collections::BTreeMap;

use half::f16;

/// Tensors by Hugging Face name: shape and values.
pub(crate) type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Rows of activations.
type Rows = Vec<Vec<f64>>;

/// What a decoder's forward pass needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) epsilon: f64,
    pub(crate) base: f64,
    /// Divisors of the rope's frequencies.
    pub(crate) factors: Option<Vec<f64>>,
    pub(crate) head_norms: bool,
    pub(crate) gemma: Option<Gemma>,
}

/// What Gemma 3 does besides.
#[derive(Clone, Debug)]
pub(crate) struct Gemma {
    pub(crate) window: usize,
    pub(crate) pattern: usize,
    pub(crate) local_base: f64,
    pub(crate) scalar: f64,
    pub(crate) softcap: Option<f64>,
}

/// Logits after every token.
pub(crate) fn decoder(config: &Decoder, tensors: &Tensors, ids: &[u32]) -> Rows {
    let norm = |x: &Rows, name: &str| rms(x, &tensors[name].1, config.epsilon, config.gemma.is_some());
    let table = &tensors["model.embed_tokens.weight"];
    let hidden = table.0[1];
    let scale = if config.gemma.is_some() { (hidden as f64).sqrt() } else { 1.0 };
    let mut x: Rows = ids.iter().map(|&id| row(table, id as usize).iter().map(|v| v * scale).collect()).collect();
    for layer in 0..config.layers {
        let at = |name: &str| format!("model.layers.{layer}.{name}");
        let mixed = attention(config, tensors, layer, &norm(&x, &at("input_layernorm.weight")));
        let (before, after) = match config.gemma {
            None => ("post_attention_layernorm.weight", None),
            Some(_) => ("pre_feedforward_layernorm.weight", Some("post_attention_layernorm.weight")),
        };
        let mixed = after.map_or(mixed.clone(), |name| norm(&mixed, &at(name)));
        x = add(&x, &mixed);
        let normed = norm(&x, &at(before));
        let gate = linear(tensors, &at("mlp.gate_proj"), &normed);
        let up = linear(tensors, &at("mlp.up_proj"), &normed);
        let act = |v: f64| match config.gemma {
            None => v / (1.0 + (-v).exp()),
            Some(_) => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (v + 0.044715 * v.powi(3));
                0.5 * v * (1.0 + inner.tanh())
            }
        };
        let inner: Rows =
            gate.iter().zip(&up).map(|(g, u)| g.iter().zip(u).map(|(&g, &u)| act(g) * u).collect()).collect();
        let inner = linear(tensors, &at("mlp.down_proj"), &inner);
        let inner = if config.gemma.is_some() { norm(&inner, &at("post_feedforward_layernorm.weight")) } else { inner };
        x = add(&x, &inner);
    }
    let x = norm(&x, "model.norm.weight");
    let head = tensors.get("lm_head.weight").unwrap_or(table);
    let logits: Rows = x.iter().map(|x| (0..head.0[0]).map(|out| dot(&row(head, out), x)).collect()).collect();
    match config.gemma.as_ref().and_then(|gemma| gemma.softcap) {
        Some(cap) => logits.iter().map(|row| row.iter().map(|v| (v / cap).tanh() * cap).collect()).collect(),
        None => logits,
    }
}

fn attention(config: &Decoder, tensors: &Tensors, layer: usize, x: &Rows) -> Rows {
    let at = |name: &str| format!("model.layers.{layer}.self_attn.{name}");
    let (dim, group) = (config.head_dim, config.heads / config.kv_heads);
    let local = config.gemma.as_ref().filter(|gemma| !(layer + 1).is_multiple_of(gemma.pattern));
    let base = local.map_or(config.base, |gemma| gemma.local_base);
    let factors = config.factors.as_ref().filter(|_| local.is_none());
    let scale = config.gemma.as_ref().map_or(dim as f64, |gemma| gemma.scalar).powf(-0.5);
    let kept = |rows: Rows| -> Rows {
        // As the cache keeps them.
        rows.into_iter().map(|row| row.into_iter().map(|x| f16::from_f32(x as f32).to_f64()).collect()).collect()
    };
    let project = |name: &str, norm: &str, rotates: bool| -> Rows {
        let mut rows = linear(tensors, &at(name), x);
        for (position, row) in rows.iter_mut().enumerate() {
            for head in row.chunks_mut(dim) {
                if rotates && config.head_norms {
                    let normed =
                        rms(&vec![head.to_vec()], &tensors[&at(norm)].1, config.epsilon, config.gemma.is_some());
                    head.copy_from_slice(&normed[0]);
                }
                if rotates {
                    rotate(head, position as f64, base, factors);
                }
            }
        }
        rows
    };
    let query = project("q_proj", "q_norm.weight", true);
    let key = kept(project("k_proj", "k_norm.weight", true));
    let value = kept(project("v_proj", "", false));
    let mixed = (0..x.len()).map(|t| {
        let first = local.map_or(0, |gemma| (t + 1).saturating_sub(gemma.window));
        let heads = (0..config.heads).flat_map(|head| {
            let kv = head / group;
            attend(&query[t][head * dim..][..dim], &key[first..=t], &value[first..=t], kv * dim, scale)
        });
        heads.collect()
    });
    linear(tensors, &at("o_proj"), &mixed.collect())
}

/// One head of one query over rows of keys and values, whose head starts at `offset`.
fn attend(query: &[f64], keys: &[Vec<f64>], values: &[Vec<f64>], offset: usize, scale: f64) -> Vec<f64> {
    let dim = query.len();
    let scores: Vec<f64> = keys.iter().map(|key| dot(&key[offset..offset + dim], query) * scale).collect();
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    (0..dim).map(|i| powers.iter().zip(values).map(|(p, value)| p / sum * value[offset + i]).sum()).collect()
}

fn rotate(head: &mut [f64], position: f64, base: f64, factors: Option<&Vec<f64>>) {
    let half = head.len() / 2;
    for i in 0..half {
        let divisor = factors.map_or(1.0, |factors| factors[i]);
        let angle = position * base.powf(-2.0 * i as f64 / head.len() as f64) / divisor;
        let (a, b) = (head[i], head[i + half]);
        head[i] = a * angle.cos() - b * angle.sin();
        head[i + half] = b * angle.cos() + a * angle.sin();
    }
}

/// What an encoder's forward pass needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Encoder {
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) epsilon: f64,
    pub(crate) position_offset: usize,
    /// Names of a layer's parts: query, key, value, output, its norm, up, down, its norm. `{}` is the layer.
    pub(crate) parts: [&'static str; 8],
    /// What stands before "embeddings".
    pub(crate) prefix: &'static str,
    pub(crate) types: bool,
}

/// The last layer's rows, `[tokens, hidden]`.
pub(crate) fn encoder(config: &Encoder, tensors: &Tensors, ids: &[u32]) -> Rows {
    let table = |name: &str| &tensors[&format!("{}embeddings.{name}.weight", config.prefix)];
    let embed = |(t, &id): (usize, &u32)| -> Vec<f64> {
        let word = row(table("word_embeddings"), id as usize);
        let place = row(table("position_embeddings"), t + config.position_offset);
        let kind = if config.types { row(table("token_type_embeddings"), 0) } else { vec![0.0; word.len()] };
        word.iter().zip(&place).zip(&kind).map(|((a, b), c)| a + b + c).collect()
    };
    let mut x: Rows = ids.iter().enumerate().map(embed).collect();
    x = layer_norm(config, tensors, &format!("{}embeddings.LayerNorm", config.prefix), &x);
    for layer in 0..config.layers {
        let [q, k, v, o, norm1, up, down, norm2] =
            config.parts.map(|part| format!("{}{}", config.prefix, part.replace("{}", &layer.to_string())));
        let [query, key, value] = [q, k, v].map(|name| linear(tensors, &name, &x));
        let dim = x[0].len() / config.heads;
        let scale = (dim as f64).powf(-0.5);
        let mixed: Rows = query
            .iter()
            .map(|query| {
                let head = |h: usize| attend(&query[h * dim..][..dim], &key, &value, h * dim, scale);
                (0..config.heads).flat_map(head).collect()
            })
            .collect();
        x = layer_norm(config, tensors, &norm1, &add(&x, &linear(tensors, &o, &mixed)));
        let inner: Rows = linear(tensors, &up, &x)
            .iter()
            .map(|row| row.iter().map(|&v| 0.5 * v * (1.0 + erf(v / 2f64.sqrt()))).collect())
            .collect();
        x = layer_norm(config, tensors, &norm2, &add(&x, &linear(tensors, &down, &inner)));
    }
    x
}

/// `ln p` of each row of logits.
pub(crate) fn log_softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total = largest + row.iter().map(|x| (x - largest).exp()).sum::<f64>().ln();
    row.iter().map(|x| x - total).collect()
}

/// `weight · x + bias` of the module `name`; the bias where there is one.
pub(crate) fn linear(tensors: &Tensors, name: &str, x: &Rows) -> Rows {
    let weight = &tensors[&format!("{name}.weight")];
    let bias = tensors.get(&format!("{name}.bias"));
    let one = |x: &Vec<f64>| {
        let out = |o: usize| dot(&row(weight, o), x) + bias.map_or(0.0, |bias| f64::from(bias.1[o]));
        (0..weight.0[0]).map(out).collect()
    };
    x.iter().map(one).collect()
}

fn layer_norm(config: &Encoder, tensors: &Tensors, name: &str, x: &Rows) -> Rows {
    let (weight, bias) = (&tensors[&format!("{name}.weight")].1, &tensors[&format!("{name}.bias")].1);
    let one = |x: &Vec<f64>| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64;
        let scale = (variance + config.epsilon).sqrt();
        let put = |((v, &w), &b): ((&f64, &f32), &f32)| (v - mean) / scale * f64::from(w) + f64::from(b);
        x.iter().zip(weight).zip(bias).map(put).collect()
    };
    x.iter().map(one).collect()
}

fn rms(x: &Rows, weight: &[f32], epsilon: f64, is_less_one: bool) -> Rows {
    let offset = if is_less_one { 1.0 } else { 0.0 };
    let one = |x: &Vec<f64>| {
        let scale = (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64 + epsilon).sqrt();
        x.iter().zip(weight).map(|(v, &w)| v / scale * (f64::from(w) + offset)).collect()
    };
    x.iter().map(one).collect()
}

fn row((shape, values): &(Vec<usize>, Vec<f32>), index: usize) -> Vec<f64> {
    values[index * shape[1]..(index + 1) * shape[1]].iter().map(|&v| f64::from(v)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(a: &Rows, b: &Rows) -> Rows {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
}

/// The error function by its Maclaurin series: exact to f64 for the small arguments of these tests.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..80 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    2.0 / std::f64::consts::PI.sqrt() * sum
}
