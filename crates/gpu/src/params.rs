//! The numbers of each kernel: words of its uniform in the order of its `Params` struct, constants, grids.
//! Shapes are in comments at the structs.

mod attention;
mod gemm;
mod linear;
mod quads;

use std::f64::consts::TAU;

use graph::{Activation, Op, RopePairs, Value};

use crate::{
    fuse::{UNIT, op},
    kernels::Site,
    pack,
};

pub(crate) use attention::*;
pub(crate) use gemm::*;
pub(crate) use linear::*;
pub(crate) use quads::*;

/// Invocations of a workgroup of the kernels that work by element or by row.
pub(crate) const WORKGROUP: u64 = 64;

type Constants = Vec<(&'static str, f64)>;

impl Site<'_> {
    fn columns(&self, value: Value) -> u32 {
        self.graph.ty(value).shape.columns() as u32
    }

    fn rows(&self, value: Value) -> u32 {
        self.graph.ty(value).shape.rows() as u32
    }

    fn row_bytes(&self, value: Value) -> u32 {
        self.graph.ty(value).row_bytes().unwrap_or(0) as u32
    }

    /// Vectors of 16 bytes of a row of plain numbers, or of a group of four rows in planes.
    fn row_vectors(&self, value: Value) -> u32 {
        let ty = self.graph.ty(value);
        pack::group_vectors(ty).unwrap_or_else(|| u64::from(self.row_bytes(value)) / 16) as u32
    }

    fn input(&self, index: usize) -> Value {
        self.op.inputs()[index]
    }

    fn elements(&self) -> u32 {
        (self.ty.shape.rows() * self.ty.shape.columns()) as u32
    }

    /// A grid of `groups` workgroups, folded into two dimensions where one is too short.
    fn fold(&self, groups: u64) -> [u32; 3] {
        let x = groups.clamp(1, u64::from(self.limits.max_groups));
        [x as u32, groups.div_ceil(x) as u32, 1]
    }
}

/// How the lanes of a workgroup add up.
pub(crate) fn reduce_files(site: &Site<'_>) -> Vec<&'static str> {
    vec![site.limits.tier.reduce()]
}

pub(crate) fn linear_any(site: &Site<'_>) -> Vec<u32> {
    let (input, weight) = (site.input(0), site.input(1));
    vec![
        site.columns(input),
        site.row_bytes(weight),
        site.rows.count as u32,
        site.rows.first as u32,
        site.rows(weight),
        site.rows(input),
        u32::from(matches!(site.op, Op::Linear { bias: Some(_), .. })),
    ]
}

pub(crate) fn linear_any_grid(site: &Site<'_>) -> [u32; 3] {
    site.fold((site.rows.count * u64::from(site.rows(site.input(0)))).div_ceil(WORKGROUP))
}

pub(crate) fn gather(site: &Site<'_>) -> Vec<u32> {
    let mut words = gather_any(site);
    words[0] /= UNIT as u32;
    words[1] = site.row_vectors(site.input(0));
    words
}

pub(crate) fn gather_any(site: &Site<'_>) -> Vec<u32> {
    let table = site.input(0);
    let factor = match op(site.graph, site.stage.result()) {
        Some(Op::Scale { factor, .. }) => *factor,
        _ => 1.0,
    };
    vec![
        site.columns(table),
        site.row_bytes(table),
        site.rows.count as u32,
        site.rows.first as u32,
        site.rows(table),
        site.ty.shape.rows() as u32,
        factor.to_bits(),
    ]
}

pub(crate) fn gather_grid(site: &Site<'_>) -> [u32; 3] {
    site.fold((u64::from(site.elements()) / UNIT as u64).div_ceil(WORKGROUP))
}

pub(crate) fn gather_any_grid(site: &Site<'_>) -> [u32; 3] {
    elements_grid(site)
}

pub(crate) fn elements(site: &Site<'_>) -> Vec<u32> {
    vec![site.elements()]
}

pub(crate) fn elements_grid(site: &Site<'_>) -> [u32; 3] {
    site.fold(u64::from(site.elements()).div_ceil(WORKGROUP))
}

pub(crate) fn binary(site: &Site<'_>) -> Vec<u32> {
    let right = site.input(1);
    vec![site.elements(), site.rows(right) * site.columns(right)]
}

pub(crate) fn scale(site: &Site<'_>) -> Vec<u32> {
    let Op::Scale { factor, .. } = site.op else { return Vec::new() };
    vec![site.elements(), factor.to_bits()]
}

pub(crate) fn activate_constants(site: &Site<'_>) -> Constants {
    let Op::Activate { function, .. } = *site.op else { return Vec::new() };
    vec![("FUNCTION", f64::from(activation(function)))]
}

/// `FUNCTION` of `activation.wgsl`.
fn activation(function: Activation) -> u8 {
    match function {
        Activation::Gelu => 0,
        Activation::GeluTanh => 1,
        Activation::Silu => 2,
        Activation::Relu => 3,
        Activation::Tanh => 4,
    }
}

pub(crate) fn rms_norm(site: &Site<'_>) -> Vec<u32> {
    let Op::RmsNorm { weight, epsilon, offset, .. } = *site.op else { return Vec::new() };
    let run = site.columns(weight);
    vec![site.elements() / run, run, epsilon.to_bits(), offset.to_bits()]
}

pub(crate) fn rms_norm_grid(site: &Site<'_>) -> [u32; 3] {
    site.fold(u64::from(site.elements() / site.columns(site.input(1))))
}

pub(crate) fn layer_norm(site: &Site<'_>) -> Vec<u32> {
    let Op::LayerNorm { epsilon, .. } = site.op else { return Vec::new() };
    [rows(site), vec![epsilon.to_bits()]].concat()
}

pub(crate) fn rows(site: &Site<'_>) -> Vec<u32> {
    vec![site.ty.shape.rows() as u32, site.ty.shape.columns() as u32]
}

pub(crate) fn rows_grid(site: &Site<'_>) -> [u32; 3] {
    site.fold(site.ty.shape.rows() as u64)
}

pub(crate) fn rope(site: &Site<'_>) -> Vec<u32> {
    let Op::Rope { head_dim, .. } = site.op else { return Vec::new() };
    vec![site.elements() / 2, site.ty.shape.columns() as u32, *head_dim as u32]
}

pub(crate) fn rope_constants(site: &Site<'_>) -> Constants {
    let Op::Rope { factors, pairs, .. } = site.op else { return Vec::new() };
    let adjacent = *pairs == RopePairs::Adjacent;
    vec![("ADJACENT", f64::from(u8::from(adjacent))), ("FACTORS", f64::from(u8::from(factors.is_some())))]
}

pub(crate) fn rope_table(site: &Site<'_>) -> Vec<u32> {
    turns(site.op)
}

/// `[head_dim / 2, 2]`: turns per position of each pair of a rope as a 64-bit fixed-point fraction of a turn, high word first,
/// so that the angle is exact modulo a turn at any position.
pub(crate) fn turns(rope: &Op) -> Vec<u32> {
    let Op::Rope { head_dim, base, position_scale, .. } = *rope else { return Vec::new() };
    let word = f64::from(u32::MAX) + 1.0;
    (0..head_dim / 2)
        .flat_map(|pair| {
            let power = -2.0 * pair as f64 / head_dim as f64;
            let turns = f64::from(position_scale) * f64::from(base).powf(power) / TAU;
            let high = (turns.rem_euclid(1.0) * word).floor();
            let low = (turns.rem_euclid(1.0) * word - high) * word;
            [high as u32, low as u32]
        })
        .collect()
}

pub(crate) fn rope_grid(site: &Site<'_>) -> [u32; 3] {
    site.fold(u64::from(site.elements() / 2).div_ceil(WORKGROUP))
}

pub(crate) fn append(site: &Site<'_>) -> Vec<u32> {
    let Op::Append { cache, input, .. } = *site.op else { return Vec::new() };
    vec![site.rows(input), site.columns(input) / 2, site.rows(cache)]
}

pub(crate) fn append_grid(site: &Site<'_>) -> [u32; 3] {
    let Op::Append { input, .. } = *site.op else { return [1, 1, 1] };
    site.fold((u64::from(site.rows(input)) * u64::from(site.columns(input) / 2)).div_ceil(WORKGROUP))
}

pub(crate) fn append_ids(site: &Site<'_>) -> Vec<u32> {
    let Op::Append { cache, positions, .. } = *site.op else { return Vec::new() };
    vec![site.columns(positions), site.rows(cache)]
}

pub(crate) fn append_ids_grid(site: &Site<'_>) -> [u32; 3] {
    let Op::Append { positions, .. } = *site.op else { return [1, 1, 1] };
    site.fold(u64::from(site.columns(positions)).div_ceil(WORKGROUP))
}

pub(crate) fn mean_pool(site: &Site<'_>) -> Vec<u32> {
    vec![site.elements(), site.ty.shape.columns() as u32, site.rows(site.input(0))]
}

pub(crate) fn logits(site: &Site<'_>) -> Vec<u32> {
    let input = site.input(0);
    vec![site.rows(input), site.columns(input)]
}

pub(crate) fn penalize(site: &Site<'_>) -> Vec<u32> {
    let Op::Penalize { history, .. } = *site.op else { return Vec::new() };
    [logits(site), vec![site.rows(history)]].concat()
}

pub(crate) fn mask_logits(site: &Site<'_>) -> Vec<u32> {
    vec![site.elements(), site.columns(site.input(0))]
}

pub(crate) fn logits_grid(site: &Site<'_>) -> [u32; 3] {
    site.fold(u64::from(site.rows(site.input(0))))
}
