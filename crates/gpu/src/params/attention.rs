//! Numbers of `attention`, `attention_tiles`, `attention_decode` and `rope_append`.

use graph::{DType, Mask, Op, RopePairs, Value};

use super::{Constants, reduce_files};
use crate::{
    fuse::{self, Heads, Stage},
    kernels::Site,
};

pub(crate) fn attention(site: &Site<'_>) -> Vec<u32> {
    let Op::Attention { query, key, value, mask, heads, kv_heads, scale } = *site.op else { return Vec::new() };
    let window = match mask {
        Mask::Causal { window, .. } => window.unwrap_or(u32::MAX),
        Mask::Spans { .. } => u32::MAX,
    };
    let [q, k, v] = [query, key, value].map(|value| site.program.view(site.graph, value));
    vec![
        site.rows(query),
        heads as u32,
        (heads / kv_heads) as u32,
        site.columns(query) / heads as u32 / 4,
        site.rows(key),
        window,
        scale.to_bits(),
        (q.stride / 4) as u32,
        (k.stride / 4) as u32,
        (q.first / 4) as u32,
        (k.first / 4) as u32,
        (v.first / 4) as u32,
    ]
}

/// Keys and values that were computed are f32, those of caches f16.
pub(crate) fn rows_files(site: &Site<'_>) -> Vec<&'static str> {
    let Op::Attention { key, .. } = *site.op else { return Vec::new() };
    vec![if site.graph.ty(key).dtype == DType::F16 { "rows_f16" } else { "rows_f32" }]
}

pub(crate) fn attention_files(site: &Site<'_>) -> Vec<&'static str> {
    [rows_files(site), reduce_files(site)].concat()
}

pub(crate) fn attention_constants(site: &Site<'_>) -> Constants {
    let causal = matches!(site.op, Op::Attention { mask: Mask::Causal { .. }, .. });
    vec![("CAUSAL", f64::from(u8::from(causal)))]
}

pub(crate) fn attention_grid(site: &Site<'_>) -> [u32; 3] {
    let Op::Attention { query, heads, .. } = *site.op else { return [1, 1, 1] };
    site.fold(u64::from(site.rows(query)) * heads as u64)
}

/// Lanes of a team: they hold a head, and at least 16 of them score 32 keys.
fn lanes(site: &Site<'_>) -> u32 {
    let Op::Attention { query, heads, .. } = *site.op else { return 16 };
    (site.columns(query) / heads as u32 / 4).next_power_of_two().max(16)
}

pub(crate) fn attention_tiles_constants(site: &Site<'_>) -> Constants {
    [attention_constants(site), vec![("LANES", f64::from(lanes(site)))]].concat()
}

/// A workgroup of 128 is some teams of four rows.
pub(crate) fn attention_tiles_grid(site: &Site<'_>) -> [u32; 3] {
    let Op::Attention { query, heads, kv_heads, .. } = *site.op else { return [1, 1, 1] };
    let rows = site.rows(query) * (heads / kv_heads) as u32;
    site.fold(kv_heads as u64 * u64::from(rows.div_ceil(4 * 128 / lanes(site))))
}

pub(crate) fn attention_decode(site: &Site<'_>) -> Vec<u32> {
    let (Stage::Attention(stage), &Op::Attention { query, key, mask, heads, kv_heads, scale, .. }) =
        (site.stage, site.op)
    else {
        return Vec::new();
    };
    let Mask::Causal { window, .. } = mask else { return Vec::new() };
    let mut words = vec![
        heads as u32,
        (heads / kv_heads) as u32,
        site.columns(query) / heads as u32 / 4,
        site.columns(key) / 4,
        site.rows(key),
        window.unwrap_or(u32::MAX),
        scale.to_bits(),
    ];
    words.extend(rope_and_norms(site, stage));
    words
}

/// Workgroups that a GPU should have for one token before they share keys.
const WORKGROUPS: usize = 8;

/// Shares of the keys.
fn splits(site: &Site<'_>) -> usize {
    match site.stage {
        Stage::Attention(heads) => heads.splits,
        _ => 1,
    }
}

/// Query heads of a workgroup, at most four: as many of one key as leave enough workgroups. One alone walks through a long
/// context no faster for reading it once.
fn shared_heads(site: &Site<'_>) -> usize {
    let Op::Attention { heads, kv_heads, .. } = *site.op else { return 1 };
    let group = heads / kv_heads;
    let workgroups = |shared: usize| heads / shared * splits(site);
    let fits = |&shared: &usize| group.is_multiple_of(shared) && workgroups(shared) >= WORKGROUPS;
    (2..=4).rev().find(fits).unwrap_or(1)
}

pub(crate) fn attention_decode_constants(site: &Site<'_>) -> Constants {
    let own = [("HEADS", shared_heads(site) as f64), ("SPLITS", splits(site) as f64)];
    [heads_constants(site), own.to_vec()].concat()
}

pub(crate) fn attention_decode_grid(site: &Site<'_>) -> [u32; 3] {
    let Op::Attention { heads, .. } = *site.op else { return [1, 1, 1] };
    site.fold((heads / shared_heads(site) * splits(site)) as u64)
}

pub(crate) fn rope_append(site: &Site<'_>) -> Vec<u32> {
    let Stage::Heads(stage) = site.stage else { return Vec::new() };
    let Op::Rope { head_dim, .. } = *site.op else { return Vec::new() };
    let (head_dim, [key, _]) = (head_dim as u32, stage.appends);
    let mut words = vec![
        site.rows(stage.result),
        site.columns(stage.result) / head_dim,
        site.columns(key) / head_dim,
        head_dim,
        site.rows(key),
    ];
    words.extend(rope_and_norms(site, stage));
    words
}

pub(crate) fn rope_append_grid(site: &Site<'_>) -> [u32; 3] {
    let [_, heads, kv_heads, ..] = rope_append(site)[..] else { return [1, 1, 1] };
    site.fold(site.ty.shape.rows() as u64 * u64::from(heads + 2 * kv_heads))
}

/// First words of turns and factors; weight, epsilon and offset of the norms of query and key.
fn rope_and_norms(site: &Site<'_>, stage: &Heads) -> Vec<u32> {
    let Some(rope) = fuse::op(site.graph, stage.rope) else { return Vec::new() };
    let vectors = &site.program.vectors;
    let factors = match rope {
        Op::Rope { factors: Some(factors), .. } => vectors.leaf(*factors),
        _ => 0,
    };
    let norm = |value: Value| match fuse::op(site.graph, value) {
        Some(&Op::RmsNorm { weight, epsilon, offset, .. }) => {
            [vectors.leaf(weight), epsilon.to_bits(), offset.to_bits()]
        }
        _ => [0; 3],
    };
    let norms = stage.norms.map(|norms| norms.map(norm)).unwrap_or_default();
    [vec![vectors.turns(rope), factors], norms.concat()].concat()
}

/// Of both kernels.
pub(crate) fn heads_constants(site: &Site<'_>) -> Constants {
    let (Stage::Attention(stage) | Stage::Heads(stage)) = site.stage else { return Vec::new() };
    let Some(Op::Rope { factors, pairs, .. }) = fuse::op(site.graph, stage.rope) else { return Vec::new() };
    let flag = |flag: bool| f64::from(u8::from(flag));
    vec![
        ("ADJACENT", flag(*pairs == RopePairs::Adjacent)),
        ("FACTORS", flag(factors.is_some())),
        ("NORMS", flag(stage.norms.is_some())),
    ]
}
