//! Runs a case on a backend and compares every output and state of every run with the reference.

use std::collections::BTreeMap;

use graph::{Backend, BackendError, BufferId, Buffers, LeafKind, TensorType};

use crate::{
    ops::Case,
    reference::{self, Tensor},
};

/// How a case went.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Largest normalized mean squared error of any result; infinite if a u32 differs or a number is not finite.
    pub nmse: f64,
    /// What was accepted.
    pub threshold: f64,
    /// `nmse <= threshold`.
    pub passed: bool,
    /// Which result was worst, in which run.
    pub worst: String,
    /// The bytes of every result, run by run.
    pub bytes: Vec<Vec<u8>>,
}

/// Allocates and writes in uneven pieces, prepares once, runs every run of the case, reads and compares. Frees
/// everything unless an error ended it.
pub async fn check(backend: &mut dyn Backend, case: &Case) -> Result<Report, BackendError> {
    let mut buffers = Buffers::new();
    let mut types: BTreeMap<String, TensorType> = BTreeMap::new();
    for (_, leaf, ty) in case.graph.leaves() {
        if !matches!(leaf.kind, LeafKind::Constant(_)) {
            buffers.insert(leaf.name.clone(), backend.alloc(ty)?);
            types.insert(leaf.name.clone(), ty.clone());
        }
    }
    for output in case.graph.outputs() {
        let ty = case.graph.ty(output.value);
        let buffer = backend.alloc(ty)?;
        // Whatever a kernel forgets to write stays NaN.
        backend.write(buffer, 0, &vec![0xff; size(ty)])?;
        buffers.insert(output.name.clone(), buffer);
        types.insert(output.name.clone(), ty.clone());
    }
    for (name, bytes) in &case.leaves {
        write_in_pieces(backend, buffers[name], bytes)?;
    }

    let plan = backend.prepare(&case.graph, &buffers).await?;
    let mut leaves = case.leaves.clone();
    let facts = backend.facts();
    let is_rounded = facts.device == "wasm" || facts.details.get("dots").is_some_and(|dots| dots == "on");
    let threshold = if is_rounded { case.cpu_threshold } else { case.threshold };
    let mut report = Report { nmse: 0.0, threshold, passed: true, worst: String::new(), bytes: Vec::new() };
    for (number, inputs) in case.runs.iter().enumerate() {
        for (name, bytes) in inputs {
            backend.write(buffers[name], 0, bytes)?;
            leaves.insert(name.clone(), bytes.clone());
        }
        backend.run(plan)?;
        let expected = reference::run(&case.graph, &leaves);
        for (name, want) in expected.outputs.iter().chain(&expected.states) {
            let ty = &types[name];
            // Two reads at once, the second from the middle.
            let middle = size(ty) / 8 * 4;
            let tail = backend.read(buffers[name], middle as u64, size(ty) - middle);
            let mut bytes = match middle {
                0 => Vec::new(),
                _ => backend.read(buffers[name], 0, middle).await?,
            };
            bytes.extend(tail.await?);
            let error = compare(want, &reference::decode(ty, &bytes));
            if report.worst.is_empty() || error > report.nmse {
                report.nmse = error;
                report.worst = format!("{name} of run {number}");
            }
            if case.leaves.contains_key(name) {
                // The next run starts from what the backend left, so that an error is counted once.
                leaves.insert(name.clone(), bytes.clone());
            }
            report.bytes.push(bytes);
        }
    }
    report.passed = report.nmse <= report.threshold;

    backend.release(plan);
    for buffer in buffers.into_values() {
        backend.free(buffer);
    }
    Ok(report)
}

/// `Σ (got - want)² / Σ want²`; infinite if something is not finite, or if anything differs from all zeros.
pub fn nmse(want: &[f64], got: &[f64]) -> f64 {
    let error: f64 = want.iter().zip(got).map(|(w, g)| (g - w) * (g - w)).sum();
    let energy: f64 = want.iter().map(|w| w * w).sum();
    match error / energy {
        _ if want.len() != got.len() => f64::INFINITY,
        _ if error == 0.0 => 0.0,
        ratio if ratio.is_nan() => f64::INFINITY,
        ratio => ratio,
    }
}

fn compare(want: &Tensor, got: &Tensor) -> f64 {
    match (want, got) {
        (Tensor::Real(want), Tensor::Real(got)) => nmse(want, got),
        (want, got) if want == got => 0.0,
        _ => f64::INFINITY,
    }
}

fn size(ty: &TensorType) -> usize {
    ty.bytes().unwrap_or(u64::MAX) as usize
}

/// Pieces of sizes that divide neither blocks nor words.
fn write_in_pieces(backend: &mut dyn Backend, buffer: BufferId, bytes: &[u8]) -> Result<(), BackendError> {
    let sizes = [1, 7, 18, 997, 4096, 65_537, 3, 262_147];
    let mut offset = 0;
    for piece in sizes.into_iter().cycle() {
        if offset == bytes.len() {
            break;
        }
        let end = bytes.len().min(offset + piece);
        backend.write(buffer, offset as u64, &bytes[offset..end])?;
        offset = end;
    }
    Ok(())
}
