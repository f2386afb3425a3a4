//! Four f32 lanes, sixteen byte lanes, and integers between them: Wasm `simd128`, SSE2, or plain arrays that LLVM may vectorise.
//! The three modules have the same face and give the same numbers, but for `mul_add`, which is fused only where relaxed
//! SIMD is enabled and the hardware fuses.

#[cfg(any(test, not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))))]
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm32;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
pub(crate) use portable::{F32x4, I16x8, I32x4, NAME, U8x16};
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use wasm32::{F32x4, I16x8, I32x4, NAME, U8x16};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::{F32x4, I16x8, I32x4, NAME, U8x16};

/// `Σ a · b`.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let mut sums = [F32x4::splat(0.0); 2];
    for (a, b) in a8.iter().zip(b8) {
        let (a, b) = (F32x4::load8(a), F32x4::load8(b));
        sums[0] = a[0].mul_add(b[0], sums[0]);
        sums[1] = a[1].mul_add(b[1], sums[1]);
    }
    let tail: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums[0].add(sums[1]).sum() + tail
}

/// `Σ a`, in lanes, which rounds less than one running sum.
pub(crate) fn sum(a: &[f32]) -> f32 {
    let (a8, rest) = a.as_chunks::<8>();
    let mut sums = [F32x4::splat(0.0); 2];
    for a in a8 {
        let a = F32x4::load8(a);
        sums = [sums[0].add(a[0]), sums[1].add(a[1])];
    }
    sums[0].add(sums[1]).sum() + rest.iter().sum::<f32>()
}

impl I16x8 {
    /// `count` bits of each lane from bit `first` on.
    #[inline(always)]
    pub(crate) fn bits(self, first: usize, count: usize) -> I16x8 {
        let shifted = if first == 0 { self } else { self.shr(first) };
        if first + count == 16 { shifted } else { shifted.and((1 << count) - 1) }
    }

    /// Sixteen numbers that fit a byte, in each eight every other of four that are neighbours: 0, 4, 1, 5, 2, 6, 3, 7.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    pub(crate) fn quads(self, high: I16x8) -> [u8; 16] {
        let numbers: [[i16; 8]; 2] = bytemuck::cast([self.to_bytes(), high.to_bytes()]);
        std::array::from_fn(|i| numbers[i / 8][i % 8 / 2 + i % 2 * 4] as u8)
    }
}

impl F32x4 {
    /// The largest lane; none may be no number.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    pub(crate) fn largest(self) -> f32 {
        let mut lanes = [0.0; 4];
        self.store(&mut lanes);
        lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }

    /// Eight numbers as two vectors.
    #[inline(always)]
    pub(crate) fn load8(from: &[f32; 8]) -> [F32x4; 2] {
        let (four, _) = from.as_chunks::<4>();
        [F32x4::load(&four[0]), F32x4::load(&four[1])]
    }

    /// Four little-endian numbers.
    #[inline(always)]
    pub(crate) fn load_bytes(from: &[u8; 16]) -> F32x4 {
        let words: [u32; 4] = bytemuck::cast(*from);
        F32x4::load(&words.map(|word| f32::from_bits(u32::from_le(word))))
    }

    /// Two vectors as eight numbers.
    #[inline(always)]
    pub(crate) fn to_array8(lanes: [F32x4; 2]) -> [f32; 8] {
        let mut out = [0.0; 8];
        for (lanes, out) in lanes.into_iter().zip(out.as_chunks_mut::<4>().0) {
            lanes.store(out);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::portable;

    #[test]
    fn lanes_agree_with_plain_arithmetic() {
        let a = [1.5f32, -2.25, 1e-3, 7.0];
        let b = [0.5f32, 3.0, -4.0, 1e3];
        let c = [10.0f32, 20.0, 30.0, 40.0];
        let mut got = [0.0; 4];
        let mut want = [0.0; 4];
        macro_rules! both {
            ($f:expr) => {{
                use super::F32x4;
                let f: fn(F32x4, F32x4, F32x4) -> F32x4 = $f;
                f(F32x4::load(&a), F32x4::load(&b), F32x4::load(&c)).store(&mut got);
            }
            {
                use portable::F32x4;
                let f: fn(F32x4, F32x4, F32x4) -> F32x4 = $f;
                f(F32x4::load(&a), F32x4::load(&b), F32x4::load(&c)).store(&mut want);
            }
            assert_eq!(got, want);};
        }
        both!(|a, b, _| a.add(b));
        both!(|a, b, _| a.mul(b));
        both!(|a, b, c| a.mul_add(b, c));
        both!(|a, _, _| F32x4::splat(a.sum()));
        both!(|a, b, _| a.sub(b));
        both!(|a, b, _| a.div(b));
        both!(|a, b, _| a.max(b));
        both!(|a, b, _| a.min(b));
        both!(|a, _, _| a.abs());
        both!(|a, b, c| a.if_less(b, c, a));
        both!(|a, b, _| a.mul(b).bits().sub(b.bits()).half().to_f32());
        both!(|a, _, _| a
            .mul(F32x4::splat(1.5))
            .add(F32x4::splat(12_582_912.0))
            .bits()
            .sub(F32x4::splat(12_582_912.0).bits())
            .exp2());
    }

    #[test]
    fn bytes_widen_like_casts() {
        let bytes: [u8; 16] = std::array::from_fn(|i| (i * 17 + 3) as u8);
        let floats = |lanes: [super::F32x4; 4]| {
            let mut out = [0.0f32; 16];
            for (lane, out) in lanes.into_iter().zip(out.as_chunks_mut::<4>().0) {
                lane.store(out);
            }
            out
        };
        let v = super::U8x16::load(&bytes);
        assert_eq!(floats(v.to_f32()), bytes.map(f32::from));
        assert_eq!(floats(v.signed_to_f32()), bytes.map(|b| f32::from(b as i8)));
        assert_eq!(floats(v.low_nibbles().to_f32()), bytes.map(|b| f32::from(b & 15)));
        assert_eq!(floats(v.high_nibbles().to_f32()), bytes.map(|b| f32::from(b >> 4)));
        assert_eq!(floats(v.and(0x0c).shl2().to_f32()), bytes.map(|b| f32::from((b & 12) << 2)));
        assert_eq!(floats(v.and(0x03).shl4().to_f32()), bytes.map(|b| f32::from((b & 3) << 4)));
        assert_eq!(floats(v.and(0xc0).shr2().to_f32()), bytes.map(|b| f32::from((b & 192) >> 2)));
        assert_eq!(floats(v.low_nibbles().or(v.and(0x30)).to_f32()), bytes.map(|b| f32::from(b & 0x3f)));
        assert_eq!(floats(v.low_nibbles().sub(8).signed_to_f32()), bytes.map(|b| f32::from(b & 15) - 8.0));
    }

    #[test]
    fn integers_agree_with_plain_arithmetic() {
        let bytes: [u8; 16] = std::array::from_fn(|i| (i * 37 + 11) as u8);
        macro_rules! everything {
            ($module:path) => {{
                use $module::{I16x8, I32x4};
                let (v, pair) = (I16x8::load(&bytes), I16x8::splat_pair(0x8001_7ffe));
                let [low, high] = bytes.as_chunks().0 else { unreachable!("sixteen bytes") };
                let [low, high] = [low, high].map(I16x8::load_signed);
                let vectors = [v, pair, low, high, v.sub(low), v.add(v), I16x8::splat(-3), v.shl8()];
                let shifted = [0, 4, 8, 12].map(|bits| v.shr(bits));
                let masked = [v.and(0x3c), v.shr(10).and(0x3c)];
                let mut bits = Vec::new();
                for vector in vectors.into_iter().chain(shifted).chain(masked) {
                    bits.push(vector.to_bytes());
                    let dot = vector.dot(pair).add(vector.dot(v)).add(I32x4::splat(-70_000));
                    let mut floats = [0.0f32; 4];
                    dot.to_f32().store(&mut floats);
                    bits.push(bytemuck::cast(floats));
                    bits.push(bytemuck::cast(dot.to_array()));
                    bits.push(dot.narrow(I32x4::splat(12)).to_bytes());
                }
                bits
            }};
        }
        assert_eq!(everything!(super), everything!(portable));
    }

    #[test]
    fn halves_widen_exactly() {
        let mut bits = 0..=u16::MAX;
        while let Some(first) = bits.next() {
            let mut bytes = [0; 16];
            for (pair, bits) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(std::iter::once(first).chain(&mut bits)) {
                *pair = bits.to_le_bytes();
            }
            let v = super::U8x16::load(&bytes);
            let same = |lanes: [super::F32x4; 2], want: fn(u16) -> f32| {
                let mut got = [0.0f32; 8];
                for (lanes, got) in lanes.into_iter().zip(got.as_chunks_mut::<4>().0) {
                    lanes.store(got);
                }
                for (got, pair) in got.iter().zip(bytes.as_chunks::<2>().0) {
                    let want = want(u16::from_le_bytes(*pair));
                    assert!(got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan(), "{pair:?}: {got} {want}");
                }
            };
            same(v.halves_to_f32(), |bits| half::f16::from_bits(bits).to_f32());
            let halves = bytes.as_chunks::<2>().0.iter().map(|pair| half::f16::from_le_bytes(*pair));
            let is_strange = halves.clone().any(|half| !half.is_finite());
            assert_eq!(v.strange_halves().any(), is_strange, "{bytes:?}");
            if !is_strange {
                same(v.finite_halves_to_f32(), |bits| half::f16::from_bits(bits).to_f32());
            }
            same(v.bf16_to_f32(), |bits| half::bf16::from_bits(bits).to_f32());
        }
    }
}
