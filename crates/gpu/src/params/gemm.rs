//! Constants and grid of `gemm`, which runs the linear stages of many tokens; its words are those of `linear`.

use super::{
    Constants,
    linear::{Shape, stage_constants, stage_files},
};
use crate::{fuse::Stage, kernels::Site};

/// Rows of a weight, and tokens, of a workgroup: those of `gemm.wgsl`.
pub(super) const ROWS: u64 = 64;
pub(super) const TOKENS: u64 = 32;

pub(crate) fn gemm_files(site: &Site<'_>) -> Vec<&'static str> {
    let Stage::Linear(linear) = site.stage else { return Vec::new() };
    let [load, parts] = stage_files(linear, ["load_plain", "load_rms_norm", "load_rms_sum", "load_layer_norm"]);
    vec![load, parts, "weight_tile"]
}

pub(crate) fn gemm_constants(site: &Site<'_>) -> Constants {
    Shape::of(site).map_or_else(Vec::new, |shape| stage_constants(shape.linear))
}

pub(crate) fn gemm_grid(site: &Site<'_>) -> [u32; 3] {
    Shape::of(site).map_or([1, 1, 1], |shape| shape.grid(site))
}
