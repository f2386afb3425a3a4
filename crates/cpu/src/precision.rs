//! How finely activations are rounded where they meet weights of 4 bits, and the kernels of the crate `relaxed`.

use crate::integers::ROWS;

/// How finely activations are rounded, and by which kernels products are computed where there are others than ours. Results
/// differ between the two, and not between machines, nor by the kernels.
#[derive(Clone, Copy, Debug)]
pub enum Precision {
    /// To 14 to 16 bits for each 32 of them: what f32 would give, but for the last bits.
    Exact(Option<Relaxed>),
    /// To 8 bits for each 32 of them where the weights have a block scale and at most 4 bits (Q4_0, Q4_1, Q4_K), as
    /// llama.cpp does; as before elsewhere. With kernels for it that is quicker.
    Quick(Option<Relaxed>),
}

impl Default for Precision {
    fn default() -> Self {
        Precision::Exact(None)
    }
}

impl Precision {
    /// The word for it in facts and options.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Precision::Exact(Some(Relaxed { unpacked: Some(_), .. })) => "exact, by relaxed SIMD",
            Precision::Exact(_) => "exact",
            Precision::Quick(None) => "quick",
            Precision::Quick(Some(_)) => "quick, by relaxed SIMD",
        }
    }

    /// The kernels.
    pub(crate) fn relaxed(self) -> Option<Relaxed> {
        match self {
            Precision::Exact(relaxed) | Precision::Quick(relaxed) => relaxed,
        }
    }
}

/// A kernel of the crate `relaxed`: where runs of blocks of 8 rows are and how many, activations, what to add to (for each run
/// 8 sums for each token of the tile), how many blocks a run has, and the quant that is zero.
pub type Product = unsafe extern "C" fn(
    runs: *const *const u8,
    count: usize,
    activations: *const u32,
    sums: *mut f32,
    groups: usize,
    zero: i32,
);

/// Kernels for one token and for a tile of four: of blocks with a scale a row, and of those with a minimum too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Products {
    pub(crate) scale: [Product; 2],
    pub(crate) minimum: [Product; 2],
}

/// Kernels of the crate `relaxed`.
#[derive(Clone, Copy, Debug)]
pub struct Relaxed {
    /// Of blocks in nibbles, with activations of a byte.
    pub(crate) nibbles: Products,
    /// Of unpacked blocks, with activations of one byte and of two, where that is quicker.
    pub(crate) unpacked: Option<[Products; 2]>,
}

impl Relaxed {
    /// From where a kernel is by its name (`scale_1`, `scale_4`, `minimum_1`, `minimum_4`, and the same after `byte_` and
    /// `bytes_`); `None` if one of the first four is missing.
    ///
    /// # Safety
    /// Each must be the kernel of that name of this version of the crate `relaxed`, over this memory.
    pub unsafe fn new(mut find: impl FnMut(&str) -> Option<Product>) -> Option<Relaxed> {
        let mut products = |prefix: &str| {
            let mut find = |name: &str| find(&format!("{prefix}{name}"));
            Some(Products {
                scale: [find("scale_1")?, find("scale_4")?],
                minimum: [find("minimum_1")?, find("minimum_4")?],
            })
        };
        let nibbles = products("")?;
        let unpacked = products("byte_").and_then(|byte| Some([byte, products("bytes_")?]));
        Some(Relaxed { nibbles, unpacked })
    }
}

/// The products of runs, all equally long and then none, with a tile of `T` tokens, by a kernel of blocks of `block_bytes`
/// bytes whose quants have a zero.
#[inline(always)]
pub(crate) fn call<const R: usize, const T: usize>(
    kernel: Product,
    runs: [&[u8]; R],
    block_bytes: usize,
    x: &[u32],
    group_words: usize,
    zero: u8,
) -> [[[f32; ROWS]; T]; R] {
    let groups = (runs[0].len() / block_bytes).min(x.len() / (group_words * T));
    let count = runs.iter().take_while(|run| run.len() >= groups * block_bytes).count();
    let mut sums = [[[0.0; ROWS]; T]; R];
    let runs = runs.map(<[u8]>::as_ptr);
    // SAFETY: who made the kernels vouches for them; so many runs, blocks, groups and sums are there.
    unsafe { kernel(runs.as_ptr(), count, x.as_ptr(), sums.as_mut_ptr().cast(), groups, i32::from(zero)) };
    sums
}
