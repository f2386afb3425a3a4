//! A kernel gets runs of blocks of 8 rows by 32 columns and a tile of tokens, as `cpu::packed` and `cpu::integers` lay them out,
//! and adds 8 sums for each token of each run to what it is given. Runs are read by turns, as `cpu::integers` does and says
//! why. Sums are kept where they were given: there is no stack for those that registers do not hold.
//!
//! The dot product of relaxed SIMD takes signed bytes and bytes below 128; within these every engine agrees
//! (<https://github.com/WebAssembly/relaxed-simd/blob/main/proposals/relaxed-simd/Overview.md>). Nibbles are below 16, and
//! the sixteen products of a group that share a lane of 16 bits add up to 2 · 8 · 127 · 15 = 30,480 at most.

use core::arch::wasm32::*;

/// Blocks of a run that are read before those of the next one.
const STEP: usize = 2;
/// Fours of columns of a group.
const QUADS: usize = 8;
/// Bytes of the quants of a block.
const QUANTS: usize = 128;
/// Bytes of 8 scales.
const SCALES: usize = 32;

/// How products of bytes are added up.
trait Add {
    /// Four columns of four rows with those of a token.
    fn add(x: v128, weights: v128, sum: v128) -> v128;
    /// The sums of the rows.
    fn rows(sum: v128) -> v128;
}

/// In 16 bits, widened once a group: `pmaddubsw` of x86.
struct Pairs;

impl Add for Pairs {
    #[inline(always)]
    fn add(x: v128, weights: v128, sum: v128) -> v128 {
        i16x8_add(sum, i16x8_relaxed_dot_i8x16_i7x16(x, weights))
    }

    #[inline(always)]
    fn rows(sum: v128) -> v128 {
        i32x4_dot_i16x8(sum, i16x8_splat(1))
    }
}

/// In 32 bits: one instruction of ARM and of AVX-VNNI.
struct Quads;

impl Add for Quads {
    #[inline(always)]
    fn add(x: v128, weights: v128, sum: v128) -> v128 {
        i32x4_relaxed_dot_i8x16_i7x16_add(x, weights, sum)
    }

    #[inline(always)]
    fn rows(sum: v128) -> v128 {
        sum
    }
}

/// # Safety
/// Each of the `count` runs has `groups` blocks, `x` as many groups of `T` tokens, `sums` `8 · T` numbers for each run.
#[inline(always)]
unsafe fn product<A: Add, const MINIMUM: bool, const T: usize>(
    runs: *const *const u8,
    count: usize,
    x: *const u32,
    sums: *mut f32,
    groups: usize,
    zero: i32,
) {
    let bytes = QUANTS + if MINIMUM { 2 * SCALES } else { SCALES };
    for first in (0..groups).step_by(STEP) {
        for run in 0..count {
            // SAFETY: so many runs, blocks, groups and sums are there.
            unsafe {
                let (blocks, at) = (*runs.add(run), sums.add(8 * T * run).cast::<[[v128; 2]; T]>());
                let mut sums = at.read_unaligned();
                for group in first..groups.min(first + STEP) {
                    let x = x.add(group * (QUADS + 4) * T);
                    add_block::<A, MINIMUM, T>(blocks.add(group * bytes), x, &mut sums, zero);
                }
                at.write_unaligned(sums);
            }
        }
    }
}

/// Adds the products of a block with a group of each token.
///
/// # Safety
/// Both are whole.
#[inline(always)]
unsafe fn add_block<A: Add, const MINIMUM: bool, const T: usize>(
    block: *const u8,
    x: *const u32,
    sums: &mut [[v128; 2]; T],
    zero: i32,
) {
    let low = u8x16_splat(15);
    let mut products = [[i32x4_splat(0); 2]; T];
    for chunk in 0..QUADS / 2 {
        for high in 0..2 {
            // SAFETY: inside the block.
            let both = [0, 16].map(|at| unsafe { v128_load(block.add(32 * chunk + at).cast()) });
            let nibbles = both.map(|both| v128_and(if high == 0 { both } else { u16x8_shr(both, 4) }, low));
            for t in 0..T {
                // SAFETY: inside the group.
                let x = unsafe { v128_load32_splat(x.add((2 * chunk + high) * T + t)) };
                for h in 0..2 {
                    products[t][h] = A::add(x, nibbles[h], products[t][h]);
                }
            }
        }
    }
    for t in 0..T {
        // SAFETY: four facts of each token follow the quads.
        let [scale, sum, first, second] = [0, 1, 2, 3].map(|fact| unsafe { x.add((QUADS + fact) * T + t) });
        // SAFETY: as above. Quants beside a minimum are counted from zero.
        let start =
            unsafe { if MINIMUM { 0 } else { (*first as i32).wrapping_add(*second as i32).wrapping_mul(zero) } };
        for h in 0..2 {
            // SAFETY: scales, and minima where there are any, follow the quants.
            let (scales, minima) = unsafe {
                let at = block.add(QUANTS + 16 * h);
                (v128_load(at.cast()), if MINIMUM { v128_load(at.add(SCALES).cast()) } else { low })
            };
            let whole = f32x4_convert_i32x4(i32x4_sub(A::rows(products[t][h]), i32x4_splat(start)));
            // SAFETY: facts of this token.
            let (scale, sum) = unsafe { (v128_load32_splat(scale), v128_load32_splat(sum)) };
            // Rounded as often as the kernel of the runtime rounds.
            sums[t][h] = f32x4_add(f32x4_mul(whole, f32x4_mul(scales, scale)), sums[t][h]);
            if MINIMUM {
                sums[t][h] = f32x4_add(f32x4_mul(minima, sum), sums[t][h]);
            }
        }
    }
}

macro_rules! kernels {
    ($($name:ident = $add:ident, $minimum:literal, $tokens:literal;)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(
            runs: *const *const u8,
            count: usize,
            x: *const u32,
            sums: *mut f32,
            groups: usize,
            zero: i32,
        ) {
            // SAFETY: the caller's.
            unsafe { product::<$add, $minimum, $tokens>(runs, count, x, sums, groups, zero) }
        }
    )* };
}

kernels! {
    pairs_scale_1 = Pairs, false, 1;
    pairs_scale_4 = Pairs, false, 4;
    pairs_minimum_1 = Pairs, true, 1;
    pairs_minimum_4 = Pairs, true, 4;
    quads_scale_1 = Quads, false, 1;
    quads_scale_4 = Quads, false, 4;
    quads_minimum_1 = Quads, true, 1;
    quads_minimum_4 = Quads, true, 4;
}

/// Whether sums in 16 bits are the quick ones. Bytes of 128 and more tell what an engine makes of the dot product: `pmaddubsw`
/// takes them as unsigned and saturates at 16 bits; AVX-VNNI does not saturate, and ARM takes them as signed. `ones` has to be
/// -1: the compiler must not know, or it would answer itself.
#[unsafe(no_mangle)]
extern "C" fn is_pairs(ones: i32) -> bool {
    let ones = i32x4_splat(ones);
    let dot = i32x4_relaxed_dot_i8x16_i7x16_add(u8x16_shr(ones, 1), ones, i32x4_splat(0));
    i32x4_extract_lane::<0>(dot) == 2 * 32_767
}
