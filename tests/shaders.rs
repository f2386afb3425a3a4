//! Every kernel in every format passes naga without a GPU; files, rows and cases match one another.

use std::{collections::BTreeSet, fs, path::Path};

use gpu::{
    Limits, Rows,
    kernels::{KERNELS, Site, choose},
    shader::{self, LIB},
};
use graph::DType;
use wgpu::naga;

use tests::ops::cases;

/// Every kernel with every format it is built for.
fn variants() -> impl Iterator<Item = (&'static gpu::kernels::Kernel, Option<DType>)> {
    KERNELS.iter().flat_map(|kernel| {
        let formats: Vec<Option<DType>> = match kernel.formats {
            [] => vec![None],
            formats => formats.iter().copied().map(Some).collect(),
        };
        formats.into_iter().map(move |format| (kernel, format))
    })
}

#[test]
fn every_variant_passes_naga() {
    for (kernel, format) in variants() {
        let label = kernel.label(format);
        let source = shader::compose(kernel.wgsl, format).unwrap_or_else(|import| panic!("{label}: {import}"));
        assert!(!source.contains("#import") && !source.contains("enable "), "{label}: lines for the preprocessor left");
        let module =
            naga::front::wgsl::parse_str(&source).unwrap_or_else(|e| panic!("{label}: {}", e.emit_to_string(&source)));
        let mut validator =
            naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
        validator.validate(&module).unwrap_or_else(|e| panic!("{label}: {}", e.emit_to_string(&source)));
        let storage = module.global_variables.iter();
        let storage = storage.filter(|(_, global)| matches!(global.space, naga::AddressSpace::Storage { .. })).count();
        assert!(storage <= 8, "{label}: {storage} storage buffers, WebGPU promises 8");
    }
}

#[test]
fn a_missing_import_is_named() {
    assert_eq!(shader::compose("#import nowhere\n", None), Err("nowhere".into()));
    assert_eq!(shader::compose("#import format\n", None), Err("format".into()));
}

/// Names of the `.wgsl` files in a folder.
fn files(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/gpu/src").join(folder);
    let paths = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let wgsl = paths.filter(|path| path.extension().is_some_and(|extension| extension == "wgsl"));
    wgsl.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_file_has_a_row() {
    let rows: BTreeSet<String> = KERNELS.iter().map(|kernel| kernel.name.to_owned()).collect();
    assert_eq!(files("shaders"), rows);
    assert_eq!(KERNELS.len(), rows.len(), "a name occurs twice");
    let imports: BTreeSet<String> = LIB.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files("shaders/lib"), imports);
}

#[test]
fn every_row_and_format_has_a_case() {
    let mut used = BTreeSet::new();
    let limits = Limits::default();
    for case in cases() {
        for (_, op, ty) in case.graph.ops() {
            let rows = op.inputs().get(1).map_or(0, |&weight| case.graph.ty(weight).shape.rows() as u64);
            let site = Site { graph: &case.graph, op, ty, rows: Rows { first: 0, count: rows }, limits: &limits };
            let kernel = choose(&site);
            used.insert(kernel.label(kernel.format(&site)));
            assert!(op.name() == kernel.name || kernel.name.starts_with(&format!("{}_", op.name())));
        }
    }
    let all: BTreeSet<String> = variants().map(|(kernel, format)| kernel.label(format)).collect();
    assert_eq!(used, all);
}
