//! Matrix products in integers. Activations are rounded to 16 bits for each [`GROUP`] of 32, weights have the quants they
//! are stored with, and a group's products are summed exactly in 32 bits; only then scales make it f32. So no step of a sum
//! depends on the machine, and the error is that of the rounding: `2^-16` of the largest activation of a group at most.
//!
//! Weights come as blocks of 8 rows by 32 columns ([`crate::packed`]), so that one stream feeds all lanes: a lane is a row,
//! and two neighbouring columns are one multiply-add of 16-bit integers, which every instruction set has.

use crate::{
    pool::Pool,
    quant::GROUP,
    simd::{F32x4, I16x8, I32x4, U8x16},
};

/// Rows of a block.
pub(crate) const ROWS: usize = 8;

/// Tokens that a block meets at once.
pub(crate) const TILE: usize = 4;

/// Pairs of columns of a group.
const PAIRS: usize = GROUP / 2;

/// Words of a group of quantized activations: pairs, then scale, sum and sum of quants.
pub(crate) const GROUP_WORDS: usize = PAIRS + 3;

/// Largest quant of activations for weights of at most 8 bits: 32 · 2^7 · 2^15 is 2^27.
pub(crate) const LIMIT: f32 = 32_767.0;

/// Largest quant of the activations that plain weights meet.
pub(crate) const PLAIN_LIMIT: f32 = 16_383.0;

/// What the absolute quants of a group of plain weights may add up to before they are rounded. Rounding adds 16 at most,
/// and 16,383 times that is just below 2^31.
pub(crate) const PLAIN_SUM: f64 = 131_060.0;

/// Numbers of a group as integers and their scale.
pub(crate) struct Quantized {
    pub(crate) quants: [i16; GROUP],
    pub(crate) scale: f32,
    /// Of the quants.
    pub(crate) sum: i32,
}

impl Quantized {
    /// Rounds to integers up to `limit`, at most 32,767. A group that has a number that is not finite gets a scale that is
    /// not finite, one below 1e-30 becomes zeros.
    #[inline(always)]
    pub(crate) fn of(numbers: &[f32; GROUP], limit: f32) -> Quantized {
        let fours = numbers.as_chunks::<4>().0;
        let (mut largest, mut strange) = (F32x4::splat(0.0), F32x4::splat(0.0));
        for four in fours {
            let x = F32x4::load(four);
            largest = largest.max(x.abs());
            // No number, if any is not finite.
            strange = strange.add(x.mul(F32x4::splat(0.0)));
        }
        let mut lanes = [0.0; 4];
        largest.store(&mut lanes);
        let largest = lanes.into_iter().fold(0.0, f32::max);
        let factor = F32x4::splat(if largest > 1e-30 { limit / largest } else { 0.0 });
        // Adding it leaves the nearest integer in the low bits.
        let round = F32x4::splat(12_582_912.0);
        let integers = |four: &[f32; 4]| F32x4::load(four).mul(factor).add(round).bits().sub(round.bits());
        let mut sums = I32x4::splat(0);
        let mut quants = [[0u8; 16]; GROUP / 8];
        for (eight, quants) in fours.as_chunks::<2>().0.iter().zip(&mut quants) {
            let [low, high] = [integers(&eight[0]), integers(&eight[1])];
            sums = sums.add(low).add(high);
            *quants = low.narrow(high).to_bytes();
        }
        Quantized {
            quants: bytemuck::cast(quants),
            scale: largest / limit + strange.sum(),
            sum: sums.to_array().into_iter().fold(0, i32::wrapping_add),
        }
    }
}

/// Words of `tokens` quantized rows.
pub(crate) fn words(tokens: usize, columns: usize) -> usize {
    tokens * columns / GROUP * GROUP_WORDS
}

/// Quantizes rows of `columns` elements: whole tiles of rows first, in each group the tokens of the tile side by side,
/// then the other rows, each as a tile of one.
pub(crate) fn quantize(x: &[f32], columns: usize, limit: f32, pool: &mut Pool, out: &mut [u32]) {
    let tiled = x.len() / columns / TILE * TILE;
    let (tiles, rest) = x.split_at(tiled * columns);
    let (tiles_out, rest_out) = out.split_at_mut(words(tiled, columns));
    let tile_words = words(TILE, columns);
    pool.rows(tiles_out, tile_words, |first, out| {
        let tiles = tiles.chunks_exact(TILE * columns).skip(first);
        for (rows, out) in tiles.zip(out.chunks_exact_mut(tile_words)) {
            for (token, row) in rows.chunks_exact(columns).enumerate() {
                quantize_row::<TILE>(row, token, limit, out);
            }
        }
    });
    for (row, out) in rest.chunks_exact(columns).zip(rest_out.chunks_exact_mut(words(1, columns))) {
        quantize_row::<1>(row, 0, limit, out);
    }
}

fn quantize_row<const T: usize>(row: &[f32], token: usize, limit: f32, out: &mut [u32]) {
    for (numbers, out) in row.as_chunks::<GROUP>().0.iter().zip(out.chunks_exact_mut(GROUP_WORDS * T)) {
        let Quantized { quants, scale, sum } = Quantized::of(numbers, limit);
        for (i, [low, high]) in quants.as_chunks::<2>().0.iter().enumerate() {
            out[i * T + token] = u32::from(*low as u16) | (u32::from(*high as u16) << 16);
        }
        out[PAIRS * T + token] = scale.to_bits();
        out[(PAIRS + 1) * T + token] = (scale * sum as f32).to_bits();
        out[(PAIRS + 2) * T + token] = sum as u32;
    }
}

/// Quants of a block: 8 rows by 32 columns, in chunks of a few pairs of columns.
pub(crate) trait Quants {
    /// Bytes of a chunk.
    const CHUNK: usize;
    /// Pairs of a chunk.
    const PAIRS: usize;
    /// Bytes of a block.
    const BYTES: usize = PAIRS / Self::PAIRS * Self::CHUNK;
    /// What stands for zero.
    const ZERO: i16 = 0;

    /// Two neighbouring columns of rows 0 to 3, and of rows 4 to 7.
    fn pair(chunk: &[u8], pair: usize) -> [I16x8; 2];
}

/// Sixteen bytes from `at` on.
#[inline(always)]
fn sixteen(bytes: &[u8], at: usize) -> [u8; 16] {
    let mut sixteen = [0; 16];
    sixteen.copy_from_slice(&bytes[at..at + 16]);
    sixteen
}

/// 4 bits, of which `ZERO` is zero: 16 bytes are 4 rows by 8 columns, a lane of 16 bits every other column of a row.
pub(crate) struct Nibbles<const ZERO: i16>;

impl<const ZERO: i16> Quants for Nibbles<ZERO> {
    const CHUNK: usize = 32;
    const PAIRS: usize = 4;
    const ZERO: i16 = ZERO;

    #[inline(always)]
    fn pair(chunk: &[u8], pair: usize) -> [I16x8; 2] {
        [0, 16].map(|at| I16x8::load(&sixteen(chunk, at)).nibble(pair))
    }
}

/// 8 bits: 16 bytes are 8 rows by 2 columns.
pub(crate) struct Bytes;

impl Quants for Bytes {
    const CHUNK: usize = 32;
    const PAIRS: usize = 2;

    #[inline(always)]
    fn pair(chunk: &[u8], pair: usize) -> [I16x8; 2] {
        U8x16::load(&sixteen(chunk, 16 * pair)).signed_to_i16()
    }
}

/// 16 bits: 16 bytes are 4 rows by 2 columns.
pub(crate) struct Shorts;

impl Quants for Shorts {
    const CHUNK: usize = 32;
    const PAIRS: usize = 1;

    #[inline(always)]
    fn pair(chunk: &[u8], _pair: usize) -> [I16x8; 2] {
        [0, 16].map(|at| I16x8::load(&sixteen(chunk, at)))
    }
}

/// What a block has besides quants, f32 for each row.
pub(crate) trait Scales {
    /// Bytes of a block.
    const BYTES: usize;
    /// The second half of the columns has scales of its own.
    const HALVES: bool = false;
    /// Minima follow the scales.
    const MINIMA: bool = false;
}

/// One scale.
pub(crate) struct One;

impl Scales for One {
    const BYTES: usize = 4 * ROWS;
}

/// One scale for each half of the columns.
pub(crate) struct Halves;

impl Scales for Halves {
    const BYTES: usize = 8 * ROWS;
    const HALVES: bool = true;
}

/// A scale and a minimum.
pub(crate) struct Minimum;

impl Scales for Minimum {
    const BYTES: usize = 8 * ROWS;
    const MINIMA: bool = true;
}

/// Eight f32 of a block's scales.
#[inline(always)]
fn eight(scales: &[u8], at: usize) -> [F32x4; 2] {
    [F32x4::load_bytes(&sixteen(scales, at)), F32x4::load_bytes(&sixteen(scales, at + 16))]
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
}

/// The products of 8 rows with a tile of `T` tokens.
pub(crate) fn product<Q: Quants, S: Scales, const T: usize>(blocks: &[u8], x: &[u32]) -> [[f32; ROWS]; T] {
    let mut out = [[F32x4::splat(0.0); 2]; T];
    for (block, x) in blocks.chunks_exact(Q::BYTES + S::BYTES).zip(x.chunks_exact(GROUP_WORDS * T)) {
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
        let zero = |t: usize| [I32x4::splat((facts[2 * T + t] as i32).wrapping_mul(-i32::from(Q::ZERO))); 2];
        let mut sums: [[I32x4; 2]; T] = std::array::from_fn(zero);
        if S::HALVES {
            let ((first, second), (x_first, x_second)) = (quants.split_at(Q::BYTES / 2), pairs.split_at(PAIRS * T / 2));
            accumulate::<Q, T>(first, x_first, &mut sums);
            flush(sums, eight(scales, 0), &mut out);
            sums = [[I32x4::splat(0); 2]; T];
            accumulate::<Q, T>(second, x_second, &mut sums);
        } else {
            accumulate::<Q, T>(quants, pairs, &mut sums);
        }
        flush(sums, eight(scales, if S::HALVES { 4 * ROWS } else { 0 }), &mut out);
        if S::MINIMA {
            let minima = eight(scales, 4 * ROWS);
            for t in 0..T {
                let sum = F32x4::splat(f32::from_bits(facts[T + t]));
                for h in 0..2 {
                    out[t][h] = minima[h].mul_add(sum, out[t][h]);
                }
            }
        }
    }
    out.map(F32x4::to_array8)
}

/// Blocks as blocks of [`Shorts`] with the same scales.
pub(crate) fn unpack<Q: Quants, S: Scales>(blocks: &[u8], out: &mut [u8]) {
    let zero = I16x8::splat(Q::ZERO);
    let outs = out.chunks_exact_mut(Shorts::BYTES + S::BYTES);
    for (block, out) in blocks.chunks_exact(Q::BYTES + S::BYTES).zip(outs) {
        let (quants, scales) = block.split_at(Q::BYTES);
        let (shorts, scales_out) = out.split_at_mut(Shorts::BYTES);
        let outs = shorts.chunks_exact_mut(Q::PAIRS * Shorts::CHUNK);
        for (chunk, out) in quants.chunks_exact(Q::CHUNK).zip(outs) {
            for pair in 0..Q::PAIRS {
                for (half, weights) in Q::pair(chunk, pair).into_iter().enumerate() {
                    let out: &mut [u8] = &mut out[32 * pair + 16 * half..][..16];
                    out.copy_from_slice(&weights.sub(zero).to_bytes());
                }
            }
        }
        scales_out.copy_from_slice(scales);
    }
}
