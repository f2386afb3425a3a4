//! A kernel gets runs of blocks of 8 rows by 32 columns and a tile of tokens, as `cpu::packed` and `cpu::integers` lay them out,
//! and adds 8 sums for each token of each run to what it is given. Runs are read by turns, as `cpu::integers` does and says
//! why. Sums are kept where they were given: there is no stack for those that registers do not hold.
//!
//! The dot product of relaxed SIMD takes signed bytes and bytes below 128; within these every engine agrees
//! (<https://github.com/WebAssembly/relaxed-simd/blob/main/proposals/relaxed-simd/Overview.md>). Weights of 4 and 5 bits are
//! below 32, activations are signed bytes: one, or two of a number of 16 bits. Nibbles are below 16, and
//! the sixteen products of a group that share a lane of 16 bits add up to 2 · 8 · 127 · 15 = 30,480 at most.

use core::arch::wasm32::*;

/// Blocks of a run that are read before those of the next one.
const STEP: usize = 2;
/// Fours of columns of a group.
const QUADS: usize = 8;
/// Bytes of the quants of a block.
const QUANTS: usize = 128;
/// Bytes of the quants of a block that is unpacked.
const BYTES: usize = 256;
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

/// Adds the products of a run of unpacked blocks, whose quants are bytes, with a tile of `T` tokens, `P` at a time, whose
/// activations are `D` bytes each, high ones first.
///
/// A turn of the inner loop is four columns, and its length is what nobody knows but the caller (`count`, which is 1): unrolled,
/// products are ordered by sum, and then the activations of all columns do not fit the registers.
///
/// # Safety
/// The run has `groups` blocks, `x` as many groups of `T` tokens, `sums` `8 · T` numbers.
#[inline(always)]
unsafe fn unpacked<const MINIMUM: bool, const D: usize, const T: usize, const P: usize>(
    runs: *const *const u8,
    count: usize,
    x: *const u32,
    sums: *mut f32,
    groups: usize,
    zero: i32,
) {
    for first in (0..T).step_by(P) {
        // SAFETY: so many runs, blocks, groups and sums are there; both pointers end with what they were given.
        unsafe {
            let at = sums.add(8 * first).cast::<[[v128; 2]; P]>();
            let (mut blocks, mut x, mut sums) = (*runs, x.add(first), at.read_unaligned());
            for _ in 0..groups {
                let mut products = [[[i32x4_splat(0); 2]; P]; D];
                let end = blocks.add(BYTES * count);
                while blocks != end {
                    let weights = [0, 16].map(|at| v128_load(blocks.add(at).cast()));
                    for d in 0..D {
                        for t in 0..P {
                            let x = v128_load32_splat(x.add(d * T + t));
                            for h in 0..2 {
                                products[d][t][h] = Quads::add(x, weights[h], products[d][t][h]);
                            }
                        }
                    }
                    (blocks, x) = (blocks.add(32), x.add(D * T));
                }
                for t in 0..P {
                    // Four facts of each token follow the activations; quants beside a minimum are counted from zero.
                    let [first, second] = [2, 3].map(|fact| *x.add(fact * T + t) as i32);
                    let start = if MINIMUM { 0 } else { first.wrapping_add(second).wrapping_mul(zero) };
                    let [scale, sum] = [0, 1].map(|fact| v128_load32_splat(x.add(fact * T + t)));
                    for h in 0..2 {
                        let mut whole = products[0][t][h];
                        if D == 2 {
                            whole = i32x4_add(i32x4_shl(whole, 8), products[1][t][h]);
                        }
                        let whole = f32x4_convert_i32x4(i32x4_sub(whole, i32x4_splat(start)));
                        let scales = v128_load(blocks.add(16 * h).cast());
                        sums[t][h] = f32x4_add(f32x4_mul(whole, f32x4_mul(scales, scale)), sums[t][h]);
                        if MINIMUM {
                            let minima = v128_load(blocks.add(SCALES + 16 * h).cast());
                            sums[t][h] = f32x4_add(f32x4_mul(minima, sum), sums[t][h]);
                        }
                    }
                }
                (blocks, x) = (blocks.add(if MINIMUM { 2 * SCALES } else { SCALES }), x.add(4 * T));
            }
            at.write_unaligned(sums);
        }
    }
}

macro_rules! kernels {
    ($($name:ident = $kernel:expr;)*) => { $(
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
            unsafe { $kernel(runs, count, x, sums, groups, zero) }
        }
    )* };
}

kernels! {
    pairs_scale_1 = product::<Pairs, false, 1>;
    pairs_scale_4 = product::<Pairs, false, 4>;
    pairs_minimum_1 = product::<Pairs, true, 1>;
    pairs_minimum_4 = product::<Pairs, true, 4>;
    quads_scale_1 = product::<Quads, false, 1>;
    quads_scale_4 = product::<Quads, false, 4>;
    quads_minimum_1 = product::<Quads, true, 1>;
    quads_minimum_4 = product::<Quads, true, 4>;
    quads_byte_scale_1 = unpacked::<false, 1, 1, 1>;
    quads_byte_scale_4 = unpacked::<false, 1, 4, 4>;
    quads_byte_minimum_1 = unpacked::<true, 1, 1, 1>;
    quads_byte_minimum_4 = unpacked::<true, 1, 4, 4>;
    quads_bytes_scale_1 = unpacked::<false, 2, 1, 1>;
    quads_bytes_scale_4 = unpacked::<false, 2, 4, 2>;
    quads_bytes_minimum_1 = unpacked::<true, 2, 1, 1>;
    quads_bytes_minimum_4 = unpacked::<true, 2, 4, 2>;
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
