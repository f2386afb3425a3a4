//! Numbers of linear stages, and the files, constants and grid of `linear`, the kernel for a few tokens.

use graph::{Op, Value};

use super::{Constants, activation, gemm, quads, reduce_files};
use crate::{
    Tier,
    fuse::{self, Input, Linear, Output, STAGED, Stage, UNIT},
    kernels::Site,
};

/// Rows of a weight that one workgroup of `linear` takes with one lane a row.
const BLOCK: u64 = 256;
/// No bias.
const NONE: u32 = u32::MAX;
/// Workgroups of `linear` that keep the whole input: enough for any GPU, so that more rows share it instead.
const GROUPS: u64 = 1024;
/// Blocks of rows for which a workgroup keeps an input that it could as well read where it lies.
const SHARED: u64 = 4;
/// Tokens of a tile of the plainest kernels.
const PLAIN_TILE: usize = 4;
/// Tokens at most that `linear` takes, of more than one; `gemm` takes the others.
const FEW: usize = 8;

/// How a stage is cut.
pub(super) struct Shape<'a> {
    pub(super) linear: &'a Linear,
    tokens: u64,
    units: u32,
    /// Tokens of a workgroup.
    pub(super) tile: u64,
    /// Lanes of `linear` that share rows; none if the kernel is `gemm` or `quads`.
    pub(super) lanes: Option<u32>,
    /// Whether a workgroup keeps the whole input of its tokens.
    is_whole: bool,
    /// Blocks of rows of all parts.
    blocks: u64,
    /// Workgroups of a tile of tokens.
    groups: u64,
}

impl<'a> Shape<'a> {
    pub(super) fn of(site: &Site<'a>) -> Option<Shape<'a>> {
        let Stage::Linear(linear) = site.stage else { return None };
        let input = &site.graph.ty(linear.input.value(site.graph)).shape;
        let (tokens, units) = (input.rows() as u64, (input.columns() / UNIT) as u32);
        let is_plain = matches!(linear.input, Input::Plain(_));
        let staged = if is_plain { 0 } else { fuse::staged(input.columns()) };
        let few = tile(input.rows(), staged, site.limits.tier);
        let lanes = few.map(|_| site.limits.tuning.lanes(units).unwrap_or_else(|| lanes(units, site.limits.tier)));
        let is_quads = site.limits.tier == Tier::Quads;
        let (many_rows, many_tokens) =
            if is_quads { quads::tile(site, input.rows()) } else { (gemm::ROWS, gemm::TOKENS) };
        let block = lanes.map_or(many_rows, |lanes| BLOCK / u64::from(lanes));
        let own = |index: usize| rows(site, linear, index);
        let beside = if matches!(linear.output, Output::Gated(_)) { 1 } else { linear.parts.len() };
        let blocks: u64 = (0..beside).map(|index| own(index).div_ceil(block)).sum();
        let fits = few.is_some_and(|tile| tile * fuse::staged(input.columns()) <= STAGED);
        let is_shared = few.is_some_and(|tile| tile > 1) || blocks >= SHARED * GROUPS;
        let is_whole = !is_plain || (site.limits.tier > Tier::Plain && fits && is_shared);
        let groups = match lanes {
            // As many blocks each: the last of them is waited for.
            Some(_) if is_whole => blocks.div_ceil(blocks.div_ceil(GROUPS)),
            _ => blocks,
        };
        Some(Shape {
            is_whole,
            linear,
            tokens,
            units,
            tile: few.map_or(many_tokens, |few| few as u64),
            lanes,
            blocks,
            groups,
        })
    }

    pub(super) fn grid(&self, site: &Site<'_>) -> [u32; 3] {
        site.fold(self.groups * self.tokens.div_ceil(self.tile))
    }
}

/// Tokens of a tile of `linear`, of whose normed columns it keeps so many vectors; `None` where `gemm` does better, or `quads`.
fn tile(tokens: usize, staged: usize, tier: Tier) -> Option<usize> {
    match tokens {
        _ if tier == Tier::Quads => None,
        1 => Some(1),
        _ if tier == Tier::Plain => Some(PLAIN_TILE),
        // The weights are read once, or twice where the memory of a workgroup is too small.
        2..=FEW => {
            let all = tokens.next_power_of_two();
            [all, all / 2].into_iter().find(|&tile| tile > 1 && tile * staged <= STAGED)
        }
        _ => None,
    }
}

/// Lanes of `linear` that share rows.
fn lanes(units: u32, tier: Tier) -> u32 {
    // Neighbours read neighbouring units of one row; short rows leave no lane idle.
    let most = [32, 16, 8, 4, 2].into_iter().find(|lanes| units >= 2 * lanes);
    // Of longer rows there are often few.
    let most = if units >= 3 * 64 { Some(64) } else { most };
    most.filter(|_| tier > Tier::Plain).unwrap_or(1)
}

/// Units of a row, and lanes that share it, where one token leaves a choice.
pub(crate) fn lanes_of_one(site: &Site<'_>) -> Option<(u32, u32)> {
    Shape::of(site).filter(|shape| shape.tokens == 1).and_then(|shape| Some((shape.units, shape.lanes?)))
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

/// The kernel of a linear stage.
pub(crate) fn linear_name(site: &Site<'_>) -> &'static str {
    match Shape::of(site) {
        Some(shape) if site.limits.tier == Tier::Quads => {
            if shape.tile == 1 {
                "quads_one"
            } else {
                "quads"
            }
        }
        // Too many tokens for `linear`, or their norm has too many columns.
        Some(shape) if shape.lanes.is_none() => {
            if gemm::has_dots(site) {
                "dots"
            } else {
                "gemm"
            }
        }
        _ => "linear",
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
        Input::Plain(_) | Input::Splits { .. } => ([0; 4], [0; 4]),
        Input::RmsNorm(value) | Input::LayerNorm(value) => (norm(site, value), [0; 4]),
        Input::RmsSum { norm: value, inner, .. } => (norm(site, value), norm(site, inner)),
    };
    words.extend(outer);
    words.extend(inner);
    let mut first = site.rows.first as u32;
    for (index, part) in linear.parts.iter().enumerate() {
        let count = rows(site, linear, index) as u32;
        let bias = part.bias.map_or(NONE, |bias| site.program.vectors.leaf(bias) + site.rows.first as u32);
        words.extend([site.row_vectors(part.weight), count, first, bias]);
        first += if matches!(linear.output, Output::Gated(_)) { 0 } else { count };
    }
    words.resize(28, 0);
    words
}

/// The files for the input, out of those for each kind, and for the weights.
pub(super) fn stage_files(linear: &Linear, inputs: [&'static str; 4]) -> [&'static str; 2] {
    let [plain, rms_norm, rms_sum, layer_norm] = inputs;
    let input = match linear.input {
        Input::Plain(_) => plain,
        Input::Splits { .. } => "input_splits",
        Input::RmsNorm(_) => rms_norm,
        Input::RmsSum { .. } => rms_sum,
        Input::LayerNorm(_) => layer_norm,
    };
    let parts = match linear.parts.len() {
        1 => "parts_1",
        2 => "parts_2",
        _ => "parts_3",
    };
    [input, parts]
}

/// What becomes of the products.
pub(super) fn stage_constants(linear: &Linear) -> Constants {
    let (output, function) = match linear.output {
        Output::Plain => (0, 0),
        Output::Add(_) => (1, 0),
        Output::Activate { function, .. } => (2, activation(function)),
        Output::Gated(function) => (3, activation(function)),
    };
    let beside = if output == 3 { 1 } else { linear.parts.len() };
    vec![("PARTS", beside as f64), ("OUTPUT", f64::from(output)), ("FUNCTION", f64::from(function))]
}

pub(crate) fn linear_files(site: &Site<'_>) -> Vec<&'static str> {
    let Some(shape) = Shape::of(site) else { return Vec::new() };
    let plain = if shape.is_whole { "input_whole" } else { "input_plain" };
    let inputs = [plain, "input_rms_norm", "input_rms_sum", "input_layer_norm"];
    let sums = match shape.tile {
        1 => "sums_of_1",
        2 => "sums_of_2",
        4 => "sums_of_4",
        _ => "sums_of_8",
    };
    [stage_files(shape.linear, inputs).as_slice(), &["weight_lanes", sums], &reduce_files(site)].concat()
}

pub(crate) fn linear_constants(site: &Site<'_>) -> Constants {
    let Some(shape) = Shape::of(site) else { return Vec::new() };
    let mut constants = stage_constants(shape.linear);
    constants.push(("LANES", f64::from(shape.lanes.unwrap_or(1))));
    if site.limits.tier == Tier::Subgroups {
        constants.push(("SUBGROUP", f64::from(site.limits.subgroup)));
    }
    // Lines of the memory of a workgroup have an odd number of units.
    if shape.is_whole {
        constants.push(("STAGED", (shape.tile * u64::from(shape.units | 1) * 8) as f64));
    }
    if let Input::Splits { heads, splits, .. } = shape.linear.input {
        constants.extend([("HEADS", heads as f64), ("SPLITS", splits as f64)]);
    }
    constants
}

pub(crate) fn linear_grid(site: &Site<'_>) -> [u32; 3] {
    Shape::of(site).map_or([1, 1, 1], |shape| shape.grid(site))
}
