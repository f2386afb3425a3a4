//! Cases of `rms_norm`, `layer_norm` and `normalize`.

use crate::ops::{Build, Case};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, columns, run, offset) in [
        (1, 576, 576, 0.0),
        (33, 576, 576, 0.0),
        (5, 640, 640, 1.0),
        (3, 37, 37, 0.0),
        (2, 2048, 2048, 0.0),
        // Per head: the run is shorter than the row.
        (5, 9 * 64, 64, 0.0),
        (7, 4 * 256, 256, 1.0),
        (1, 3 * 128, 128, 0.0),
        (4, 8, 1, 0.0),
    ] {
        for epsilon in [1e-6, 1e-5] {
            let mut build = Build::new(format!("rms_norm/{rows}x{columns}/{run}+{offset}/{epsilon:e}"));
            let x = build.input("x", [rows, columns]);
            let weight = build.gain("weight", run);
            let y = build.graph.rms_norm(x, weight, epsilon, offset);
            cases.push(build.output(y));
        }
    }

    let mut build = Build::new("rms_norm/small");
    // Mean squares about as large as epsilon, and a row of zeros.
    let mut runs = [(); 2].map(|()| build.normal(3 * 64, 1e-3));
    runs[0][64..128].fill(0.0);
    let x = build.real_input("x", [3, 64], runs);
    let weight = build.gain("weight", 64);
    let y = build.graph.rms_norm(x, weight, 1e-6, 0.0);
    cases.push(build.output(y));

    for (rows, columns, mean) in
        [(1, 384, 0.0), (33, 384, 0.0), (5, 768, 0.5), (3, 37, 0.0), (2, 1, 0.0), (4, 384, 10.0)]
    {
        let mut build = Build::new(format!("layer_norm/{rows}x{columns}/mean {mean}"));
        if mean > 1.0 {
            // Ten bits of the ten-fold mean are lost before it is subtracted.
            build = build.threshold(1e-10);
        }
        let runs = [(); 2].map(|()| build.normal(rows * columns, 1.0).iter().map(|x| x + mean).collect());
        let x = build.real_input("x", [rows, columns], runs);
        let (weight, bias) = (build.gain("weight", columns), build.gain("bias", columns));
        let y = build.graph.layer_norm(x, weight, bias, 1e-12);
        cases.push(build.output(y));
    }

    for (rows, columns) in [(1, 384), (33, 384), (4, 7), (5, 1)] {
        let mut build = Build::new(format!("normalize/{rows}x{columns}"));
        let x = build.input("x", [rows, columns]);
        let y = build.graph.normalize(x);
        cases.push(build.output(y));
    }
    let mut build = Build::new("normalize/zeros");
    // Zeros, and a row whose norm is below 1e-12.
    let mut runs = [(); 2].map(|()| build.normal(4 * 64, 1.0));
    for run in &mut runs {
        run[..64].fill(0.0);
        run[128..192].iter_mut().for_each(|x| *x *= 1e-15);
    }
    let x = build.real_input("x", [4, 64], runs);
    let y = build.graph.normalize(x);
    cases.push(build.output(y));
    cases
}
