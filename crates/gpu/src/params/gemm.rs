//! Files, constants and grid of `gemm` and `dots`, which run the linear stages of many tokens; their words are those of `linear`.

use super::{
    Constants,
    linear::{Shape, stage_constants, stage_files},
};
use crate::{
    Tier,
    fuse::Stage,
    kernels::{Site, choose},
};

/// Rows of a weight, and tokens, of a workgroup: those of `tiles.wgsl`.
pub(super) const ROWS: u64 = 64;
pub(super) const TOKENS: u64 = 32;

pub(crate) fn gemm_files(site: &Site<'_>) -> Vec<&'static str> {
    let Stage::Linear(linear) = site.stage else { return Vec::new() };
    let [load, parts] = stage_files(linear, ["load_plain", "load_rms_norm", "load_rms_sum", "load_layer_norm"]);
    if has_dots(site) { vec![load, parts, "weight_dots", "quants_packed"] } else { vec![load, parts, "weight_tile"] }
}

/// Whether a stage of many tokens goes by packed products.
pub(super) fn has_dots(site: &Site<'_>) -> bool {
    site.limits.tuning.dots && site.limits.tier >= Tier::Fused && is_in_blocks(site)
}

fn is_in_blocks(site: &Site<'_>) -> bool {
    site.formats().into_iter().all(|dtype| dtype.block_len() > 1)
}

/// Whether a stage leaves the choice.
pub(crate) fn may_have_dots(site: &Site<'_>) -> bool {
    matches!(choose(site).name, "gemm" | "dots") && is_in_blocks(site)
}

pub(crate) fn gemm_constants(site: &Site<'_>) -> Constants {
    Shape::of(site).map_or_else(Vec::new, |shape| stage_constants(shape.linear))
}

pub(crate) fn gemm_grid(site: &Site<'_>) -> [u32; 3] {
    Shape::of(site).map_or([1, 1, 1], |shape| shape.grid(site))
}
