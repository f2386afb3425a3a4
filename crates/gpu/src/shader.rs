//! Joins a kernel file with the files it imports. A line `#import name` becomes the text of `shaders/lib/<name>.wgsl`, once.
//! `#import format` is the dequantization of the dtype that the kernel is built for: formats are imports, never branches;
//! `#import fetch` is how tiles of it are read, `#import scaled` how its units are scaled: one way for blocks and another for plain
//! numbers.
//! A kernel over several weights imports `weight 0`, `weight 1`: the same text once a weight, with its number behind names.

use std::collections::BTreeSet;

use graph::DType;

/// Every file that can be imported, by name.
pub const LIB: &[(&str, &str)] = &[
    ("bits", include_str!("shaders/lib/bits.wgsl")),
    ("k_scales", include_str!("shaders/lib/k_scales.wgsl")),
    ("planes", include_str!("shaders/lib/planes.wgsl")),
    ("fifths", include_str!("shaders/lib/fifths.wgsl")),
    ("grid", include_str!("shaders/lib/grid.wgsl")),
    ("logits", include_str!("shaders/lib/logits.wgsl")),
    ("few", include_str!("shaders/lib/few.wgsl")),
    ("activation", include_str!("shaders/lib/activation.wgsl")),
    ("turn", include_str!("shaders/lib/turn.wgsl")),
    ("heads", include_str!("shaders/lib/heads.wgsl")),
    ("decode_heads", include_str!("shaders/lib/decode_heads.wgsl")),
    ("lanes", include_str!("shaders/lib/lanes.wgsl")),
    ("linear_stage", include_str!("shaders/lib/linear_stage.wgsl")),
    ("norm_vectors", include_str!("shaders/lib/norm_vectors.wgsl")),
    ("sums_of_1", include_str!("shaders/lib/sums_of_1.wgsl")),
    ("sums_of_2", include_str!("shaders/lib/sums_of_2.wgsl")),
    ("sums_of_4", include_str!("shaders/lib/sums_of_4.wgsl")),
    ("sums_of_8", include_str!("shaders/lib/sums_of_8.wgsl")),
    ("ahead_nothing", include_str!("shaders/lib/ahead_nothing.wgsl")),
    ("staged", include_str!("shaders/lib/staged.wgsl")),
    ("input_splits", include_str!("shaders/lib/input_splits.wgsl")),
    ("input_whole", include_str!("shaders/lib/input_whole.wgsl")),
    ("input_plain", include_str!("shaders/lib/input_plain.wgsl")),
    ("input_rms_norm", include_str!("shaders/lib/input_rms_norm.wgsl")),
    ("input_rms_sum", include_str!("shaders/lib/input_rms_sum.wgsl")),
    ("input_layer_norm", include_str!("shaders/lib/input_layer_norm.wgsl")),
    ("parts_1", include_str!("shaders/lib/parts_1.wgsl")),
    ("parts_2", include_str!("shaders/lib/parts_2.wgsl")),
    ("parts_3", include_str!("shaders/lib/parts_3.wgsl")),
    ("weight_lanes", include_str!("shaders/lib/weight_lanes.wgsl")),
    ("weight_tile", include_str!("shaders/lib/weight_tile.wgsl")),
    ("weight_dots", include_str!("shaders/lib/weight_dots.wgsl")),
    ("fetch_blocks", include_str!("shaders/lib/fetch_blocks.wgsl")),
    ("fetch_numbers", include_str!("shaders/lib/fetch_numbers.wgsl")),
    ("weight_one", include_str!("shaders/lib/weight_one.wgsl")),
    ("weight_quads", include_str!("shaders/lib/weight_quads.wgsl")),
    ("scaled_blocks", include_str!("shaders/lib/scaled_blocks.wgsl")),
    ("scaled_numbers", include_str!("shaders/lib/scaled_numbers.wgsl")),
    ("sums_of_1_quad", include_str!("shaders/lib/sums_of_1_quad.wgsl")),
    ("sums_of_2_quads", include_str!("shaders/lib/sums_of_2_quads.wgsl")),
    ("sums_of_4_quads", include_str!("shaders/lib/sums_of_4_quads.wgsl")),
    ("tiles", include_str!("shaders/lib/tiles.wgsl")),
    ("tile_norms", include_str!("shaders/lib/tile_norms.wgsl")),
    ("load_plain", include_str!("shaders/lib/load_plain.wgsl")),
    ("load_rms_norm", include_str!("shaders/lib/load_rms_norm.wgsl")),
    ("load_rms_sum", include_str!("shaders/lib/load_rms_sum.wgsl")),
    ("load_layer_norm", include_str!("shaders/lib/load_layer_norm.wgsl")),
    ("seen", include_str!("shaders/lib/seen.wgsl")),
    ("rows_f32", include_str!("shaders/lib/rows_f32.wgsl")),
    ("rows_f16", include_str!("shaders/lib/rows_f16.wgsl")),
    ("halves", include_str!("shaders/lib/halves.wgsl")),
    ("reduce_memory", include_str!("shaders/lib/reduce_memory.wgsl")),
    ("reduce_quads", include_str!("shaders/lib/reduce_quads.wgsl")),
    ("reduce_subgroups", include_str!("shaders/lib/reduce_subgroups.wgsl")),
    ("unit", include_str!("shaders/lib/unit.wgsl")),
    ("stored_wide", include_str!("shaders/lib/stored_wide.wgsl")),
    ("place_blocks", include_str!("shaders/lib/place_blocks.wgsl")),
    ("place_numbers", include_str!("shaders/lib/place_numbers.wgsl")),
    ("quants_whole", include_str!("shaders/lib/quants_whole.wgsl")),
    ("quants_packed", include_str!("shaders/lib/quants_packed.wgsl")),
    ("quants_in_place", include_str!("shaders/lib/quants_in_place.wgsl")),
    ("stored_narrow", include_str!("shaders/lib/stored_narrow.wgsl")),
    ("loads_wide", include_str!("shaders/lib/loads_wide.wgsl")),
    ("loads_narrow", include_str!("shaders/lib/loads_narrow.wgsl")),
    ("f32", include_str!("shaders/lib/f32.wgsl")),
    ("f16", include_str!("shaders/lib/f16.wgsl")),
    ("bf16", include_str!("shaders/lib/bf16.wgsl")),
    ("element_f32", include_str!("shaders/lib/element_f32.wgsl")),
    ("element_f16", include_str!("shaders/lib/element_f16.wgsl")),
    ("element_bf16", include_str!("shaders/lib/element_bf16.wgsl")),
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

/// Those that use subgroups.
pub const NEEDS_SUBGROUPS: [&str; 2] = ["reduce_quads", "reduce_subgroups"];

/// Among the files of a kernel: it loads weights word by word, where vectors are the usual ones.
pub const NARROW: &str = "stored_narrow";

/// What files have in them that are written once a weight.
const OF_A_WEIGHT: [&str; 4] = ["weight[", "#import format", "four_words(", "one_word("];

/// The complete WGSL of a kernel. An import that is a role, as `input` is, stands for the one of `files` whose name starts with
/// it. `Err` holds the name of an import that does not exist.
pub fn compose(wgsl: &'static str, formats: &[DType], files: &[&'static str]) -> Result<String, String> {
    let mut composer = Composer { formats, files, seen: BTreeSet::new(), text: String::new() };
    composer.append(wgsl, &mut None)?;
    Ok(composer.text)
}

struct Composer<'a> {
    formats: &'a [DType],
    files: &'a [&'static str],
    seen: BTreeSet<&'static str>,
    text: String,
}

/// What is written once a weight: files that read `weight`, and those that import how.
struct Numbered {
    number: usize,
    seen: BTreeSet<&'static str>,
    text: String,
}

impl Composer<'_> {
    fn append(&mut self, wgsl: &'static str, numbered: &mut Option<Numbered>) -> Result<(), String> {
        for line in wgsl.lines() {
            let Some(import) = line.strip_prefix("#import ").map(str::trim) else {
                let text = numbered.as_mut().map_or(&mut self.text, |numbered| &mut numbered.text);
                text.push_str(line);
                text.push('\n');
                continue;
            };
            if let Some((name, number)) = import.split_once(' ') {
                let number = number.parse().map_err(|_| import.to_string())?;
                let (_, body) = self.find(name, number)?;
                let mut own = Some(Numbered { number, seen: BTreeSet::new(), text: String::new() });
                self.append(body, &mut own)?;
                self.text.extend(own.map(|own| renamed(&own)));
                continue;
            }
            let (name, body) = self.find(import, numbered.as_ref().map_or(0, |numbered| numbered.number))?;
            match numbered {
                Some(own) if OF_A_WEIGHT.iter().any(|part| body.contains(part)) => {
                    if own.seen.insert(name) {
                        self.append(body, numbered)?;
                    }
                }
                _ => {
                    if self.seen.insert(name) {
                        self.append(body, &mut None)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn find(&self, name: &str, number: usize) -> Result<(&'static str, &'static str), String> {
        let role = || self.files.iter().copied().find(|file| file.split('_').next() == Some(name));
        let file = match name {
            "format" => self.formats.get(number).map(|dtype| dtype.name()),
            "element" => self.formats.get(number).map(|dtype| element(*dtype)),
            "fetch" => self.formats.get(number).map(|dtype| by_kind(*dtype, ["fetch_numbers", "fetch_blocks"])),
            "scaled" => self.formats.get(number).map(|dtype| by_kind(*dtype, ["scaled_numbers", "scaled_blocks"])),
            "place" => self.formats.get(number).map(|dtype| by_kind(*dtype, ["place_numbers", "place_blocks"])),
            "stored" | "loads" => {
                let [wide, narrow] =
                    if name == "stored" { ["stored_wide", NARROW] } else { ["loads_wide", "loads_narrow"] };
                Some(if self.files.contains(&NARROW) { narrow } else { wide })
            }
            "quants" => role().or(Some("quants_whole")),
            _ => role(),
        };
        let file = file.unwrap_or(name);
        LIB.iter().find(|(key, _)| *key == file).copied().ok_or_else(|| file.into())
    }
}

/// The file for plain numbers, or the one for blocks.
fn by_kind(dtype: DType, [numbers, blocks]: [&'static str; 2]) -> &'static str {
    if dtype.block_len() == 1 { numbers } else { blocks }
}

/// How one weight of plain numbers is read.
fn element(dtype: DType) -> &'static str {
    match dtype {
        DType::F16 => "element_f16",
        DType::BF16 => "element_bf16",
        _ => "element_f32",
    }
}

/// The text with its number behind `weight` and behind the name of every function and structure that it declares.
fn renamed(own: &Numbered) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let declared = own.text.lines().filter_map(|line| line.strip_prefix("fn ").or(line.strip_prefix("struct ")));
    let declared = declared.filter_map(|name| name.split(['(', ' ']).next());
    let names: BTreeSet<&str> = declared.chain(["weight"]).collect();
    let mut text = String::new();
    let mut rest = own.text.as_str();
    while let Some(start) = rest.find(is_part) {
        let (before, word) = rest.split_at(start);
        let (word, after) = word.split_at(word.find(|c| !is_part(c)).unwrap_or(word.len()));
        text.push_str(before);
        text.push_str(word);
        if names.contains(word) {
            text.push_str(&format!("_{}", own.number));
        }
        rest = after;
    }
    text + rest
}
