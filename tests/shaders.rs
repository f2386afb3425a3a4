//! Every kernel in every format passes naga without a GPU; files, rows and cases match one another.

use std::{collections::BTreeSet, fs, path::Path};

use gpu::{
    Limits, Tier,
    fuse::{MERGED, Program, STAGED},
    kernels::{KERNELS, Kernel, PACK, Site, choose},
    pack,
    shader::{self, LIB, NEEDS_SUBGROUPS},
};
use graph::DType;
use wgpu::naga;

use tests::ops::cases;

/// A kernel with the formats of its weights and the files of its roles.
type Variant = (&'static Kernel, Vec<DType>, Vec<&'static str>);

/// Every kernel with every format it is built for and every choice of files; several weights have one format, or two.
fn variants() -> Vec<Variant> {
    let mut variants = Vec::new();
    for kernel in KERNELS {
        let mut choices: Vec<Vec<&'static str>> = vec![Vec::new()];
        for role in kernel.roles {
            choices =
                choices.iter().flat_map(|files| role.iter().map(|file| [&files[..], &[*file]].concat())).collect();
        }
        for files in choices {
            let weights = files.iter().find_map(|file| file.strip_prefix("parts_")).map_or(1, |n| n.parse().unwrap());
            if kernel.formats.is_empty() {
                variants.push((kernel, Vec::new(), files));
                continue;
            }
            for (index, &dtype) in kernel.formats.iter().enumerate() {
                variants.push((kernel, vec![dtype; weights], files.clone()));
                if weights > 1 {
                    let mut mixed = vec![dtype; weights];
                    mixed[weights - 1] = kernel.formats[(index + 1) % kernel.formats.len()];
                    variants.push((kernel, mixed, files.clone()));
                }
            }
        }
    }
    variants
}

#[test]
fn every_variant_passes_naga() {
    let all = variants();
    let narrow = all.iter().filter(|(_, formats, _)| !formats.is_empty()).map(|(kernel, formats, files)| {
        (*kernel, formats.clone(), files.iter().copied().chain([shader::NARROW]).collect::<Vec<_>>())
    });
    for (kernel, formats, files) in all.iter().cloned().chain(narrow) {
        let label = kernel.label(&formats, &files);
        let source =
            shader::compose(kernel.wgsl, &formats, &files).unwrap_or_else(|import| panic!("{label}: {import}"));
        assert!(!source.contains("#import") && !source.contains("enable "), "{label}: lines for the preprocessor left");
        let module =
            naga::front::wgsl::parse_str(&source).unwrap_or_else(|e| panic!("{label}: {}", e.emit_to_string(&source)));
        // `unpack2x16float` is in every WebGPU; naga has a name for it because it is not in every OpenGL.
        let mut capabilities = naga::valid::Capabilities::SHADER_FLOAT16_IN_FLOAT32;
        if files.iter().any(|file| NEEDS_SUBGROUPS.contains(file)) {
            capabilities |= naga::valid::Capabilities::SUBGROUP;
        }
        let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), capabilities);
        validator.validate(&module).unwrap_or_else(|e| panic!("{label}: {}", e.emit_to_string(&source)));
        let storage = module.global_variables.iter();
        let storage = storage.filter(|(_, global)| matches!(global.space, naga::AddressSpace::Storage { .. })).count();
        assert!(storage <= 8, "{label}: {storage} storage buffers, WebGPU promises 8");
        let shared = module.global_variables.iter().filter(|(_, global)| global.space == naga::AddressSpace::WorkGroup);
        let shared: u32 = shared.map(|(_, global)| module.types[global.ty].inner.size(module.to_ctx())).sum();
        // An array whose length is a constant of the pipeline counts nothing.
        let staged = if source.contains("override STAGED") { 16 * STAGED as u32 } else { 0 };
        // Shares are merged where the input leaves room.
        let merged = if source.contains("const MERGED") { 4 * MERGED as u32 } else { 0 };
        assert!(
            shared + staged - merged <= 16_384,
            "{label}: {} bytes of a workgroup, WebGPU promises 16,384",
            shared + staged
        );
    }
}

#[test]
fn planes_hold_every_byte_of_a_block() {
    let source = shader::compose(PACK, &[], &[]).unwrap();
    let module = naga::front::wgsl::parse_str(&source).unwrap_or_else(|e| panic!("{}", e.emit_to_string(&source)));
    let flags = naga::valid::ValidationFlags::all();
    naga::valid::Validator::new(flags, Default::default()).validate(&module).unwrap();
    for dtype in DType::WEIGHTS.into_iter().filter(|dtype| dtype.block_len() > 1) {
        let mut fields = pack::fields(dtype).to_vec();
        // Every plane but the last is whole vectors of four rows, and its parts are words.
        assert!(fields.iter().rev().skip(1).all(|(_, bytes)| bytes % 4 == 0), "{dtype}");
        fields.sort();
        let end = fields.iter().fold(0, |end, &(offset, bytes)| {
            assert_eq!(offset, end, "{dtype}");
            end + bytes
        });
        assert_eq!(end as usize, dtype.block_bytes(), "{dtype}");
    }
}

#[test]
fn a_missing_import_is_named() {
    for (source, missing) in
        [("#import nowhere\n", "nowhere"), ("#import format\n", "format"), ("#import input\n", "input")]
    {
        assert_eq!(shader::compose(source, &[], &[]), Err(missing.into()));
    }
    // The second weight needs a second format.
    for (file, missing) in [("weight_lanes", "format"), ("weight_tile", "fetch")] {
        let one = shader::compose("#import weight 0\n#import weight 1\n", &[DType::Q4_0], &[file]);
        assert_eq!(one, Err(missing.into()));
    }
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
    let mut rows: BTreeSet<String> = KERNELS.iter().map(|kernel| kernel.name.to_owned()).collect();
    assert_eq!(KERNELS.len(), rows.len(), "a name occurs twice");
    rows.insert("pack".into()); // runs before there is a plan
    assert_eq!(files("shaders"), rows);
    let imports: BTreeSet<String> = LIB.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files("shaders/lib"), imports);
}

#[test]
fn every_row_format_and_file_has_a_case() {
    let mut used = BTreeSet::new();
    let parts = |kernel: &Kernel, formats: &[DType], files: &[&'static str]| -> Vec<String> {
        let own = |part: &str| format!("{} {part}", kernel.name);
        let formats = formats.iter().map(|dtype| own(dtype.name()));
        formats.chain(files.iter().map(|file| own(file))).chain([own("")]).collect()
    };
    let mut dots = Limits::default();
    dots.tuning.dots = true;
    let tiers = Tier::ALL.map(|tier| Limits { tier, ..Limits::default() });
    for limits in tiers.into_iter().chain([dots]) {
        for case in cases() {
            let program = Program::of(&case.graph, &limits);
            for stage in &program.stages {
                let site = Site::new(&case.graph, &program, stage, &limits).unwrap();
                let kernel = choose(&site);
                used.extend(parts(kernel, &site.formats(), &(kernel.files)(&site)));
            }
        }
    }
    let all: BTreeSet<String> =
        variants().iter().flat_map(|(kernel, formats, files)| parts(kernel, formats, files)).collect();
    assert_eq!(used, all);
}
