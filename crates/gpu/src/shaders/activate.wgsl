// Elementwise activation functions. Own forms of erf and tanh: WebGPU promises little of its own.
#import grid

struct Params {
    elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;             // [tokens, columns]
@group(0) @binding(2) var<storage, read_write> output: array<f32>;      // [tokens, columns]

override FUNCTION: u32; // 0 GELU, 1 GELU by tanh, 2 SiLU, 3 ReLU, 4 tanh

// Rational approximation of Eigen and XLA (xla/client/lib/math.cc), within 2e-7 of erf; 1 beyond 4.
fn erf(v: f32) -> f32 {
    let x = clamp(v, -4.0, 4.0);
    let s = x * x;
    let p = (((((-2.72614225801306e-10 * s + 2.77068142495902e-08) * s - 2.10102402082508e-06) * s
        - 5.69250639462346e-05) * s - 7.34990630326855e-04) * s - 2.95459980854025e-03) * s - 1.60960333262415e-02;
    let q = (((-1.45660718464996e-05 * s - 2.13374055278905e-04) * s - 1.68282697438203e-03) * s
        - 7.37332916720468e-03) * s - 1.42647390514189e-02;
    return x * p / q;
}

// By exp of a clamped argument: no overflow, and a series near 0 where the difference would cancel.
fn tanh_of(x: f32) -> f32 {
    let a = min(abs(x), 15.0);
    let s = a * a;
    let far = 1.0 - 2.0 / (exp(2.0 * a) + 1.0);
    let near = a * (1.0 - s * (1.0 / 3.0 - s * (2.0 / 15.0 - s * (17.0 / 315.0))));
    return sign(x) * select(far, near, a < 0.1);
}

fn activated(x: f32) -> f32 {
    if (FUNCTION == 0u) {
        return 0.5 * x * (1.0 + erf(x * 0.70710678118654752));
    }
    if (FUNCTION == 1u) {
        return 0.5 * x * (1.0 + tanh_of(0.79788456080286536 * (x + 0.044715 * x * x * x)));
    }
    if (FUNCTION == 2u) {
        return x / (1.0 + exp(min(-x, 80.0)));
    }
    if (FUNCTION == 3u) {
        return max(x, 0.0);
    }
    return tanh_of(x);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = folded(group, groups) * 64u + local;
    if (i < params.elements) {
        output[i] = activated(input[i]);
    }
}
