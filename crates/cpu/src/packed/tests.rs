//! What packing keeps, and what the kernels make of it.

use candle_core::{
    Device, Tensor,
    quantized::{GgmlDType, QTensor},
};

use super::*;
use crate::{
    integers::quantize,
    pool::Pool,
    precision::{Relaxed, call},
    quant,
};

const COLUMNS: usize = 512;
const MATRIX_ROWS: usize = 11;

/// Numbers of about one size, with an outlier here and there.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..len).map(|i| (next() + next()) * if i % 97 == 0 { 8.0 } else { 1.0 }).collect()
}

/// A matrix as candle-core quantizes it.
fn stored(dtype: DType) -> Vec<u8> {
    let numbers = numbers(MATRIX_ROWS * COLUMNS, 1);
    let ggml = match dtype {
        DType::F32 => GgmlDType::F32,
        DType::F16 => GgmlDType::F16,
        DType::BF16 => GgmlDType::BF16,
        DType::Q4_0 => GgmlDType::Q4_0,
        DType::Q4_1 => GgmlDType::Q4_1,
        DType::Q5_0 => GgmlDType::Q5_0,
        DType::Q5_1 => GgmlDType::Q5_1,
        DType::Q8_0 => GgmlDType::Q8_0,
        DType::Q2K => GgmlDType::Q2K,
        DType::Q3K => GgmlDType::Q3K,
        DType::Q4K => GgmlDType::Q4K,
        DType::Q5K => GgmlDType::Q5K,
        DType::Q6K => GgmlDType::Q6K,
        DType::U32 => unreachable!("no weight"),
    };
    let tensor = Tensor::from_vec(numbers, (MATRIX_ROWS, COLUMNS), &Device::Cpu).unwrap();
    QTensor::quantize(&tensor, ggml).unwrap().data().unwrap().into_owned()
}

fn packed(dtype: DType, bytes: &[u8]) -> Buffer {
    let ty = TensorType::new(dtype, [MATRIX_ROWS, COLUMNS]);
    let mut words = claim(capacity(&ty, bytes.len()).div_ceil(4), "a test").unwrap();
    bytemuck::cast_slice_mut::<u32, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
    let mut buffer = Buffer { ty, words, bytes: bytes.len(), packed: None };
    pack_buffer(&mut buffer).unwrap();
    buffer
}

fn packable() -> impl Iterator<Item = DType> {
    DType::WEIGHTS.into_iter().filter(|dtype| Layout::of(*dtype).is_some())
}

#[test]
fn packing_loses_nothing_of_block_formats() {
    for dtype in packable() {
        let bytes = stored(dtype);
        let mut want = vec![0.0; MATRIX_ROWS * COLUMNS];
        quant::dequantize(dtype).unwrap()(&bytes, &mut want);
        let buffer = packed(dtype, &bytes);
        let layout = buffer.packed.unwrap();
        let mut got = vec![0.0; MATRIX_ROWS * COLUMNS];
        for (row, out) in got.chunks_exact_mut(COLUMNS).enumerate() {
            layout.row(bytemuck::cast_slice(&buffer.words), row, out);
        }
        for (i, (want, got)) in want.iter().zip(&got).enumerate() {
            let same = if layout.quants == Bits::Sixteen {
                (want - got).abs() <= 1e-3
            } else {
                want.to_bits() == got.to_bits()
            };
            assert!(same, "{dtype}, element {i}: {want} and {got}");
        }
    }
}

/// The sums are exact, so all ways through the kernels give the same bits.
#[test]
fn kernels_agree_with_each_other_and_with_f64() {
    const TOKENS: usize = TILE + 1;
    for dtype in packable() {
        let buffer = packed(dtype, &stored(dtype));
        let layout = buffer.packed.unwrap();
        let form = layout.form(Precision::default(), true);
        let kernels = layout.kernels();
        let weights: &[u8] = bytemuck::cast_slice(&buffer.words);
        let x = numbers(TOKENS * COLUMNS, 2);
        let quantized = |x: &[f32]| {
            let mut out = vec![0; form.words(x.len() / COLUMNS, COLUMNS)];
            quantize(x, COLUMNS, form, &mut Pool::new(1).0, &mut out);
            out
        };
        let all = quantized(&x);
        let (tile, rest) = all.split_at(form.words(TILE, COLUMNS));
        for (index, run) in weights.chunks_exact(COLUMNS / GROUP * layout.block_bytes()).enumerate() {
            let mut unpacked = vec![0; COLUMNS / GROUP * layout.unpacked_bytes()];
            (kernels.unpack)(run, &mut unpacked);
            let [mut products] = (kernels.tile)([&unpacked], tile).map(Vec::from);
            products.extend((kernels.rest)([&unpacked], rest).concat());
            for (x, products) in x.chunks_exact(COLUMNS).zip(products) {
                for [alone] in (kernels.vector)([run; STREAMS], &quantized(x)) {
                    assert_eq!(alone.map(f32::to_bits), products.map(f32::to_bits), "{dtype}");
                }
                for (row, product) in (index * ROWS..MATRIX_ROWS).zip(products) {
                    let mut weights_row = vec![0.0; COLUMNS];
                    layout.row(weights, row, &mut weights_row);
                    let terms = || x.iter().zip(&weights_row).map(|(x, w)| f64::from(*x) * f64::from(*w));
                    let (want, size) = (terms().sum::<f64>(), terms().map(|t| t * t).sum::<f64>().sqrt());
                    let error = (f64::from(product) - want).abs() / size;
                    assert!(error < 1e-3, "{dtype}, row {row}: {product} and {want}");
                }
            }
        }
    }
}

/// What crates/relaxed computes, a number at a time.
unsafe extern "C" fn plainly<const MINIMUM: bool, const T: usize>(
    runs: *const *const u8,
    count: usize,
    x: *const u32,
    sums: *mut f32,
    groups: usize,
    zero: i32,
) {
    let (block_bytes, group_words) = (if MINIMUM { 192 } else { 160 }, 12 * T);
    for (run, t, row) in (0..count * T * ROWS).map(|i| (i / (T * ROWS), i / ROWS % T, i % ROWS)) {
        // SAFETY: room for 8 sums of each token of each run.
        let out = unsafe { &mut *sums.add(ROWS * (T * run + t) + row) };
        for group in 0..groups {
            // SAFETY: the caller has so many runs, blocks and groups.
            let (block, x) = unsafe {
                let block = std::slice::from_raw_parts((*runs.add(run)).add(group * block_bytes), block_bytes);
                (block, std::slice::from_raw_parts(x.add(group * group_words), group_words))
            };
            let mut product = 0;
            for (chunk, high, byte) in (0..32).map(|i| (i / 8, i / 4 % 2, i % 4)) {
                let weight = (block[32 * chunk + 4 * row + byte] >> (4 * high)) & 15;
                let x = x[(2 * chunk + high) * T + t].to_le_bytes()[byte] as i8;
                product += i32::from(weight) * i32::from(x);
            }
            let [scale, sum, first, second] = [0, 1, 2, 3].map(|fact| x[(8 + fact) * T + t]);
            let real = |at: usize| f32::from_le_bytes(block[128 + 4 * at..][..4].try_into().unwrap());
            let product = product - zero * (first as i32 + second as i32);
            *out += product as f32 * (real(row) * f32::from_bits(scale));
            if MINIMUM {
                *out += real(ROWS + row) * f32::from_bits(sum);
            }
        }
    }
}

/// The same of unpacked blocks, with activations of `D` bytes.
unsafe extern "C" fn plainly_unpacked<const MINIMUM: bool, const D: usize, const T: usize>(
    runs: *const *const u8,
    count: usize,
    x: *const u32,
    sums: *mut f32,
    groups: usize,
    zero: i32,
) {
    assert_eq!(count, 1);
    let (block_bytes, group_words) = (if MINIMUM { 320 } else { 288 }, (8 * D + 4) * T);
    for (t, row) in (0..T * ROWS).map(|i| (i / ROWS, i % ROWS)) {
        // SAFETY: room for 8 sums of each token.
        let out = unsafe { &mut *sums.add(ROWS * t + row) };
        for group in 0..groups {
            // SAFETY: the caller has so many blocks and groups.
            let (block, x) = unsafe {
                let block = std::slice::from_raw_parts((*runs).add(group * block_bytes), block_bytes);
                (block, std::slice::from_raw_parts(x.add(group * group_words), group_words))
            };
            let mut product = 0;
            for (four, byte) in (0..32).map(|i| (i / 4, i % 4)) {
                let weight = block[32 * four + 4 * row + byte];
                assert!(weight < 128);
                let digit = |d: usize| i32::from(x[(four * D + d) * T + t].to_le_bytes()[byte] as i8);
                product += i32::from(weight) * (0..D).fold(0, |x, d| 256 * x + digit(d));
            }
            let [scale, sum, first, second] = [0, 1, 2, 3].map(|fact| x[(8 * D + fact) * T + t]);
            let real = |at: usize| f32::from_le_bytes(block[256 + 4 * at..][..4].try_into().unwrap());
            let product = product - zero * (first as i32 + second as i32);
            *out += product as f32 * (real(row) * f32::from_bits(scale));
            if MINIMUM {
                *out += real(ROWS + row) * f32::from_bits(sum);
            }
        }
    }
}

/// All of them; without those of unpacked blocks, as where they are not quicker.
fn relaxed(has_unpacked: bool) -> Option<Relaxed> {
    // SAFETY: each has the name that it is asked for by.
    unsafe {
        Relaxed::new(|name| {
            Some(match name {
                "scale_1" => plainly::<false, 1>,
                "scale_4" => plainly::<false, TILE>,
                "minimum_1" => plainly::<true, 1>,
                "minimum_4" => plainly::<true, TILE>,
                _ if !has_unpacked => return None,
                "byte_scale_1" => plainly_unpacked::<false, 1, 1>,
                "byte_scale_4" => plainly_unpacked::<false, 1, TILE>,
                "byte_minimum_1" => plainly_unpacked::<true, 1, 1>,
                "byte_minimum_4" => plainly_unpacked::<true, 1, TILE>,
                "bytes_scale_1" => plainly_unpacked::<false, 2, 1>,
                "bytes_scale_4" => plainly_unpacked::<false, 2, TILE>,
                "bytes_minimum_1" => plainly_unpacked::<true, 2, 1>,
                "bytes_minimum_4" => plainly_unpacked::<true, 2, TILE>,
                _ => return None,
            })
        })
    }
}

fn quantized(layout: Layout, precision: Precision, is_few: bool, x: &[f32]) -> (Vec<u32>, usize) {
    let form = layout.form(precision, is_few);
    let mut out = vec![0; form.words(x.len() / COLUMNS, COLUMNS)];
    quantize(x, COLUMNS, form, &mut Pool::new(1).0, &mut out);
    (out, form.group_words())
}

fn bits(products: &[[f32; ROWS]]) -> Vec<u32> {
    products.concat().iter().map(|x| x.to_bits()).collect()
}

#[test]
fn kernels_of_nibbles_give_the_bits_of_ours() {
    let quick = Precision::Quick(relaxed(false));
    let mut seen = 0;
    for dtype in packable() {
        let buffer = packed(dtype, &stored(dtype));
        let layout = buffer.packed.unwrap();
        let Some(By { kernels: [one, tile], unpacks: false, .. }) = layout.relaxed(quick, true) else {
            assert_eq!(layout.form(quick, true), layout.form(Precision::default(), true), "{dtype}");
            continue;
        };
        assert_eq!(layout.form(quick, true), layout.form(quick, false), "{dtype}");
        seen += 1;
        let x = numbers(TILE * COLUMNS, 2);
        let (weights, bytes) = (bytemuck::cast_slice::<_, u8>(&buffer.words), layout.block_bytes());
        // Two runs, and of the last streams none.
        let mut runs: [&[u8]; STREAMS] = [&[]; STREAMS];
        for (run, blocks) in runs.iter_mut().zip(weights.chunks_exact(COLUMNS / GROUP * bytes)) {
            *run = blocks;
        }
        let with = |x: &[f32]| quantized(layout, quick, true, x);
        let without = |x: &[f32]| quantized(layout, Precision::Quick(None), true, x).0;
        let (of_tile, words) = with(&x);
        let products: [[_; TILE]; STREAMS] = call(tile, runs, bytes, &of_tile, words, layout.zero());
        let want = (layout.kernels().few)(runs, &without(&x));
        assert_eq!(bits(&products.concat()), bits(&want.concat()), "{dtype}");
        assert_ne!(bits(&want[0]), bits(&want[1]), "{dtype}");
        assert_eq!(want[STREAMS - 1], [[0.0; ROWS]; TILE], "{dtype}");
        let x = &x[..COLUMNS];
        let products: [[_; 1]; STREAMS] = call(one, runs, bytes, &with(x).0, words, layout.zero());
        assert_eq!(bits(&products.concat()), bits(&(layout.kernels().vector)(runs, &without(x)).concat()), "{dtype}");
    }
    assert_eq!(seen, 3, "Q4_0, Q4_1 and Q4_K");
}

#[test]
fn kernels_of_bytes_give_the_bits_of_ours() {
    for digits in [1, 2] {
        let precision = if digits == 1 { Precision::Quick } else { Precision::Exact };
        let mut seen = 0;
        for dtype in packable() {
            let buffer = packed(dtype, &stored(dtype));
            let layout = buffer.packed.unwrap();
            let (with, without) = (precision(relaxed(true)), precision(None));
            assert!(relaxed(false).unwrap().unpacked.is_none());
            let Some(By { digits: found, unpacks, kernels: [one, tile] }) = layout.relaxed(with, false) else {
                assert_eq!(layout.form(with, false), layout.form(without, false), "{dtype}");
                continue;
            };
            let is_four = matches!(layout.quants, Bits::Four { .. });
            assert_eq!((found, unpacks), (if is_four { digits } else { 2 }, true), "{dtype}");
            seen += 1;
            let kernels = layout.kernels();
            // The largest and the smallest that there is.
            let mut x = numbers(TILE * COLUMNS, 2);
            (x[0], x[GROUP]) = (1e3, -1e3);
            for run in bytemuck::cast_slice::<_, u8>(&buffer.words).chunks_exact(COLUMNS / GROUP * layout.block_bytes())
            {
                let mut shorts = vec![0; COLUMNS / GROUP * layout.unpacked_bytes()];
                (kernels.unpack)(run, &mut shorts);
                let mut bytes = vec![0; COLUMNS / GROUP * layout.byte_block()];
                (kernels.unpack_bytes)(run, &mut bytes);
                let (of_tile, words) = quantized(layout, with, false, &x);
                let [products]: [[_; TILE]; 1] =
                    call(tile, [&bytes], layout.byte_block(), &of_tile, words, layout.zero());
                let [want] = (kernels.tile)([&shorts], &quantized(layout, without, false, &x).0);
                assert_eq!(bits(&products), bits(&want), "{dtype}");
                let x = &x[..COLUMNS];
                let of_one = quantized(layout, with, false, x).0;
                let [products]: [[_; 1]; 1] = call(one, [&bytes], layout.byte_block(), &of_one, words, layout.zero());
                let [want] = (kernels.rest)([&shorts], &quantized(layout, without, false, x).0);
                assert_eq!(bits(&products), bits(&want), "{dtype}");
            }
        }
        assert_eq!(seen, 6, "Q4_0, Q4_1, Q4_K, Q5_0, Q5_1 and Q5_K");
    }
}

/// Weights and activations that all have one sign, and groups in which many weights are large: a sum that wrapped would be
/// far off.
#[test]
fn the_largest_sums_of_plain_weights_fit() {
    for most in [1.0, 0.5, 0.1, 0.0] {
        let number = |i: usize| -> f32 { if i.is_multiple_of(GROUP) { 1.0 } else { most } };
        let bytes: Vec<u8> = (0..MATRIX_ROWS * COLUMNS).flat_map(|i| number(i).to_le_bytes()).collect();
        let buffer = packed(DType::F32, &bytes);
        let layout = buffer.packed.unwrap();
        let form = layout.form(Precision::default(), true);
        let mut x = vec![0; form.words(1, COLUMNS)];
        quantize(&[1.0; COLUMNS], COLUMNS, form, &mut Pool::new(1).0, &mut x);
        let [[products], ..] = (layout.kernels().vector)([bytemuck::cast_slice(&buffer.words); STREAMS], &x);
        let want: f32 = (0..COLUMNS).map(number).sum();
        assert!(products.iter().all(|product| (product / want - 1.0).abs() < 1e-3), "{most}: {products:?}, not {want}");
    }
}

#[test]
fn what_is_not_finite_stays_so() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for dtype in [DType::F32, DType::Q4_1] {
            let buffer = packed(dtype, &stored(dtype));
            let layout = buffer.packed.unwrap();
            let form = layout.form(Precision::default(), true);
            let mut x = numbers(COLUMNS, 3);
            x[77] = bad;
            let mut out = vec![0; form.words(1, COLUMNS)];
            quantize(&x, COLUMNS, form, &mut Pool::new(1).0, &mut out);
            let [[products], ..] = (layout.kernels().vector)([bytemuck::cast_slice(&buffer.words); STREAMS], &out);
            assert!(products.iter().all(|product| !product.is_finite()), "{dtype}, {bad}: {products:?}");
        }
    }
}

#[test]
fn scales_that_are_no_numbers_are_not_packed() {
    for dtype in packable().filter(|dtype| Layout::of(*dtype).unwrap().is_narrow) {
        let good = stored(dtype);
        assert!(packed(dtype, &good).packed.is_some(), "{dtype}");
        for bad in [f16::NAN, f16::INFINITY, f16::NEG_INFINITY] {
            let mut bytes = good.clone();
            let last = bytes.len() - dtype.block_bytes();
            bytes[last..last + 2].copy_from_slice(&bad.to_le_bytes());
            let buffer = packed(dtype, &bytes);
            assert_eq!(
                (buffer.packed, &bytemuck::cast_slice(&buffer.words)[..bytes.len()]),
                (None, &*bytes),
                "{dtype}"
            );
        }
    }
}
