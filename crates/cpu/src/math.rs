//! Functions of four f32 at once, without branches.

use crate::simd::{F32x4, sum};

/// `f` of every number. Sixteen a turn: V8 makes the constants of a loop anew in each turn, three instructions for each of them.
#[inline(always)]
pub(crate) fn map(numbers: &mut [f32], f: impl Fn(F32x4) -> F32x4) {
    let (sixteens, rest) = numbers.as_chunks_mut::<16>();
    for sixteen in sixteens {
        let fours = sixteen.as_chunks_mut::<4>().0;
        let values: [F32x4; 4] = std::array::from_fn(|i| f(F32x4::load(&fours[i])));
        fours.iter_mut().zip(values).for_each(|(four, value)| value.store(four));
    }
    let (fours, rest) = rest.as_chunks_mut::<4>();
    for four in fours {
        f(F32x4::load(four)).store(four);
    }
    if !rest.is_empty() {
        let mut four = [0.0; 4];
        four[..rest.len()].copy_from_slice(rest);
        f(F32x4::load(&four)).store(&mut four);
        rest.copy_from_slice(&four[..rest.len()]);
    }
}

/// `p · x + term`, rounded twice on every machine.
#[inline(always)]
fn step(p: F32x4, x: F32x4, term: f32) -> F32x4 {
    p.mul(x).add(F32x4::splat(term))
}

/// `e^x`, within about 1 unit in the last place (2^-23 relative) for results that are normal numbers; 0 below -87.3,
/// infinite above 88.7. The reduction and polynomial of Cephes `expf` (Moshier).
#[inline(always)]
pub(crate) fn exp(x: F32x4) -> F32x4 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let one = F32x4::splat(1.0);
    // Adding and subtracting it rounds to a whole number.
    let round = F32x4::splat(12_582_912.0);
    let clamped = x.max(F32x4::splat(-88.0)).min(F32x4::splat(89.0));
    let shifted = clamped.mul(F32x4::splat(std::f32::consts::LOG2_E)).add(round);
    let n = shifted.sub(round);
    let r = clamped.sub(n.mul(F32x4::splat(LN2_HIGH))).sub(n.mul(F32x4::splat(LN2_LOW)));
    let mut p = F32x4::splat(1.987_569_1e-4);
    for term in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = step(p, r, term);
    }
    let fraction = p.mul(r).mul(r).add(r).add(one);
    // n from the low bits of the shifted number, in two factors because 2^128 is no f32.
    let n = shifted.bits().sub(round.bits());
    let half = n.half();
    let value = fraction.mul(half.exp2()).mul(n.sub(half).exp2());
    x.if_less(F32x4::splat(-87.336_54), F32x4::splat(0.0), value)
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: F32x4) -> F32x4 {
    let one = F32x4::splat(1.0);
    one.div(one.add(exp(F32x4::splat(0.0).sub(x))))
}

/// `x · Φ(x)`, within about 2.5e-7 of the larger of 1 and |x|: `Φ(x) - 1/2` as `x` times a quotient of polynomials of `x²`,
/// fitted to 2.5e-8 on ±5.6 and kept from there on. No exponential, one division.
#[inline(always)]
pub(crate) fn gelu(x: F32x4) -> F32x4 {
    const END: f32 = 5.6;
    let near = x.max(F32x4::splat(-END)).min(F32x4::splat(END));
    let square = near.mul(near);
    let mut p = F32x4::splat(1.080_235_3e-10);
    for term in [-2.199_771_7e-8, 3.361_889_6e-6, 1.824_914_2e-4, 4.587_699_7e-3, 3.711_471_7e-2, 3.989_421e-1] {
        p = step(p, square, term);
    }
    let mut q = F32x4::splat(6.625_622e-5);
    for term in [1.901_609_2e-3, 2.978_727_8e-2, 2.596_969e-1, 1.0] {
        q = step(q, square, term);
    }
    x.mul(F32x4::splat(0.5).add(near.mul(p).div(q)))
}

/// GELU by tanh, as `x · sigmoid(2u)`, which is `x / 2 · (1 + tanh u)`.
#[inline(always)]
pub(crate) fn gelu_tanh(x: F32x4) -> F32x4 {
    const TWO_SQRT_2_OVER_PI: f32 = 1.595_769;
    let cube = x.mul(x).mul(x);
    x.mul(sigmoid(F32x4::splat(TWO_SQRT_2_OVER_PI).mul(x.add(F32x4::splat(0.044_715).mul(cube)))))
}

/// `x · sigmoid(x)`.
#[inline(always)]
pub(crate) fn silu(x: F32x4) -> F32x4 {
    x.mul(sigmoid(x))
}

/// The largest number; negative infinity of none.
pub(crate) fn largest(numbers: &[f32]) -> f32 {
    let (fours, rest) = numbers.as_chunks::<4>();
    let mut lanes = F32x4::splat(f32::NEG_INFINITY);
    for four in fours {
        lanes = lanes.max(F32x4::load(four));
    }
    rest.iter().copied().fold(lanes.largest(), f32::max)
}

/// Turns scores into weights that sum to 1; leaves an empty slice as it is.
pub(crate) fn softmax(scores: &mut [f32]) {
    let max = F32x4::splat(largest(scores));
    map(scores, |score| exp(score.sub(max)));
    let scale = F32x4::splat(1.0 / sum(scores));
    map(scores, |score| score.mul(scale));
}

#[cfg(test)]
mod tests {
    use crate::simd::F32x4;

    /// A function of one number.
    fn one(f: impl Fn(F32x4) -> F32x4, x: f32) -> f32 {
        let mut four = [0.0; 4];
        f(F32x4::splat(x)).store(&mut four);
        four[3]
    }

    #[test]
    fn exp_is_within_one_unit_in_the_last_place() {
        for i in -87_000..88_000 {
            let x = i as f32 / 1000.0;
            let want = f64::from(x).exp();
            let error = (f64::from(one(super::exp, x)) / want - 1.0).abs();
            assert!(error <= 1.3e-7, "exp({x}) is off by {error:e}");
        }
        assert_eq!(one(super::exp, 0.0), 1.0);
        assert_eq!(one(super::exp, -1e30), 0.0);
        assert_eq!(one(super::exp, f32::NEG_INFINITY), 0.0);
        assert_eq!(one(super::exp, 100.0), f32::INFINITY);
        assert!(one(super::exp, f32::NAN).is_nan());
    }

    /// `x · Φ(x)` by Simpson's rule from 0 to x.
    fn exact_gelu(x: f64) -> f64 {
        const HALVES: i32 = 400;
        let density = |at: i32| {
            let t = x * f64::from(at) / f64::from(2 * HALVES);
            (-0.5 * t * t).exp()
        };
        let sum: f64 = (0..HALVES).map(|i| density(2 * i) + 4.0 * density(2 * i + 1) + density(2 * i + 2)).sum();
        x * (0.5 + x * sum / f64::from(6 * HALVES) / (2.0 * std::f64::consts::PI).sqrt())
    }

    #[test]
    fn gelu_is_within_its_stated_error() {
        assert!((exact_gelu(-1.0) + 0.158_655_253_931_457_07).abs() < 1e-12);
        for i in -10_000..10_000 {
            let x = i as f32 / 1000.0;
            let (got, want) = (f64::from(one(super::gelu, x)), exact_gelu(f64::from(x)));
            assert!((got - want).abs() <= 2.5e-7 * f64::from(x.abs().max(1.0)), "gelu({x}) is {got}, not {want}");
        }
        assert!((one(super::gelu, 1e30) / 1e30 - 1.0).abs() < 2.5e-7);
        assert!(one(super::gelu, f32::NAN).is_nan());
    }
}
