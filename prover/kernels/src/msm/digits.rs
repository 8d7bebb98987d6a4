//! Signed digits of scalars, any window at once.
//!
//! A scalar is a sign and a magnitude; with half a window added to every window but the last, the window's bits less
//! that half are its digit in `-2^(c-1)..=2^(c-1)`, and no carry runs from window to window.

use halo2curves::bn256::Fr;
use rayon::prelude::*;

use crate::field::{Limbs, Modulus, ScalarField, add_wide, multiply_add, subtract_wide, to_integer};
use crate::level::{Kernel, Level};
use crate::raw::limbs;
use crate::vector::Small;

/// `(p - 1) / 2`.
const HALF: Limbs = {
    let p = ScalarField::P;
    [p[0] >> 1 | p[1] << 63, p[1] >> 1 | p[2] << 63, p[2] >> 1 | p[3] << 63, p[3] >> 1]
};
const SIGN: u64 = 1 << 63;

/// `c` bits a window, `count` windows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) bits: u32,
    pub(super) count: u32,
}

impl Windows {
    /// Enough windows of `bits` for magnitudes up to `2^width`.
    pub(super) fn new(bits: u32, width: u32) -> Self {
        Self { bits, count: (width + 1).div_ceil(bits) }
    }

    /// The largest digit: the number of buckets.
    pub(super) fn buckets(self) -> usize {
        1 << (self.bits - 1)
    }

    /// Half a window in every window but the last.
    pub(super) fn halves(self) -> Limbs {
        let mut halves = [0; 4];
        for window in 1..self.count {
            let bit = (window * self.bits - 1) as usize;
            halves[bit / 64] |= 1 << (bit % 64);
        }
        halves
    }

    fn signed(self, bits: u64, window: u32, negative: bool) -> i32 {
        let half = if window + 1 < self.count { self.buckets() as i32 } else { 0 };
        let digit = bits as i32 - half;
        if negative { -digit } else { digit }
    }
}

/// Scalars that give their digits.
pub(super) trait Scalars: Sync {
    /// Parts of a scalar with digits of their own: the second is that of the endomorphism's image of the point.
    const PARTS: u32 = 1;
    /// How many there are.
    fn count(&self) -> usize;
    /// The smallest `b` for which no magnitude is above `2^b`; `None` when all are zero.
    fn width(&self) -> Option<u32>;
    /// Makes the digits of these windows ready.
    fn prepare(&mut self, windows: Windows);
    /// The digit of a part of scalar `i`.
    fn digit(&self, i: usize, part: u32, windows: Windows, window: u32) -> i32;
}

/// Full-width scalars out of Montgomery form; the sign is the top bit.
pub(super) struct Full {
    magnitudes: Vec<Limbs>,
}

struct Convert<'a> {
    scalars: &'a [Limbs],
    out: &'a mut [Limbs],
}

impl Kernel for Convert<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: crate::engine::Engine>(self, _engine: E) {
        for (out, scalar) in self.out.iter_mut().zip(self.scalars) {
            let value = to_integer::<ScalarField>(*scalar);
            let negative = subtract_wide(HALF, value).1;
            *out = if negative { subtract_wide(ScalarField::P, value).0 } else { value };
            out[3] |= if negative { SIGN } else { 0 };
        }
    }
}

impl Full {
    pub(super) fn new(level: Level, scalars: &[Fr]) -> Self {
        const BLOCK: usize = 1 << 12;
        let scalars = limbs(scalars);
        let mut magnitudes = vec![[0; 4]; scalars.len()];
        let convert = |(out, scalars): (&mut [Limbs], &[Limbs])| level.single().run(Convert { scalars, out });
        if scalars.len() <= BLOCK {
            convert((&mut magnitudes, scalars));
        } else {
            magnitudes.par_chunks_mut(BLOCK).zip(scalars.par_chunks(BLOCK)).for_each(convert);
        }
        Self { magnitudes }
    }
}

impl Scalars for Full {
    fn count(&self) -> usize {
        self.magnitudes.len()
    }

    fn width(&self) -> Option<u32> {
        // An upper bound that is exact but for powers of two, and for one: the or of all magnitudes.
        let all = self.magnitudes.iter().fold([0; 4], |all: Limbs, m| core::array::from_fn(|j| all[j] | m[j]));
        let all = [all[0], all[1], all[2], all[3] & !SIGN];
        let top = all.iter().rposition(|limb| *limb != 0)?;
        let bits = 64 * top as u32 + all[top].ilog2() + 1;
        Some(if bits == 1 { 0 } else { bits })
    }

    fn prepare(&mut self, windows: Windows) {
        let halves = windows.halves();
        for magnitude in &mut self.magnitudes {
            let sign = magnitude[3] & SIGN;
            magnitude[3] &= !SIGN;
            *magnitude = add_wide(*magnitude, halves).0;
            magnitude[3] |= sign;
        }
    }

    #[inline(always)]
    fn digit(&self, i: usize, _part: u32, windows: Windows, window: u32) -> i32 {
        let magnitude = self.magnitudes[i];
        let bit = (window * windows.bits) as usize;
        let (word, shift) = (bit / 64, bit % 64);
        let next = if word < 3 { magnitude[word + 1] & if word == 2 { !SIGN } else { u64::MAX } } else { 0 };
        let own = if word == 3 { magnitude[3] & !SIGN } else { magnitude[word] };
        let bits = (u128::from(next) << 64 | u128::from(own)) >> shift;
        windows.signed(bits as u64 & ((1 << windows.bits) - 1), window, magnitude[3] & SIGN != 0)
    }
}

/// The endomorphism `(x, y) -> (BETA x, y)` multiplies a point by a cube root of one, `l`; in Montgomery form.
pub(super) const BETA: Limbs =
    [0x3350_c88e_13e8_0b9c, 0x7dce_557c_db5e_56b9, 0x6001_b4b8_b615_564a, 0x2682_e617_0202_17e0];
/// `2^320 / p` times the coordinates of `(1, 0)` in the basis `(U, -V), (V, W)` of the pairs `(a, b)` with
/// `a + b l = 0`.
const QUOTIENTS: [Limbs; 2] = [
    [0x149d_540f_d5e4_95cc, 0x5398_fd03_00ff_6565, 0x4cce_f014_a773_d2d2, 0x0000_0000_0000_0002],
    [0x6eb9_c714_773a_6ef3, 0xd91d_232e_c7e0_b3d7, 0x0000_0000_0000_0002, 0x0000_0000_0000_0000],
];
const U: u128 = 0x6f4d_8248_eeb8_59fc_8211_bbeb_7d4f_1128;
const V: u128 = 0x89d3_2568_94d2_13e3;
const W: u128 = 0x6f4d_8248_eeb8_59fd_0be4_e154_1221_250b;

/// Full-width scalars as `a + b l` with `a` and `b` of half the width (Gallant, Lambert, Vanstone 2001): the low and
/// the high two limbs, their signs on top.
pub(super) struct Halves {
    magnitudes: Vec<Limbs>,
    halves: u128,
}

impl Halves {
    /// Bits of a half's magnitude.
    pub(super) const WIDTH: u32 = 126;

    /// Splits scalars that are not prepared.
    pub(super) fn new(scalars: Full) -> Self {
        const BLOCK: usize = 1 << 12;
        let mut magnitudes = scalars.magnitudes;
        let cut = |magnitudes: &mut [Limbs]| magnitudes.iter_mut().for_each(|m| *m = split(*m));
        if magnitudes.len() <= BLOCK {
            cut(&mut magnitudes);
        } else {
            magnitudes.par_chunks_mut(BLOCK).for_each(cut);
        }
        Self { magnitudes, halves: 0 }
    }
}

/// A signed magnitude of at most `HALF` in two halves, each below `2^126`.
fn split(scalar: Limbs) -> Limbs {
    let negative = scalar[3] & SIGN != 0;
    let scalar = [scalar[0], scalar[1], scalar[2], scalar[3] & !SIGN];
    let [c, d] = QUOTIENTS.map(|quotient| nearest(scalar, quotient));
    let low = u128::from(scalar[1]) << 64 | u128::from(scalar[0]);
    let a = low.wrapping_sub(c.wrapping_mul(U)).wrapping_sub(d.wrapping_mul(V)) as i128;
    let b = c.wrapping_mul(V).wrapping_sub(d.wrapping_mul(W)) as i128;
    let [a, b] = [a, b].map(|half| {
        let sign = if (half < 0) == negative { 0 } else { SIGN };
        let magnitude = half.unsigned_abs();
        [magnitude as u64, (magnitude >> 64) as u64 | sign]
    });
    [a[0], a[1], b[0], b[1]]
}

/// `a b / 2^320` to the nearest, below `2^128`.
fn nearest(a: Limbs, b: Limbs) -> u128 {
    let mut t = [0; 8];
    for i in 0..4 {
        let mut carry = 0;
        for j in 0..4 {
            (t[i + j], carry) = multiply_add(t[i + j], a[i], b[j], carry);
        }
        t[i + 4] = carry;
    }
    (u128::from(t[6]) << 64 | u128::from(t[5])) + u128::from(t[4] >> 63)
}

impl Scalars for Halves {
    const PARTS: u32 = 2;

    fn count(&self) -> usize {
        self.magnitudes.len()
    }

    fn width(&self) -> Option<u32> {
        Some(Self::WIDTH)
    }

    fn prepare(&mut self, windows: Windows) {
        let halves = windows.halves();
        self.halves = u128::from(halves[1]) << 64 | u128::from(halves[0]);
    }

    #[inline(always)]
    fn digit(&self, i: usize, part: u32, windows: Windows, window: u32) -> i32 {
        let magnitude = self.magnitudes[i];
        let part = 2 * part as usize % 4;
        let (low, high) = (magnitude[part], magnitude[part + 1]);
        let value = (u128::from(high & !SIGN) << 64 | u128::from(low)) + self.halves;
        let bits = value >> (window * windows.bits);
        windows.signed(bits as u64 & ((1 << windows.bits) - 1), window, high & SIGN != 0)
    }
}

/// Small integers as they are.
pub(super) struct Integers<'a, T> {
    values: &'a [T],
    halves: u128,
}

impl<'a, T: Small> Integers<'a, T> {
    pub(super) fn new(values: &'a [T]) -> Self {
        Self { values, halves: 0 }
    }
}

impl<T: Small> Scalars for Integers<'_, T> {
    fn count(&self) -> usize {
        self.values.len()
    }

    fn width(&self) -> Option<u32> {
        let magnitude = |value: &T| -> u64 { (*value).into().unsigned_abs() };
        let largest = self.values.iter().map(magnitude).max().unwrap_or(0);
        (largest > 0).then(|| 64 - (largest - 1).leading_zeros())
    }

    fn prepare(&mut self, windows: Windows) {
        let halves = windows.halves();
        self.halves = u128::from(halves[1]) << 64 | u128::from(halves[0]);
    }

    #[inline(always)]
    fn digit(&self, i: usize, _part: u32, windows: Windows, window: u32) -> i32 {
        let value: i64 = self.values[i].into();
        let bits = (u128::from(value.unsigned_abs()) + self.halves) >> (window * windows.bits);
        windows.signed(bits as u64 & ((1 << windows.bits) - 1), window, value < 0)
    }
}

#[cfg(test)]
mod tests {
    use halo2curves::bn256::Fr;
    use halo2curves::ff::{Field, PrimeField};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::{Full, HALF, Halves, SIGN};
    use crate::level::Level;
    use crate::raw::scalar;

    #[test]
    fn halves_are_short_and_stand_for_the_scalar() {
        let mut random = ChaCha20Rng::seed_from_u64(9);
        let root =
            Fr::from_raw([0xb8ca_0b2d_3663_6f23, 0xcc37_a73f_ec2b_c5e9, 0x048b_6e19_3fd8_4104, 0x3064_4e72_e131_a029]);
        assert_eq!(root.square() + root + Fr::ONE, Fr::ZERO);
        let half = Fr::from_raw(HALF);
        let mut scalars = vec![Fr::ZERO, Fr::ONE, -Fr::ONE, half, -half, half - Fr::ONE, root, -root, scalar([1; 4])];
        scalars.extend((0..5_000).map(|_| Fr::random(&mut random)));
        let halves = Halves::new(Full::new(Level::current(), &scalars));
        for (expected, [a, b, c, d]) in scalars.iter().zip(halves.magnitudes) {
            let [first, second] = [(a, b), (c, d)].map(|(low, high)| {
                let magnitude = u128::from(high & !SIGN) << 64 | u128::from(low);
                assert!(magnitude < 1 << 126);
                let value = Fr::from_u128(magnitude);
                if high & SIGN == 0 { value } else { -value }
            });
            assert_eq!(first + root * second, *expected);
        }
    }
}
