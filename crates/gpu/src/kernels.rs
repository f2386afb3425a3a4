//! The only table that chooses: which kernel runs a stage, with which files, constants and numbers, over which grid.
//! A row is data and can be looked at without a GPU; name, files, formats and constants are the key of a pipeline.

use graph::{DType, Graph, Op, TensorType, Value};

use crate::{
    Limits, Tier,
    fuse::{self, Program, Stage},
    params,
    tensor::Rows,
};

/// One `.wgsl` file and how it is launched.
///
/// Bindings of a kernel of one op: 0 is the uniform `params`, then the inputs of the op in the order of [`Op::inputs`] (one
/// element of zeros for an input that is absent), then the table of the kernel if it has one, last the output;
/// [`Op::Append`] differs: input, positions, cache. Bindings of fused kernels are in [`crate::bindings`].
pub struct Kernel {
    /// Name of the file, and of the op followed by what is special.
    pub name: &'static str,
    /// Source, before imports.
    pub wgsl: &'static str,
    /// Dtypes it is built for, each by its own `#import format`; empty if it reads no weight.
    pub formats: &'static [DType],
    /// For each import that is a role, the files that can play it, the usual one first.
    pub roles: &'static [&'static [&'static str]],
    /// The files that play its roles at a site.
    pub files: fn(&Site<'_>) -> Vec<&'static str>,
    /// Values of its `override` constants.
    pub constants: fn(&Site<'_>) -> Vec<(&'static str, f64)>,
    /// Words of its uniform.
    pub params: fn(&Site<'_>) -> Vec<u32>,
    /// Words computed while preparing: a read-only binding. `None` if it has none.
    pub table: Option<fn(&Site<'_>) -> Vec<u32>>,
    /// Workgroups to launch.
    pub grid: fn(&Site<'_>) -> [u32; 3],
}

/// A stage of a program, on a device, over some rows of its weight.
pub struct Site<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// The program.
    pub program: &'a Program,
    /// The stage.
    pub stage: &'a Stage,
    /// The op whose kernel it is, or whose result it stores.
    pub op: &'a Op,
    /// Type of that result.
    pub ty: &'a TensorType,
    /// Rows of the weight that this launch sees; all of them unless the weight is split.
    pub rows: Rows,
    /// What the device can do.
    pub limits: &'a Limits,
}

/// Dtypes whose rows may have any length.
const PLAIN: &[DType] = &[DType::F32, DType::F16, DType::BF16];
const NO_CONSTANTS: fn(&Site<'_>) -> Vec<(&'static str, f64)> = |_| Vec::new();
const BARRIERS: &[&str] = &["reduce_memory", "reduce_subgroups"];
const REDUCE: &[&str] = &["reduce_memory", "reduce_subgroups", "reduce_quads"];
const QUADS: &[&str] = &["reduce_quads"];
const QUADS_ROLES: &[&[&str]] =
    &[&["sums_of_4_quads", "sums_of_2_quads", "sums_of_1_quad"], &["parts_1"], &["weight_quads"], QUADS];
const PARTS: &[&str] = &["parts_1", "parts_2", "parts_3"];
const LINEAR_ROLES: &[&[&str]] = &[
    &["input_plain", "input_whole", "input_rms_norm", "input_rms_sum", "input_layer_norm", "input_splits"],
    PARTS,
    &["weight_lanes"],
    &["sums_of_1", "sums_of_2", "sums_of_4", "sums_of_8"],
    BARRIERS,
];
const LOADS: &[&str] = &["load_plain", "load_rms_norm", "load_rms_sum", "load_layer_norm"];
/// Dtypes of blocks, whose numbers fit a signed byte: all that are not plain, which come first.
const BLOCKS: &[DType] = DType::WEIGHTS.split_at(PLAIN.len()).1;

macro_rules! wgsl {
    ($name:literal) => {
        include_str!(concat!("shaders/", $name, ".wgsl"))
    };
}

macro_rules! kernel {
    ($name:literal, $params:expr, $grid:expr) => {
        kernel!($name, $params, $grid, formats: &[], constants: NO_CONSTANTS)
    };
    ($name:literal, $params:expr, $grid:expr, reduce) => {
        Kernel { roles: &[REDUCE], files: params::reduce_files, ..kernel!($name, $params, $grid) }
    };
    ($name:literal, $params:expr, $grid:expr, constants: $constants:expr) => {
        kernel!($name, $params, $grid, formats: &[], constants: $constants)
    };
    ($name:literal, $params:expr, $grid:expr, formats: $formats:expr, constants: $constants:expr) => {
        Kernel {
            name: $name,
            wgsl: wgsl!($name),
            formats: $formats,
            roles: &[],
            files: |_| Vec::new(),
            constants: $constants,
            params: $params,
            table: None,
            grid: $grid,
        }
    };
}

/// The one kernel that is no stage of a plan: it packs weights before there is one.
pub const PACK: &str = include_str!("shaders/pack.wgsl");

/// Every kernel of plans.
pub static KERNELS: &[Kernel] = &[
    Kernel {
        roles: LINEAR_ROLES,
        files: params::linear_files,
        ..kernel!("linear", params::linear, params::linear_grid, formats: &DType::WEIGHTS, constants: params::linear_constants)
    },
    Kernel {
        roles: &[LOADS, PARTS, &["weight_tile"]],
        files: params::gemm_files,
        ..kernel!("gemm", params::linear, params::gemm_grid, formats: &DType::WEIGHTS, constants: params::gemm_constants)
    },
    Kernel {
        roles: &[LOADS, PARTS, &["weight_dots"], &["quants_packed"]],
        files: params::gemm_files,
        ..kernel!("dots", params::linear, params::gemm_grid, formats: BLOCKS, constants: params::gemm_constants)
    },
    Kernel {
        roles: QUADS_ROLES,
        files: params::quads_files,
        ..kernel!("quads", params::linear, params::quads_grid, formats: &DType::WEIGHTS, constants: params::quads_constants)
    },
    Kernel {
        roles: &[&["sums_of_2"], PARTS, &["weight_one"], &["quants_in_place"], QUADS],
        files: params::quads_files,
        ..kernel!("quads_one", params::linear, params::quads_grid, formats: &DType::WEIGHTS, constants: params::quads_constants)
    },
    kernel!("linear_any", params::linear_any, params::linear_any_grid, formats: PLAIN, constants: NO_CONSTANTS),
    kernel!("gather", params::gather, params::gather_grid, formats: &DType::WEIGHTS, constants: NO_CONSTANTS),
    kernel!("gather_any", params::gather_any, params::gather_any_grid, formats: PLAIN, constants: NO_CONSTANTS),
    kernel!("add", params::binary, params::elements_grid),
    kernel!("mul", params::binary, params::elements_grid),
    kernel!("scale", params::scale, params::elements_grid),
    kernel!("activate", params::elements, params::elements_grid, constants: params::activate_constants),
    kernel!("rms_norm", params::rms_norm, params::rms_norm_grid, reduce),
    kernel!("layer_norm", params::layer_norm, params::rows_grid, reduce),
    Kernel {
        table: Some(params::rope_table),
        ..kernel!("rope", params::rope, params::rope_grid, constants: params::rope_constants)
    },
    kernel!("append", params::append, params::append_grid),
    kernel!("append_ids", params::append_ids, params::append_ids_grid),
    Kernel {
        roles: &[&["rows_f32", "rows_f16"], BARRIERS],
        files: params::attention_files,
        ..kernel!("attention", params::attention, params::attention_grid, constants: params::attention_constants)
    },
    Kernel {
        roles: &[&["rows_f32", "rows_f16"]],
        files: params::rows_files,
        constants: params::attention_tiles_constants,
        ..kernel!("attention_tiles", params::attention, params::attention_tiles_grid)
    },
    Kernel {
        roles: &[&["rows_f32", "rows_f16"], QUADS],
        files: params::attention_quads_files,
        constants: params::attention_quads_constants,
        ..kernel!("attention_quads", params::attention, params::attention_quads_grid)
    },
    Kernel {
        constants: params::attention_decode_constants,
        ..kernel!("attention_decode", params::attention_decode, params::attention_decode_grid)
    },
    Kernel {
        constants: params::heads_constants,
        ..kernel!("rope_append", params::rope_append, params::rope_append_grid, reduce)
    },
    kernel!("mean_pool", params::mean_pool, params::elements_grid),
    kernel!("normalize", params::rows, params::rows_grid, reduce),
    kernel!("penalize", params::penalize, params::logits_grid),
    kernel!("mask_logits", params::mask_logits, params::elements_grid),
    kernel!("argmax", params::logits, params::logits_grid),
    kernel!("sample", params::logits, params::logits_grid),
];

/// The kernel for a stage.
pub fn choose(site: &Site<'_>) -> &'static Kernel {
    let name = match (site.stage, site.op) {
        (Stage::Linear(_), _) => params::linear_name(site),
        (Stage::Attention(_), _) => "attention_decode",
        (Stage::Heads(_), _) => "rope_append",
        (Stage::Op(_), Op::Linear { .. }) => "linear_any",
        (_, Op::Attention { .. }) if site.limits.tier == Tier::Quads => "attention_quads",
        // The tiles of one token would be nearly empty.
        (_, Op::Attention { .. }) if site.limits.tier >= Tier::Fused && site.ty.shape.rows() > 1 => "attention_tiles",
        (_, Op::Append { .. }) if site.ty.dtype == DType::U32 => "append_ids",
        (_, Op::Gather { .. }) if !site.ty.shape.columns().is_multiple_of(fuse::UNIT) => "gather_any",
        (Stage::Op(_) | Stage::Gather { .. }, op) => op.name(),
    };
    let found = KERNELS.iter().find(|kernel| kernel.name == name);
    debug_assert!(found.is_some(), "no kernel row for {name}");
    found.unwrap_or(&KERNELS[0])
}

impl<'a> Site<'a> {
    /// A stage over all rows of its weight; `None` if its result is no op's, which no program has.
    pub fn new(graph: &'a Graph, program: &'a Program, stage: &'a Stage, limits: &'a Limits) -> Option<Site<'a>> {
        let result = stage.result();
        let recorded = match stage {
            Stage::Gather { rows, .. } => *rows,
            _ => result,
        };
        let count = stage.weights(graph).first().map_or(0, |&weight| graph.ty(weight).shape.rows() as u64);
        Some(Site {
            graph,
            program,
            stage,
            op: fuse::op(graph, recorded)?,
            ty: graph.ty(result),
            rows: Rows { first: 0, count },
            limits,
        })
    }

    /// Dtypes of the weights that its kernel reads by units.
    pub fn formats(&self) -> Vec<DType> {
        self.stage.weights(self.graph).into_iter().map(|weight| self.graph.ty(weight).dtype).collect()
    }
}

impl Stage {
    /// The weights, or the table, of which kernels dequantize units.
    pub fn weights(&self, graph: &Graph) -> Vec<Value> {
        match self {
            Stage::Linear(linear) => linear.parts.iter().map(|part| part.weight).collect(),
            Stage::Attention(_) | Stage::Heads(_) => Vec::new(),
            Stage::Op(value) | Stage::Gather { rows: value, .. } => match fuse::op(graph, *value) {
                Some(Op::Linear { weight, .. }) => vec![*weight],
                Some(Op::Gather { table, .. }) => vec![*table],
                _ => Vec::new(),
            },
        }
    }
}

impl Kernel {
    /// Key of its pipeline: `linear_q4_0 LANES=8`.
    pub fn key(&self, formats: &[DType], files: &[&'static str], constants: &[(&'static str, f64)]) -> String {
        let mut key = self.label(formats, files);
        for (name, value) in constants {
            key.push_str(&format!(" {name}={value}"));
        }
        key
    }

    /// Its name, the files that are not the usual ones, and the formats: `linear_rms_norm_3_q4_0_q4_0_q6_k`.
    pub fn label(&self, formats: &[DType], files: &[&'static str]) -> String {
        let mut label = self.name.to_string();
        for file in files.iter().filter(|file| !self.roles.iter().any(|role| role.first() == Some(file))) {
            label.push('_');
            label.push_str(file.split_once('_').map_or(file, |(_, name)| name));
        }
        for dtype in formats {
            label.push_str(&format!("_{dtype}"));
        }
        label
    }
}
