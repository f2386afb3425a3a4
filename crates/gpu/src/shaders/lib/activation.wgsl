// Activation functions. Own forms of erfc and tanh: WebGPU promises little of its own.
override FUNCTION: u32; // 0 GELU, 1 GELU by tanh, 2 SiLU, 3 ReLU, 4 tanh

// Complementary error function of z >= 0, within 1.2e-7 of its own size everywhere: a Chebyshev fit from Numerical Recipes
// (Press et al., 2nd edition, section 6.2).
fn erfc(z: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.5 * z);
    let fit = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806
        + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
    return t * exp(max(fit - z * z, -87.0));
}

// Standard normal distribution function; the tail below 0 does not cancel.
fn normal_cdf(x: f32) -> f32 {
    let tail = 0.5 * erfc(abs(x) * 0.70710678118654752);
    return select(1.0 - tail, tail, x < 0.0);
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
        return x * normal_cdf(x);
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
