//! Joins a kernel file with the files it imports. A line `#import name` becomes the text of `shaders/lib/<name>.wgsl`, once.
//! `#import format` is the dequantization of the dtype that the kernel is built for: formats are imports, never branches.

use std::collections::BTreeSet;

use graph::DType;

/// Every file that can be imported, by name.
pub const LIB: &[(&str, &str)] = &[
    ("bits", include_str!("shaders/lib/bits.wgsl")),
    ("k_scales", include_str!("shaders/lib/k_scales.wgsl")),
    ("grid", include_str!("shaders/lib/grid.wgsl")),
    ("reduce", include_str!("shaders/lib/reduce.wgsl")),
    ("unit", include_str!("shaders/lib/unit.wgsl")),
    ("f32", include_str!("shaders/lib/f32.wgsl")),
    ("f16", include_str!("shaders/lib/f16.wgsl")),
    ("bf16", include_str!("shaders/lib/bf16.wgsl")),
    ("q4_0", include_str!("shaders/lib/q4_0.wgsl")),
    ("q4_1", include_str!("shaders/lib/q4_1.wgsl")),
    ("q5_0", include_str!("shaders/lib/q5_0.wgsl")),
    ("q5_1", include_str!("shaders/lib/q5_1.wgsl")),
    ("q8_0", include_str!("shaders/lib/q8_0.wgsl")),
    ("q2_k", include_str!("shaders/lib/q2_k.wgsl")),
    ("q3_k", include_str!("shaders/lib/q3_k.wgsl")),
    ("q4_k", include_str!("shaders/lib/q4_k.wgsl")),
    ("q5_k", include_str!("shaders/lib/q5_k.wgsl")),
    ("q6_k", include_str!("shaders/lib/q6_k.wgsl")),
];

/// The complete WGSL of a kernel. `Err` holds the name of an import that does not exist.
pub fn compose(wgsl: &str, format: Option<DType>) -> Result<String, String> {
    let mut text = String::new();
    append(wgsl, format, &mut BTreeSet::new(), &mut text)?;
    Ok(text)
}

fn append<'a>(
    wgsl: &'a str,
    format: Option<DType>,
    seen: &mut BTreeSet<&'a str>,
    text: &mut String,
) -> Result<(), String> {
    for line in wgsl.lines() {
        let Some(name) = line.strip_prefix("#import ").map(str::trim) else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        let name = match (name, format) {
            ("format", Some(dtype)) => dtype.name(),
            (name, _) => name,
        };
        let Some(&(name, body)) = LIB.iter().find(|(key, _)| *key == name) else {
            return Err(name.into());
        };
        if seen.insert(name) {
            append(body, format, seen, text)?;
        }
    }
    Ok(())
}
