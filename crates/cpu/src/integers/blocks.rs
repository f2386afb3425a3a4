//! How 8 rows by 32 columns lie in a block: quants, then scales. Quants come as lanes of 16 bits that hold two neighbouring
//! columns of a row beside each other, so that one multiply-add takes both.

use std::marker::PhantomData;

use crate::{
    quant::GROUP,
    simd::{F32x4, I16x8, U8x16},
};

/// Rows of a block.
pub(crate) const ROWS: usize = 8;

/// Pairs of columns of a group.
pub(super) const PAIRS: usize = GROUP / 2;

/// Quants of a block, in chunks of a few pairs of columns.
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

    /// The last two columns of a block, where they are in no chunk.
    #[inline(always)]
    fn last(_block: &[u8]) -> Option<[I16x8; 2]> {
        None
    }

    /// Eight columns of a block as bytes: twice four, of rows 0 to 3 and of rows 4 to 7. Of quants that fit 7 bits.
    #[inline(always)]
    fn bytes(block: &[u8], index: usize) -> [[I16x8; 2]; 2] {
        let pair = |at: usize| {
            let (chunk, pair) = ((4 * index + at) / Self::PAIRS, (4 * index + at) % Self::PAIRS);
            match block.chunks_exact(Self::CHUNK).nth(chunk) {
                Some(chunk) => Self::pair(chunk, pair),
                None => Self::last(block).unwrap_or([I16x8::splat(0); 2]),
            }
        };
        [0, 1].map(|at| {
            let (even, odd) = (pair(at), pair(at + 2));
            [0, 1].map(|h| even[h].add(odd[h].shl8()))
        })
    }

    /// Writes the quants of a row.
    fn put(block: &mut [u8], row: usize, quants: &[i16; GROUP]);

    /// The quants of a row.
    fn get(block: &[u8], row: usize) -> [i16; GROUP];
}

/// Sixteen bytes from `at` on.
#[inline(always)]
pub(super) fn sixteen(bytes: &[u8], at: usize) -> [u8; 16] {
    let mut sixteen = [0; 16];
    sixteen.copy_from_slice(&bytes[at..at + 16]);
    sixteen
}

/// The byte of a row's lane in a chunk that holds 16 bytes for each half of the rows. A lane has every other column.
fn lane(row: usize, odd: usize) -> usize {
    4 * row + 2 * odd
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn put_word(bytes: &mut [u8], at: usize, word: u16) {
    bytes[at..at + 2].copy_from_slice(&word.to_le_bytes());
}

/// 4 bits, of which `ZERO` is zero: a lane has four quants.
pub(crate) struct Nibbles<const ZERO: i16>;

impl<const ZERO: i16> Quants for Nibbles<ZERO> {
    const CHUNK: usize = 32;
    const PAIRS: usize = 4;
    const ZERO: i16 = ZERO;

    #[inline(always)]
    fn pair(chunk: &[u8], pair: usize) -> [I16x8; 2] {
        [0, 16].map(|at| I16x8::load(&sixteen(chunk, at)).bits(4 * pair, 4))
    }

    #[inline(always)]
    fn bytes(block: &[u8], index: usize) -> [[I16x8; 2]; 2] {
        let both = [0, 16].map(|at| I16x8::load(&sixteen(block, index * Self::CHUNK + at)));
        [both, both.map(|lanes| lanes.shr(4))].map(|both| both.map(|lanes| lanes.and(0x0f0f)))
    }

    fn put(block: &mut [u8], row: usize, quants: &[i16; GROUP]) {
        for (chunk, quants) in block.chunks_exact_mut(Self::CHUNK).zip(quants.as_chunks::<8>().0) {
            for odd in 0..2 {
                let q = |n: usize| (quants[2 * n + odd] + ZERO) as u16;
                put_word(chunk, lane(row, odd), q(0) | (q(1) << 4) | (q(2) << 8) | (q(3) << 12));
            }
        }
    }

    fn get(block: &[u8], row: usize) -> [i16; GROUP] {
        std::array::from_fn(|column| {
            let (chunk, pair, odd) = (column / 8, column % 8 / 2, column % 2);
            let word = word(block, chunk * Self::CHUNK + lane(row, odd));
            ((word >> (4 * pair)) & 15) as i16 - ZERO
        })
    }
}

/// 5 bits, of which `ZERO` is zero: a lane has three quants, and of the last one, which has no lane, a bit.
pub(crate) struct Fives<const ZERO: i16>;

impl<const ZERO: i16> Fives<ZERO> {
    /// Lanes of a row's columns, every other of them.
    const LANES: usize = 5;
}

impl<const ZERO: i16> Quants for Fives<ZERO> {
    const CHUNK: usize = 32;
    const PAIRS: usize = 3;
    const ZERO: i16 = ZERO;

    #[inline(always)]
    fn pair(chunk: &[u8], pair: usize) -> [I16x8; 2] {
        [0, 16].map(|at| I16x8::load(&sixteen(chunk, at)).bits(5 * pair, 5))
    }

    #[inline(always)]
    fn last(block: &[u8]) -> Option<[I16x8; 2]> {
        let bit = |at: usize, lane: usize| I16x8::load(&sixteen(block, lane * Self::CHUNK + at)).bits(15, 1);
        // The first bit is that of the last lane: each step doubles what it has and adds one.
        Some([0, 16].map(|at| (1..Self::LANES).fold(bit(at, 0), |bits, lane| bits.add(bits).add(bit(at, lane)))))
    }

    fn put(block: &mut [u8], row: usize, quants: &[i16; GROUP]) {
        for odd in 0..2 {
            let q = |pair: usize| (quants[2 * pair + odd] + ZERO) as u16;
            for (i, chunk) in block.chunks_exact_mut(Self::CHUNK).enumerate() {
                let last = (q(PAIRS - 1) >> (Self::LANES - 1 - i)) & 1;
                put_word(chunk, lane(row, odd), q(3 * i) | (q(3 * i + 1) << 5) | (q(3 * i + 2) << 10) | (last << 15));
            }
        }
    }

    fn get(block: &[u8], row: usize) -> [i16; GROUP] {
        std::array::from_fn(|column| {
            let (pair, at) = (column / 2, lane(row, column % 2));
            let lanes = || block.chunks_exact(Self::CHUNK).map(|chunk| word(chunk, at));
            let quant = match lanes().nth(pair / 3) {
                Some(lane) => (lane >> (5 * (pair % 3))) & 31,
                None => lanes().fold(0, |bits, lane| 2 * bits + (lane >> 15)),
            };
            quant as i16 - ZERO
        })
    }
}

/// 8 bits: 16 bytes are 8 rows by 2 columns.
pub(crate) struct Bytes;

impl Quants for Bytes {
    const CHUNK: usize = 32;
    const PAIRS: usize = 2;

    #[inline(always)]
    fn pair(chunk: &[u8], pair: usize) -> [I16x8; 2] {
        [0, 8].map(|at| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&chunk[16 * pair + at..][..8]);
            I16x8::load_signed(&eight)
        })
    }

    fn put(block: &mut [u8], row: usize, quants: &[i16; GROUP]) {
        for (pair, quants) in quants.as_chunks::<2>().0.iter().enumerate() {
            block[16 * pair + 2 * row..][..2].copy_from_slice(&quants.map(|quant| quant as u8));
        }
    }

    fn get(block: &[u8], row: usize) -> [i16; GROUP] {
        std::array::from_fn(|column| i16::from(block[column / 2 * 16 + 2 * row + column % 2] as i8))
    }
}

/// 16 bits: a lane has one quant.
pub(crate) struct Shorts;

impl Quants for Shorts {
    const CHUNK: usize = 32;
    const PAIRS: usize = 1;

    #[inline(always)]
    fn pair(chunk: &[u8], _pair: usize) -> [I16x8; 2] {
        [0, 16].map(|at| I16x8::load(&sixteen(chunk, at)))
    }

    fn put(block: &mut [u8], row: usize, quants: &[i16; GROUP]) {
        for (chunk, quants) in block.chunks_exact_mut(Self::CHUNK).zip(quants.as_chunks::<2>().0) {
            for (odd, quant) in quants.iter().enumerate() {
                put_word(chunk, lane(row, odd), *quant as u16);
            }
        }
    }

    fn get(block: &[u8], row: usize) -> [i16; GROUP] {
        std::array::from_fn(|column| word(block, column / 2 * Self::CHUNK + lane(row, column % 2)) as i16)
    }
}

/// What a block has besides quants, a number for each row: scales, then minima. f32 where nothing else is said.
pub(crate) trait Scales {
    /// The same with f32.
    type Wide: Scales;
    /// Kinds of numbers.
    const COUNT: usize = (1 + Self::HALVES as usize) * (1 + Self::MINIMA as usize);
    /// Bytes of a number.
    const WIDTH: usize = 4;
    /// Bytes of a block.
    const BYTES: usize = Self::WIDTH * ROWS * Self::COUNT;
    /// The second half of the columns has its own.
    const HALVES: bool = false;
    /// There are minima.
    const MINIMA: bool = false;

    /// The numbers of the `index`th kind.
    #[inline(always)]
    fn eight(scales: &[u8], index: usize) -> [F32x4; 2] {
        let at = 4 * ROWS * index;
        [F32x4::load_bytes(&sixteen(scales, at)), F32x4::load_bytes(&sixteen(scales, at + 16))]
    }
}

/// One scale.
pub(crate) struct One;

impl Scales for One {
    type Wide = One;
}

/// One scale for each half of the columns.
pub(crate) struct Halves;

impl Scales for Halves {
    type Wide = Halves;
    const HALVES: bool = true;
}

/// A scale and a minimum.
pub(crate) struct Minimum;

impl Scales for Minimum {
    type Wide = Minimum;
    const MINIMA: bool = true;
}

/// A scale and a minimum for each half of the columns.
pub(crate) struct Minima;

impl Scales for Minima {
    type Wide = Minima;
    const HALVES: bool = true;
    const MINIMA: bool = true;
}

/// The same as f16, which is what files have. All are finite.
pub(crate) struct Narrow<S>(PhantomData<S>);

impl<S: Scales> Scales for Narrow<S> {
    type Wide = S;
    const WIDTH: usize = 2;
    const HALVES: bool = S::HALVES;
    const MINIMA: bool = S::MINIMA;

    #[inline(always)]
    fn eight(scales: &[u8], index: usize) -> [F32x4; 2] {
        U8x16::load(&sixteen(scales, 2 * ROWS * index)).finite_halves_to_f32()
    }
}
