//! Number-theoretic transforms over the `2^k`-th roots of unity, in halo2curves' order, and over their cosets.
//!
//! Forward, the ring `F[X] / (X^n - c)` splits into `F[X] / (X^(n/2) - s)` and `F[X] / (X^(n/2) + s)`, `s^2 = c`, down to
//! values in bit-reversed order (Gentleman and Sande's split seen from the ring; Bernstein, "Multidigit multiplication
//! for mathematicians", section 3). A block has one twiddle, and a coset only another `c`: its shift costs nothing.

mod passes;
mod reversal;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use rayon::prelude::*;

use crate::field::Limbs;
use crate::level::Level;
use crate::raw::{limbs, limbs_mut, scalar_limbs};
use crate::vector;
use passes::Twiddles;

/// The `n = 2^k` roots of unity `w^0, w^1, ...`. Holds `n` field elements of twiddles, shared between clones.
#[derive(Clone, Debug)]
pub struct Domain {
    level: Level,
    k: u32,
    omega: Fr,
    n_inverse: Fr,
    /// `w^(rev j)` for `j < n / 2`, and its inverse.
    forward: Arc<[Fr]>,
    inverse: Arc<[Fr]>,
}

impl Domain {
    /// The domain of `2^k` points.
    pub fn new(k: u32) -> Self {
        Self::at(Level::current(), k)
    }

    /// The domain of `2^k` points, transformed with the instructions of one level.
    pub fn at(level: Level, k: u32) -> Self {
        let omega = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
        let omega_inverse = (k..Fr::S).fold(Fr::ROOT_OF_UNITY_INV, |root, _| root.square());
        let table = |root: Fr| -> Arc<[Fr]> {
            let mut powers = vector::powers(root, 1 << k >> 1);
            reversal::permute(limbs_mut(&mut powers));
            powers.into()
        };
        Self {
            level,
            k,
            omega,
            n_inverse: (0..k).fold(Fr::ONE, |power, _| power * Fr::TWO_INV),
            forward: table(omega),
            inverse: table(omega_inverse),
        }
    }

    /// There are `2^k` points.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// Number of points.
    pub fn n(&self) -> usize {
        1 << self.k
    }

    /// The generator `w`.
    pub fn omega(&self) -> Fr {
        self.omega
    }

    /// Values at the points become coefficients, in place. Length `n`, both in natural order.
    pub fn interpolate(&self, values: &mut [Fr]) {
        let values = limbs_mut(values);
        reversal::permute(values);
        let twiddles = Twiddles::shared(limbs(&self.inverse));
        passes::inverse(self.level, values, twiddles, scalar_limbs(self.n_inverse));
    }

    /// Coefficients become values at the points, in place. Length `n`, both in natural order.
    pub fn evaluate(&self, coefficients: &mut [Fr]) {
        self.transform(limbs_mut(coefficients), Twiddles::shared(limbs(&self.forward)));
    }

    fn transform(&self, values: &mut [Limbs], twiddles: Twiddles<'_>) {
        passes::forward(self.level, values, twiddles);
        reversal::permute(values);
    }
}

/// The points `shift * w^i` of a domain's coset. Holds another `n` field elements of twiddles, shared between clones.
#[derive(Clone, Debug)]
pub struct Coset {
    domain: Domain,
    shift: Fr,
    /// The twiddles of depth `d`, `shift^(n / 2^(d+1)) w^(rev j)`, at `2^d + j`.
    forward: Arc<[Fr]>,
}

impl Coset {
    /// The coset of a domain by a shift other than zero.
    pub fn new(domain: &Domain, shift: Fr) -> Self {
        let mut forward = vec![Fr::ONE; domain.n()];
        // shift^(n / 2^(d+1)), from the last depth to the first.
        let mut power = shift;
        for depth in (0..domain.k).rev() {
            let count = 1 << depth;
            let twiddles = &mut forward[count..2 * count];
            twiddles.copy_from_slice(&domain.forward[..count]);
            vector::scale(twiddles, power);
            power = power.square();
        }
        Self { domain: domain.clone(), shift, forward: forward.into() }
    }

    /// Coefficients become values at the points, in place. Length `n`, both in natural order.
    pub fn evaluate(&self, coefficients: &mut [Fr]) {
        self.domain.transform(limbs_mut(coefficients), Twiddles::by_depth(limbs(&self.forward)));
    }

    /// Values at the points become coefficients, in place. Length `n`, both in natural order.
    pub fn interpolate(&self, values: &mut [Fr]) {
        const BLOCK: usize = 1 << 10;
        self.domain.interpolate(values);
        let inverse = self.shift.invert().unwrap_or(Fr::ZERO);
        let powers = vector::powers(inverse, self.domain.n().min(BLOCK));
        values.par_chunks_mut(BLOCK).enumerate().for_each(|(block, values)| {
            vector::multiply(values, &powers);
            if block > 0 {
                vector::scale(values, inverse.pow_vartime([(block * BLOCK) as u64]));
            }
        });
    }
}
