//! The moderation model against the scores that its training code gives the same texts (`tests/golden/moderation.json`).
//!
//! Those are f32 arithmetic in PyTorch on the weights as they are in the file. Software GPUs are slow and score a part of
//! the texts ([`sample`]); `RUSHLIGHT_FULL=1` scores all of them there as well.

use std::collections::BTreeSet;

use engine::CallOptions;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use weights::File;

use super::support::{Device, all, full, load, model};

const WEIGHTS: &str = "minilm-moderation.gguf";

/// How far a probability may be from the training code's.
const TOLERANCE: f32 = 1e-3;

#[derive(Deserialize)]
struct Golden {
    /// SHA-256 of the weights that were scored with.
    model: String,
    labels: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    text: String,
    scores: Vec<f32>,
}

fn agrees(device: Device) {
    let (Some(mut files), Some(backend)) = (model("minilm-moderation"), device.backend()) else { return };
    let golden: Golden = serde_json::from_str(include_str!("../golden/moderation.json")).unwrap();
    let present = sha256(&mut files);
    assert_eq!(present, golden.model, "{WEIGHTS} (left) is another model than the one that the golden is of (right)");

    let chosen = if device == Device::Cpu || full() { (0..golden.rows.len()).collect() } else { sample(&golden.rows) };
    let rows: Vec<&Row> = chosen.into_iter().map(|index| &golden.rows[index]).collect();
    let texts: Vec<String> = rows.iter().map(|row| row.text.clone()).collect();
    let mut engine = load(backend, files, None).unwrap();
    let found = pollster::block_on(engine.classify(&texts, &CallOptions::default(), &mut all)).unwrap();
    assert_eq!(found.len(), rows.len());

    let mut worst = (0.0, String::new());
    for (row, scores) in rows.iter().zip(&found) {
        assert_eq!((scores.len(), row.scores.len()), (golden.labels.len(), golden.labels.len()));
        for (label, expected) in golden.labels.iter().zip(&row.scores) {
            let score = scores.iter().find(|score| score.label == *label).expect("the model has the label").score;
            let apart = (score - expected).abs();
            if apart.is_nan() || apart > worst.0 {
                worst = (apart, format!("{label} is {score}, not {expected}: {:?}", row.text));
            }
        }
    }
    let (difference, what) = worst;
    println!("{device:?}: {} texts, largest difference of a score {difference:.1e}", rows.len());
    assert!(difference <= TOLERANCE, "{what}");
}

fn sha256(files: &mut [File]) -> String {
    let file = files.iter_mut().find(|file| file.name == WEIGHTS).expect("the model has weights of its own");
    let mut bytes = vec![0; file.source.len() as usize];
    file.source.read_at(0, &mut bytes).unwrap();
    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Some texts of every kind, which lie together in the golden; for each label the text whose score a small error moves
/// most; and the longest text. `tests/browser/golden.mjs` chooses the same.
fn sample(rows: &[Row]) -> BTreeSet<usize> {
    let all = 0..rows.len();
    let undecided = |label: usize| {
        let margin = |&row: &usize| (rows[row].scores[label] - 0.5).abs();
        all.clone().min_by(|a, b| margin(a).total_cmp(&margin(b)))
    };
    let longest = all.clone().max_by_key(|&row| rows[row].text.len());
    let labels = 0..rows[0].scores.len();
    all.clone().step_by(40).chain(labels.filter_map(undecided)).chain(longest).collect()
}

#[test]
fn moderation_on_cpu() {
    agrees(Device::Cpu);
}

#[test]
fn moderation_on_gpu() {
    agrees(Device::Gpu);
}
