//! The only table that chooses: which kernel runs an op, with which constants and numbers, over which grid.
//! A row is data and can be looked at without a GPU; name, format and constants are the key of a pipeline.

use graph::{DType, Graph, Op, TensorType};

use crate::{Limits, params, tensor::Rows};

/// One `.wgsl` file and how it is launched.
///
/// Bindings of every kernel: 0 is the uniform `params`, then the inputs of the op in the order of [`Op::inputs`] (one
/// element of zeros for an input that is absent), then the table of the kernel if it has one, last the output.
/// [`Op::Append`] differs: input, positions, cache.
pub struct Kernel {
    /// Name of the file, and of the op followed by what is special.
    pub name: &'static str,
    /// Source, before imports.
    pub wgsl: &'static str,
    /// Dtypes it is built for, each by its own `#import format`; empty if it reads no weight.
    pub formats: &'static [DType],
    /// Values of its `override` constants.
    pub constants: fn(&Site<'_>) -> Vec<(&'static str, f64)>,
    /// Words of its uniform.
    pub params: fn(&Site<'_>) -> Vec<u32>,
    /// Words computed while preparing: a read-only binding. `None` if it has none.
    pub table: Option<fn(&Site<'_>) -> Vec<u32>>,
    /// Workgroups to launch.
    pub grid: fn(&Site<'_>) -> [u32; 3],
}

/// An op in its graph, on a device, over some rows of its weight.
pub struct Site<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// The op.
    pub op: &'a Op,
    /// Type of its result.
    pub ty: &'a TensorType,
    /// Rows of the weight that this launch sees; all of them unless the weight is split.
    pub rows: Rows,
    /// What the device can do.
    pub limits: &'a Limits,
}

/// Dtypes whose rows may have any length.
const PLAIN: &[DType] = &[DType::F32, DType::F16, DType::BF16];
const NO_CONSTANTS: fn(&Site<'_>) -> Vec<(&'static str, f64)> = |_| Vec::new();

macro_rules! wgsl {
    ($name:literal) => {
        include_str!(concat!("shaders/", $name, ".wgsl"))
    };
}

macro_rules! kernel {
    ($name:literal, $params:expr, $grid:expr) => {
        kernel!($name, $params, $grid, formats: &[], constants: NO_CONSTANTS)
    };
    ($name:literal, $params:expr, $grid:expr, constants: $constants:expr) => {
        kernel!($name, $params, $grid, formats: &[], constants: $constants)
    };
    ($name:literal, $params:expr, $grid:expr, formats: $formats:expr, constants: $constants:expr) => {
        Kernel {
            name: $name,
            wgsl: wgsl!($name),
            formats: $formats,
            constants: $constants,
            params: $params,
            table: None,
            grid: $grid,
        }
    };
}

/// Every kernel.
pub static KERNELS: &[Kernel] = &[
    kernel!("linear", params::linear, params::linear_grid, formats: &DType::WEIGHTS, constants: params::linear_constants),
    kernel!("linear_tile", params::linear, params::linear_tile_grid, formats: &DType::WEIGHTS, constants: params::linear_tile_constants),
    kernel!("linear_any", params::linear_any, params::linear_any_grid, formats: PLAIN, constants: NO_CONSTANTS),
    kernel!("gather", params::gather, params::gather_grid, formats: &DType::WEIGHTS, constants: NO_CONSTANTS),
    kernel!("gather_any", params::gather_any, params::gather_any_grid, formats: PLAIN, constants: NO_CONSTANTS),
    kernel!("add", params::binary, params::elements_grid),
    kernel!("mul", params::binary, params::elements_grid),
    kernel!("scale", params::scale, params::elements_grid),
    kernel!("activate", params::elements, params::elements_grid, constants: params::activate_constants),
    kernel!("rms_norm", params::rms_norm, params::rms_norm_grid),
    kernel!("layer_norm", params::layer_norm, params::rows_grid),
    Kernel {
        table: Some(params::rope_table),
        ..kernel!("rope", params::rope, params::rope_grid, constants: params::rope_constants)
    },
    kernel!("append", params::append, params::append_grid),
    kernel!("attention", params::attention, params::attention_grid, constants: params::attention_constants),
    kernel!("mean_pool", params::mean_pool, params::elements_grid),
    kernel!("normalize", params::rows, params::rows_grid),
    kernel!("argmax", params::logits, params::logits_grid),
    kernel!("sample", params::logits, params::logits_grid),
];

/// The kernel for an op.
pub fn choose(site: &Site<'_>) -> &'static Kernel {
    let name = match site.op {
        Op::Linear { input, .. } => {
            let input = &site.graph.ty(*input).shape;
            match (input.columns().is_multiple_of(32), input.rows()) {
                (false, _) => "linear_any",
                // Lanes that share a row meet at a barrier, which a processor that pretends to be a GPU pays for.
                (true, 1) if !site.limits.software => "linear",
                (true, _) => "linear_tile",
            }
        }
        Op::Gather { .. } if !site.ty.shape.columns().is_multiple_of(32) => "gather_any",
        op => op.name(),
    };
    let found = KERNELS.iter().find(|kernel| kernel.name == name);
    debug_assert!(found.is_some(), "no kernel row for {name}");
    found.unwrap_or(&KERNELS[0])
}

impl Kernel {
    /// The dtype of the weight at a site, if the kernel reads one.
    pub fn format(&self, site: &Site<'_>) -> Option<DType> {
        let weight = match site.op {
            Op::Linear { weight, .. } => *weight,
            Op::Gather { table, .. } => *table,
            _ => return None,
        };
        Some(site.graph.ty(weight).dtype)
    }

    /// Key of its pipeline: `linear_q4_0 LANES=8`.
    pub fn key(&self, format: Option<DType>, constants: &[(&'static str, f64)]) -> String {
        let mut key = self.label(format);
        for (name, value) in constants {
            key.push_str(&format!(" {name}={value}"));
        }
        key
    }

    /// Its name with the format: `linear_q4_0`.
    pub fn label(&self, format: Option<DType>) -> String {
        format.map_or_else(|| self.name.into(), |dtype| format!("{}_{dtype}", self.name))
    }
}
