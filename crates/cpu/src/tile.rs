//! The micro-kernel of matrix products: dot products of several rows with several vectors at once, so that what is
//! loaded is used more than once.

use crate::simd::{self, F32x4};

/// `out[r][t] = w[r] · x[t]`. All slices have the length of `w[0]`.
#[inline(always)]
pub(crate) fn tile<const R: usize, const T: usize>(w: [&[f32]; R], x: [&[f32]; T]) -> [[f32; T]; R] {
    let length = w[0].len();
    let fours = length / 4;
    // Slices of one length: the compiler sees that no index is outside of them.
    let w4 = w.map(|w| &w.as_chunks::<4>().0[..fours]);
    let x4 = x.map(|x| &x.as_chunks::<4>().0[..fours]);
    let mut sums = [[F32x4::splat(0.0); T]; R];
    for i in 0..fours {
        let x = x4.map(|x| F32x4::load(&x[i]));
        for (w, sums) in w4.iter().zip(&mut sums) {
            let w = F32x4::load(&w[i]);
            for (x, sum) in x.iter().zip(sums) {
                *sum = w.mul_add(*x, *sum);
            }
        }
    }
    let mut out = sums.map(|sums| sums.map(F32x4::sum));
    if !length.is_multiple_of(4) {
        for (w, out) in w.iter().zip(&mut out) {
            for (x, out) in x.iter().zip(out) {
                *out += simd::dot(&w[4 * fours..], &x[4 * fours..length]);
            }
        }
    }
    out
}

/// `out += Σ factors[i] · rows[i]`, with rows as long as `out`.
#[inline(always)]
pub(crate) fn accumulate<const R: usize>(out: &mut [f32], factors: [f32; R], rows: [&[f32]; R]) {
    let length = out.len();
    let fours = length / 4;
    let rows4 = rows.map(|row| &row.as_chunks::<4>().0[..fours]);
    let lanes = factors.map(F32x4::splat);
    let (out4, tail) = out.as_chunks_mut::<4>();
    for (i, out) in out4[..fours].iter_mut().enumerate() {
        let mut sum = F32x4::load(out);
        for (row, factor) in rows4.iter().zip(&lanes) {
            sum = F32x4::load(&row[i]).mul_add(*factor, sum);
        }
        sum.store(out);
    }
    for (i, out) in tail.iter_mut().enumerate() {
        for (row, factor) in rows.iter().zip(&factors) {
            *out += row[4 * fours + i] * factor;
        }
    }
}
