//! Files, constants and grids of `quads` and `quads_one`, which run linear stages on a processor that pretends to be a GPU, and of
//! the attention that goes with them; words are those of `linear` and of `attention`.

use graph::{DType, Op};

use super::{
    Constants,
    attention::{attention_constants, rows_files},
    linear::{Shape, stage_constants, stage_files},
    reduce_files,
};
use crate::{fuse::Stage, kernels::Site};

/// Rows of a weight, and tokens, of a workgroup. Few tokens leave few idle.
pub(super) fn tile(site: &Site<'_>, tokens: usize) -> (u64, u64) {
    match tokens {
        0..=1 => (8 * rows_of_one(site), 1),
        2..=4 => (64, 4),
        5..=8 => (64, 8),
        _ => (64, 16),
    }
}

pub(crate) fn quads_files(site: &Site<'_>) -> Vec<&'static str> {
    let (Stage::Linear(linear), Some(shape)) = (site.stage, Shape::of(site)) else { return Vec::new() };
    let [_, parts] = stage_files(linear, ["load_plain"; 4]);
    let own: &[&str] = match shape.tile {
        1 => &["sums_of_2", "weight_one", "quants_in_place"],
        4 => &["sums_of_1_quad", "weight_quads"],
        8 => &["sums_of_2_quads", "weight_quads"],
        _ => &["sums_of_4_quads", "weight_quads"],
    };
    [own, &[parts], reduce_files(site).as_slice()].concat()
}

/// Rows of an invocation of `quads_one`: more where a unit of each weight takes few instructions.
fn rows_of_one(site: &Site<'_>) -> u64 {
    let is_short = |dtype| matches!(dtype, DType::F32 | DType::BF16 | DType::Q4_0 | DType::Q4_1 | DType::Q8_0);
    if site.formats().into_iter().all(is_short) { 8 } else { 4 }
}

pub(crate) fn quads_constants(site: &Site<'_>) -> Constants {
    let Some(shape) = Shape::of(site) else { return Vec::new() };
    let mut constants = stage_constants(shape.linear);
    if shape.tile == 1 {
        constants.push(("ROWS", rows_of_one(site) as f64));
    }
    constants
}

pub(crate) fn quads_grid(site: &Site<'_>) -> [u32; 3] {
    Shape::of(site).map_or([1, 1, 1], |shape| shape.grid(site))
}

pub(crate) fn attention_quads_files(site: &Site<'_>) -> Vec<&'static str> {
    [rows_files(site), reduce_files(site)].concat()
}

pub(crate) fn attention_quads_constants(site: &Site<'_>) -> Constants {
    attention_constants(site)
}

/// A workgroup is four rows of one key.
pub(crate) fn attention_quads_grid(site: &Site<'_>) -> [u32; 3] {
    let Op::Attention { query, heads, kv_heads, .. } = *site.op else { return [1, 1, 1] };
    let rows = site.rows(query) * (heads / kv_heads) as u32;
    site.fold(kv_heads as u64 * u64::from(rows.div_ceil(4)))
}
