//! Numbers of `linear`: the words of its `Params`, its files, constants and grid.

use graph::{Op, Value};

use super::{Constants, activation, reduce_files};
use crate::{
    Tier,
    fuse::{self, Input, Linear, Output, Stage, TILE_TOKENS, UNIT},
    kernels::Site,
};

/// Rows of a weight that one workgroup takes with one lane a row.
const BLOCK: u64 = 256;
/// No bias.
const NONE: u32 = u32::MAX;
/// Workgroups of a stage with a norm in front of it: enough for any GPU, so that more rows share one norm instead.
const GROUPS: u64 = 512;

struct Shape<'a> {
    linear: &'a Linear,
    tokens: u64,
    units: u32,
    lanes: u32,
    /// Blocks of rows of all parts.
    blocks: u64,
    /// Workgroups of a tile of tokens.
    groups: u64,
}

impl<'a> Shape<'a> {
    fn of(site: &Site<'a>) -> Option<Shape<'a>> {
        let Stage::Linear(linear) = site.stage else { return None };
        let input = &site.graph.ty(linear.input.value(site.graph)).shape;
        let (tokens, units) = (input.rows() as u64, (input.columns() / UNIT) as u32);
        let lanes = lanes(units, tokens == 1 && site.limits.tier > Tier::Plain);
        let own = |index: usize| rows(site, linear, index);
        let beside = if matches!(linear.output, Output::Gated(_)) { 1 } else { linear.parts.len() };
        let blocks: u64 = (0..beside).map(|index| (own(index) * u64::from(lanes)).div_ceil(BLOCK)).sum();
        let groups = match linear.input {
            Input::Plain(_) => blocks,
            _ => blocks.min(GROUPS.max(blocks.div_ceil(16))),
        };
        Some(Shape { linear, tokens, units, lanes, blocks, groups })
    }

    fn tile(&self) -> u64 {
        if self.tokens == 1 { 1 } else { TILE_TOKENS as u64 }
    }
}

/// Invocations that share rows.
fn lanes(units: u32, parallel: bool) -> u32 {
    // With many tokens there is enough to do without lanes that share a row. Neighbours read neighbouring units of one row; short rows leave no lane idle.
    let most = [32, 16, 8, 4, 2].into_iter().find(|lanes| units >= 2 * lanes);
    most.filter(|_| parallel).unwrap_or(1)
}

/// Rows of a part in this launch.
fn rows(site: &Site<'_>, linear: &Linear, index: usize) -> u64 {
    match linear.parts.as_slice() {
        [_] => site.rows.count,
        parts => site.graph.ty(parts[index].weight).shape.rows() as u64,
    }
}

/// Weight, bias, epsilon and offset of a norm.
fn norm(site: &Site<'_>, norm: Value) -> [u32; 4] {
    let at = |value: Value| site.program.vectors.leaf(value);
    match fuse::op(site.graph, norm) {
        Some(&Op::RmsNorm { weight, epsilon, offset, .. }) => [at(weight), NONE, epsilon.to_bits(), offset.to_bits()],
        Some(&Op::LayerNorm { weight, bias, epsilon, .. }) => [at(weight), at(bias), epsilon.to_bits(), 0],
        _ => [0; 4],
    }
}

pub(crate) fn linear(site: &Site<'_>) -> Vec<u32> {
    let Some(shape) = Shape::of(site) else { return Vec::new() };
    let linear = shape.linear;
    let other = match linear.output {
        // One row is added to every row.
        Output::Add(other) if site.rows(other) == shape.tokens as u32 => site.columns(other),
        _ => 0,
    };
    let (before, after) = match linear.output {
        Output::Activate { before, after, .. } => (before, after),
        _ => (1.0, 1.0),
    };
    let mut words = vec![
        shape.units,
        shape.tokens as u32,
        linear.columns(site.graph) as u32,
        other,
        shape.blocks as u32,
        shape.groups as u32,
        before.to_bits(),
        after.to_bits(),
    ];
    let (outer, inner) = match linear.input {
        Input::Plain(_) => ([0; 4], [0; 4]),
        Input::RmsNorm(value) | Input::LayerNorm(value) => (norm(site, value), [0; 4]),
        Input::RmsSum { norm: value, inner, .. } => (norm(site, value), norm(site, inner)),
    };
    words.extend(outer);
    words.extend(inner);
    let mut first = site.rows.first as u32;
    for (index, part) in linear.parts.iter().enumerate() {
        let count = rows(site, linear, index) as u32;
        let bias = part.bias.map_or(NONE, |bias| site.program.vectors.leaf(bias) + site.rows.first as u32);
        words.extend([site.row_bytes(part.weight), count, first, bias]);
        first += if matches!(linear.output, Output::Gated(_)) { 0 } else { count };
    }
    words.resize(28, 0);
    words
}

pub(crate) fn linear_files(site: &Site<'_>) -> Vec<&'static str> {
    let Stage::Linear(linear) = site.stage else { return Vec::new() };
    let input = match linear.input {
        Input::Plain(_) => "input_plain",
        Input::RmsNorm(_) => "input_rms_norm",
        Input::RmsSum { .. } => "input_rms_sum",
        Input::LayerNorm(_) => "input_layer_norm",
    };
    let parts = match linear.parts.len() {
        1 => "parts_1",
        2 => "parts_2",
        _ => "parts_3",
    };
    [vec![input, parts], reduce_files(site)].concat()
}

pub(crate) fn linear_constants(site: &Site<'_>) -> Constants {
    let Some(shape) = Shape::of(site) else { return Vec::new() };
    let (output, function) = match shape.linear.output {
        Output::Plain => (0, 0),
        Output::Add(_) => (1, 0),
        Output::Activate { function, .. } => (2, activation(function)),
        Output::Gated(function) => (3, activation(function)),
    };
    let beside = if output == 3 { 1 } else { shape.linear.parts.len() };
    let mut constants = vec![
        ("TOKENS", shape.tile() as f64),
        ("LANES", f64::from(shape.lanes)),
        ("PARTS", beside as f64),
        ("OUTPUT", f64::from(output)),
        ("FUNCTION", f64::from(function)),
    ];
    if site.limits.tier >= Tier::Subgroups {
        constants.push(("SUBGROUP", f64::from(site.limits.subgroup)));
    }
    if !matches!(shape.linear.input, Input::Plain(_)) {
        constants.push(("STAGED", (shape.tile() * u64::from(shape.units) * 8) as f64));
    }
    constants
}

pub(crate) fn linear_grid(site: &Site<'_>) -> [u32; 3] {
    let Some(shape) = Shape::of(site) else { return [1, 1, 1] };
    site.fold(shape.groups * shape.tokens.div_ceil(shape.tile()))
}
