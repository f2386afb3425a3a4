//! Cases of `add`, `mul`, `scale` and `activate`.

use crate::ops::{ACTIVATIONS, Build, Case};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for shape in [[1, 1], [1, 576], [5, 7], [33, 577]] {
        let [rows, columns] = shape;
        for (right_rows, what) in [(rows, "same"), (1, "row")] {
            let name = |op| format!("{op}/{what}/{rows}x{columns}");

            let mut build = Build::new(name("add"));
            let (left, right) = (build.input("left", shape), build.input("right", [right_rows, columns]));
            let sum = build.graph.add(left, right);
            cases.push(build.output(sum));

            let mut build = Build::new(name("mul"));
            let (left, right) = (build.input("left", shape), build.input("right", [right_rows, columns]));
            let product = build.graph.mul(left, right);
            cases.push(build.output(product));
        }

        let mut build = Build::new(format!("scale/{rows}x{columns}"));
        let x = build.input("x", shape);
        let scaled = build.graph.scale(x, -12.75);
        cases.push(build.output(scaled));

        for function in ACTIVATIONS {
            let mut build = Build::new(format!("activate/{function:?}/{rows}x{columns}").to_lowercase());
            let x = build.scaled_input("x", shape, 2.0);
            let y = build.graph.activate(x, function);
            cases.push(build.output(y));
        }
    }
    cases.extend(special());
    cases
}

fn special() -> Vec<Case> {
    let mut cases = Vec::new();
    // One operand twice: an in-place kernel must not read what it wrote.
    let mut build = Build::new("add/itself");
    let x = build.input("x", [5, 33]);
    let twice = build.graph.add(x, x);
    cases.push(build.output(twice));

    let mut build = Build::new("mul/itself");
    let x = build.input("x", [5, 33]);
    let y = build.graph.add(x, x);
    let square = build.graph.mul(y, y);
    cases.push(build.output(square));

    let mut build = Build::new("mul/constant");
    let x = build.input("x", [3, 4]);
    let row = build.graph.constant("row", vec![0.5, -2.0, 0.0, 8.0]);
    let y = build.graph.mul(x, row);
    cases.push(build.output(y));

    for function in ACTIVATIONS {
        let name = |what: &str| format!("activate/{function:?}/{what}").to_lowercase();
        // Arguments at which exp overflows or underflows.
        let mut build = Build::new(name("far"));
        let far = vec![0.0, 50.0, -50.0, 100.0, -100.0, 1e4, -1e4, 88.8, -88.8, 9.0];
        let x = build.real_input("x", [2, 5], [far.clone(), far.iter().map(|x| -x).collect()]);
        let y = build.graph.activate(x, function);
        cases.push(build.output(y));

        // Arguments of which a sum with 1 loses all digits.
        let mut build = Build::new(name("near"));
        let x = build.scaled_input("x", [3, 65], 1e-4);
        let y = build.graph.activate(x, function);
        cases.push(build.output(y));
    }
    cases
}
