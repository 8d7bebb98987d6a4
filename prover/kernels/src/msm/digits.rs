//! Signed digits of scalars, any window at once.
//!
//! A scalar is a sign and a magnitude; with half a window added to every window but the last, the window's bits less
//! that half are its digit in `-2^(c-1)..=2^(c-1)`, and no carry runs from window to window.

use halo2curves::bn256::Fr;
use rayon::prelude::*;

use crate::field::{Limbs, Modulus, ScalarField, add_wide, subtract_wide, to_integer};
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
    /// How many there are.
    fn count(&self) -> usize;
    /// The smallest `b` for which no magnitude is above `2^b`; `None` when all are zero.
    fn width(&self) -> Option<u32>;
    /// Makes the digits of these windows ready.
    fn prepare(&mut self, windows: Windows);
    /// The digit of scalar `i`.
    fn digit(&self, i: usize, windows: Windows, window: u32) -> i32;
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
    fn digit(&self, i: usize, windows: Windows, window: u32) -> i32 {
        let magnitude = self.magnitudes[i];
        let bit = (window * windows.bits) as usize;
        let (word, shift) = (bit / 64, bit % 64);
        let next = if word < 3 { magnitude[word + 1] & if word == 2 { !SIGN } else { u64::MAX } } else { 0 };
        let own = if word == 3 { magnitude[3] & !SIGN } else { magnitude[word] };
        let bits = (u128::from(next) << 64 | u128::from(own)) >> shift;
        windows.signed(bits as u64 & ((1 << windows.bits) - 1), window, magnitude[3] & SIGN != 0)
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
    fn digit(&self, i: usize, windows: Windows, window: u32) -> i32 {
        let value: i64 = self.values[i].into();
        let bits = (u128::from(value.unsigned_abs()) + self.halves) >> (window * windows.bits);
        windows.signed(bits as u64 & ((1 << windows.bits) - 1), window, value < 0)
    }
}
