//! Matrix products in integers. Activations are rounded to 16 bits for each [`GROUP`] of 32, weights have the quants they
//! are stored with, and a group's products are summed exactly in 32 bits; only then scales make it f32. So no step of a sum
//! depends on the machine, and the error is that of the rounding: about `2^-16` of the largest activation of a group at most.
//!
//! Weights come as runs of blocks of 8 rows by 32 columns ([`crate::packed`]), so that one stream feeds all lanes: a lane is a
//! row, and two neighbouring columns are one multiply-add of 16-bit integers, which every instruction set has.

mod blocks;

use crate::{
    pool::Pool,
    quant::GROUP,
    simd::{F32x4, I16x8, I32x4},
};

use blocks::PAIRS;
pub(crate) use blocks::{Bytes, Fives, Halves, Minima, Minimum, Narrow, Nibbles, One, Quants, ROWS, Scales, Shorts};

/// Tokens that a block meets at once.
pub(crate) const TILE: usize = 4;

/// Runs of blocks that are read by turns, each a stream of its own: one waits for memory again and again, several wait at the
/// same time. Measured; see ARCHITECTURE.md.
pub(crate) const STREAMS: usize = 8;

/// Blocks of a run that are read before those of the next one: few, so that all streams are under way, but not one, for
/// sums to stay in registers a while.
const STEP: usize = 2;

/// Facts of a group of quantized activations, behind its quants: scale, sum, and the sums of the quants of each half.
const FACTS: usize = 4;

/// Bytes of the quants of a block of bytes.
pub(crate) const BYTE_BLOCK: usize = ROWS * GROUP;

/// Words of a group of quantized activations in pairs.
const GROUP_WORDS: usize = PAIRS + FACTS;

/// Largest quant of activations for weights of at most 8 bits: the largest number that is two signed bytes, 256 times one and
/// the other. 32 · 2^7 · 2^15 is 2^27.
pub(crate) const LIMIT: f32 = 32_639.0;

/// Largest quant of the activations that weights of 4 bits meet under [`crate::Precision::Quick`].
pub(crate) const QUICK_LIMIT: f32 = 127.0;

/// Largest quant of the activations that plain weights meet.
pub(crate) const PLAIN_LIMIT: f32 = 16_383.0;

/// What the absolute quants of a group of plain weights may add up to before they are rounded. Rounding adds 16 at most,
/// and 16,383 times that is just below 2^31.
pub(crate) const PLAIN_SUM: f32 = 131_060.0;

/// Numbers of a group as integers and their scale.
pub(crate) struct Quantized {
    pub(crate) quants: [i16; GROUP],
    pub(crate) scale: f32,
    /// Of the quants of each half.
    pub(crate) sums: [i32; 2],
}

impl Quantized {
    /// Rounds to integers up to `limit`, at most 32,767. A group that has a number that is not finite gets a scale that is
    /// not finite, one below 1e-30 becomes zeros.
    #[inline(always)]
    pub(crate) fn of(numbers: &[f32; GROUP], limit: f32) -> Quantized {
        let [largest, _, strange] = extent(numbers);
        Quantized::scaled(numbers, factor(limit, largest), largest / limit + strange)
    }

    /// As fine as the sum of products with [`PLAIN_LIMIT`] allows: the fewer are large, the finer.
    #[inline(always)]
    pub(crate) fn fine(numbers: &[f32; GROUP]) -> Quantized {
        let [largest, sum, strange] = extent(numbers);
        let factor = factor(LIMIT, largest).min(factor(PLAIN_SUM, sum));
        let scale = (largest * (1.0 / LIMIT)).max(sum * (1.0 / PLAIN_SUM));
        Quantized::scaled(numbers, factor, scale + strange)
    }

    #[inline(always)]
    fn scaled(numbers: &[f32; GROUP], factor: f32, scale: f32) -> Quantized {
        let factor = F32x4::splat(factor);
        let mut sums = [I32x4::splat(0); 2];
        let mut quants = [[0u8; 16]; GROUP / 8];
        let fours = numbers.as_chunks::<4>().0;
        for (i, (eight, quants)) in fours.as_chunks::<2>().0.iter().zip(&mut quants).enumerate() {
            let [low, high] = [integers(&eight[0], factor), integers(&eight[1], factor)];
            let sum = &mut sums[i / (GROUP / 16)];
            *sum = sum.add(low).add(high);
            *quants = low.narrow(high).to_bytes();
        }
        Quantized {
            quants: bytemuck::cast(quants),
            scale,
            sums: sums.map(|sum| sum.to_array().into_iter().fold(0, i32::wrapping_add)),
        }
    }

    /// Writes it as what token `token` of a tile of `T` has in a group.
    #[inline(always)]
    fn put<const T: usize>(&self, token: usize, form: Form, out: &mut [u32]) {
        let Quantized { quants, scale, sums: [first, second] } = self;
        let (words, facts) = out.split_at_mut((form.group_words() - FACTS) * T);
        if let Lay::Bytes(digits) = form.lay {
            let eights: &[[u8; 16]; GROUP / 8] = bytemuck::cast_ref(quants);
            for (sixteen, words) in eights.as_chunks().0.iter().zip(words.chunks_exact_mut(4 * digits * T)) {
                let [low, high] = sixteen.map(|eight: [u8; 16]| I16x8::load(&eight));
                let mut put = |digit: usize, quads: [u8; 16]| {
                    let quads: [u32; 4] = bytemuck::cast(quads);
                    for (i, quad) in quads.into_iter().enumerate() {
                        words[(i * digits + digit) * T + token] = u32::from_le(quad);
                    }
                };
                if digits == 1 {
                    put(0, low.quads(high));
                } else {
                    let [[low_high, low_low], [high_high, high_low]] = [low, high].map(digits_of);
                    put(0, low_high.quads(high_high));
                    put(1, low_low.quads(high_low));
                }
            }
        } else {
            for (i, [low, high]) in quants.as_chunks::<2>().0.iter().enumerate() {
                words[i * T + token] = u32::from(*low as u16) | (u32::from(*high as u16) << 16);
            }
        }
        facts[token] = scale.to_bits();
        facts[T + token] = (scale * first.wrapping_add(*second) as f32).to_bits();
        facts[2 * T + token] = *first as u32;
        facts[3 * T + token] = *second as u32;
    }
}

/// Numbers times a factor, as integers.
#[inline(always)]
fn integers(four: &[f32; 4], factor: F32x4) -> I32x4 {
    // Adding it leaves the nearest integer in the low bits.
    let round = F32x4::splat(12_582_912.0);
    F32x4::load(four).mul(factor).add(round).bits().sub(round.bits())
}

/// The largest absolute number, the sum of all, and zero, or no number if any is not finite.
#[inline(always)]
fn extent(numbers: &[f32; GROUP]) -> [f32; 3] {
    let [mut largest, mut sum, mut strange] = [F32x4::splat(0.0); 3];
    for four in numbers.as_chunks::<4>().0 {
        let x = F32x4::load(four);
        largest = largest.max(x.abs());
        sum = sum.add(x.abs());
        strange = strange.add(x.mul(F32x4::splat(0.0)));
    }
    [largest.largest(), sum.sum(), strange.sum()]
}

/// Numbers up to [`LIMIT`] as 256 times one signed byte and another.
#[inline(always)]
fn digits_of(numbers: I16x8) -> [I16x8; 2] {
    let half = I16x8::splat(128);
    let shifted = numbers.add(half);
    [shifted.shr(8).add(half), shifted].map(|bytes| bytes.and(255).sub(half))
}

/// What numbers up to `largest` are multiplied by to become integers up to `limit`.
#[inline(always)]
fn factor(limit: f32, largest: f32) -> f32 {
    if largest > 1e-30 { limit / largest } else { 0.0 }
}

/// How quants of activations lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lay {
    /// Two columns of 16 bits in a word.
    Pairs,
    /// Four columns of 8 bits, for [`crate::Relaxed`]: so many words one after the other, high bytes first. Of eight columns
    /// the first word has 0, 4, 1 and 5, as nibbles have.
    Bytes(usize),
}

/// How activations are rounded, and how their quants lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Form {
    /// The largest quant.
    pub(crate) limit: f32,
    pub(crate) lay: Lay,
}

impl Form {
    /// Words of a group of one token.
    pub(crate) fn group_words(self) -> usize {
        FACTS
            + match self.lay {
                Lay::Pairs => PAIRS,
                Lay::Bytes(digits) => PAIRS / 2 * digits,
            }
    }

    /// Words of `tokens` quantized rows.
    pub(crate) fn words(self, tokens: usize, columns: usize) -> usize {
        tokens * columns / GROUP * self.group_words()
    }
}

/// Quantizes rows of `columns` elements: whole tiles of rows first, in each group the tokens of the tile side by side,
/// then the other rows, each as a tile of one.
pub(crate) fn quantize(x: &[f32], columns: usize, form: Form, pool: &mut Pool, out: &mut [u32]) {
    let tiled = x.len() / columns / TILE * TILE;
    let (tiles, rest) = x.split_at(tiled * columns);
    let (tiles_out, rest_out) = out.split_at_mut(form.words(tiled, columns));
    let tile_words = form.words(TILE, columns);
    pool.rows(tiles_out, tile_words, |first, out| {
        let tiles = tiles.chunks_exact(TILE * columns).skip(first);
        for (rows, out) in tiles.zip(out.chunks_exact_mut(tile_words)) {
            for (token, row) in rows.chunks_exact(columns).enumerate() {
                quantize_row::<TILE>(row, token, form, out);
            }
        }
    });
    for (row, out) in rest.chunks_exact(columns).zip(rest_out.chunks_exact_mut(form.words(1, columns))) {
        quantize_row::<1>(row, 0, form, out);
    }
}

fn quantize_row<const T: usize>(row: &[f32], token: usize, form: Form, out: &mut [u32]) {
    for (numbers, out) in row.as_chunks::<GROUP>().0.iter().zip(out.chunks_exact_mut(form.group_words() * T)) {
        Quantized::of(numbers, form.limit).put::<T>(token, form, out);
    }
}

/// Adds the products of some chunks. A loop that is not unrolled further: all sums, a pair of weights and the activations
/// that it meets just fit the registers.
#[inline(always)]
fn accumulate<Q: Quants, const T: usize>(quants: &[u8], pairs: &[u32], sums: &mut [[I32x4; 2]; T]) {
    for (chunk, pairs) in quants.chunks_exact(Q::CHUNK).zip(pairs.chunks_exact(Q::PAIRS * T)) {
        for pair in 0..Q::PAIRS {
            let weights = Q::pair(chunk, pair);
            for (t, sums) in sums.iter_mut().enumerate() {
                let x = I16x8::splat_pair(pairs[pair * T + t]);
                *sums = [0, 1].map(|h| sums[h].add(weights[h].dot(x)));
            }
        }
    }
    if let Some(weights) = Q::last(quants) {
        for (sums, x) in sums.iter_mut().zip(&pairs[pairs.len() - T..]) {
            let x = I16x8::splat_pair(*x);
            *sums = [0, 1].map(|h| sums[h].add(weights[h].dot(x)));
        }
    }
}

/// The products of `R` runs of blocks, equally long, with a tile of `T` tokens.
pub(crate) fn product<Q: Quants, S: Scales, const R: usize, const T: usize>(
    runs: [&[u8]; R],
    x: &[u32],
) -> [[[f32; ROWS]; T]; R] {
    let mut out = [[[F32x4::splat(0.0); 2]; T]; R];
    let bytes = Q::BYTES + S::BYTES;
    // A run alone has no turns to take.
    let step = if R == 1 { (runs[0].len() / bytes).max(1) } else { STEP };
    let mut runs = runs.map(|run| run.chunks(step * bytes));
    for x in x.chunks(step * GROUP_WORDS * T) {
        for (run, out) in runs.iter_mut().zip(&mut out) {
            let Some(blocks) = run.next() else { continue };
            let mut sums = *out;
            for (block, x) in blocks.chunks_exact(bytes).zip(x.chunks_exact(GROUP_WORDS * T)) {
                add_block::<Q, S, T>(block, x, &mut sums);
            }
            *out = sums;
        }
    }
    out.map(|out| out.map(F32x4::to_array8))
}

/// Adds the products of a block with a group of each token.
#[inline(always)]
fn add_block<Q: Quants, S: Scales, const T: usize>(block: &[u8], x: &[u32], out: &mut [[F32x4; 2]; T]) {
    let (quants, scales) = block.split_at(Q::BYTES);
    let (pairs, facts) = x.split_at(PAIRS * T);
    let flush = |sums: [[I32x4; 2]; T], scales: [F32x4; 2], out: &mut [[F32x4; 2]; T]| {
        for t in 0..T {
            let scale = F32x4::splat(f32::from_bits(facts[t]));
            for h in 0..2 {
                out[t][h] = sums[t][h].to_f32().mul_add(scales[h].mul(scale), out[t][h]);
            }
        }
    };
    let add_minimum = |minimum: [F32x4; 2], t: usize, sum: f32, out: &mut [[F32x4; 2]; T]| {
        for h in 0..2 {
            out[t][h] = minimum[h].mul_add(F32x4::splat(sum), out[t][h]);
        }
    };
    // Of what is to be subtracted for the zeros of the quants.
    let start = |sum: u32| [I32x4::splat((sum as i32).wrapping_mul(-i32::from(Q::ZERO))); 2];
    let half_sum = |half: usize, t: usize| facts[(2 + half) * T + t];
    if S::HALVES {
        for half in 0..2 {
            let mut sums = std::array::from_fn(|t| start(half_sum(half, t)));
            let (from, pairs) = (half * Q::BYTES / 2, &pairs[half * PAIRS * T / 2..][..PAIRS * T / 2]);
            accumulate::<Q, T>(&quants[from..from + Q::BYTES / 2], pairs, &mut sums);
            flush(sums, S::eight(scales, half), out);
            if S::MINIMA {
                for (t, scale) in facts[..T].iter().enumerate() {
                    let sum = f32::from_bits(*scale) * half_sum(half, t) as i32 as f32;
                    add_minimum(S::eight(scales, 2 + half), t, sum, out);
                }
            }
        }
    } else {
        let mut sums = std::array::from_fn(|t| start(half_sum(0, t).wrapping_add(half_sum(1, t))));
        accumulate::<Q, T>(quants, pairs, &mut sums);
        flush(sums, S::eight(scales, 0), out);
        if S::MINIMA {
            for t in 0..T {
                add_minimum(S::eight(scales, 1), t, f32::from_bits(facts[T + t]), out);
            }
        }
    }
}

/// Blocks as blocks of [`Shorts`] with the same scales, as f32.
pub(crate) fn unpack<Q: Quants, S: Scales>(blocks: &[u8], out: &mut [u8]) {
    let zero = I16x8::splat(Q::ZERO);
    let outs = out.chunks_exact_mut(Shorts::BYTES + S::Wide::BYTES);
    for (block, out) in blocks.chunks_exact(Q::BYTES + S::BYTES).zip(outs) {
        let (quants, scales) = block.split_at(Q::BYTES);
        let (shorts, scales_out) = out.split_at_mut(Shorts::BYTES);
        let put = |weights: [I16x8; 2], out: &mut [u8]| {
            for (weights, out) in weights.into_iter().zip(out.chunks_exact_mut(Shorts::CHUNK / 2)) {
                out.copy_from_slice(&weights.sub(zero).to_bytes());
            }
        };
        if let Some(weights) = Q::last(quants) {
            put(weights, &mut shorts[Shorts::BYTES - Shorts::CHUNK..]);
        }
        let outs = shorts.chunks_exact_mut(Q::PAIRS * Shorts::CHUNK);
        for (chunk, out) in quants.chunks_exact(Q::CHUNK).zip(outs) {
            for (pair, out) in out.chunks_exact_mut(Shorts::CHUNK).enumerate() {
                put(Q::pair(chunk, pair), out);
            }
        }
        put_scales::<S>(scales, scales_out);
    }
}

/// Blocks as blocks of bytes with the same scales, as f32: 8 times 32 bytes, each four columns of each row in the order of
/// [`Lay::Bytes`]. For quants that are no less than 0, of which zero is not taken away.
pub(crate) fn unpack_bytes<Q: Quants, S: Scales>(blocks: &[u8], out: &mut [u8]) {
    let outs = out.chunks_exact_mut(BYTE_BLOCK + S::Wide::BYTES);
    for (block, out) in blocks.chunks_exact(Q::BYTES + S::BYTES).zip(outs) {
        let (quants, scales) = block.split_at(Q::BYTES);
        let (bytes, scales_out) = out.split_at_mut(BYTE_BLOCK);
        for (index, out) in bytes.chunks_exact_mut(64).enumerate() {
            for (bytes, out) in Q::bytes(quants, index).as_flattened().iter().zip(out.as_chunks_mut().0) {
                *out = bytes.to_bytes();
            }
        }
        put_scales::<S>(scales, scales_out);
    }
}

/// Scales of a block as f32.
fn put_scales<S: Scales>(scales: &[u8], out: &mut [u8]) {
    for (index, out) in out.chunks_exact_mut(4 * ROWS).enumerate() {
        out.copy_from_slice(bytemuck::cast_slice(&F32x4::to_array8(S::eight(scales, index))));
    }
}
