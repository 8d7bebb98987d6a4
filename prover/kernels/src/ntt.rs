//! Number-theoretic transforms over the `2^k`-th roots of unity, in halo2curves' order, and over their cosets.

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use halo2curves::fft::best_fft;

/// The `n = 2^k` roots of unity `w^0, w^1, ...`.
#[derive(Clone, Debug)]
pub struct Domain {
    k: u32,
    omega: Fr,
    omega_inverse: Fr,
    n_inverse: Fr,
}

impl Domain {
    /// The domain of `2^k` points.
    pub fn new(k: u32) -> Self {
        let omega = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
        let omega_inverse = (k..Fr::S).fold(Fr::ROOT_OF_UNITY_INV, |root, _| root.square());
        Self { k, omega, omega_inverse, n_inverse: (0..k).fold(Fr::ONE, |power, _| power * Fr::TWO_INV) }
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

    /// Values at the points become coefficients, in place. Length `n`.
    pub fn interpolate(&self, values: &mut [Fr]) {
        best_fft(values, self.omega_inverse, self.k);
        values.iter_mut().for_each(|v| *v *= self.n_inverse);
    }

    /// Coefficients become values at the points, in place. Length `n`.
    pub fn evaluate(&self, coefficients: &mut [Fr]) {
        best_fft(coefficients, self.omega, self.k);
    }
}

/// The points `shift * w^i` of a domain's coset.
#[derive(Clone, Debug)]
pub struct Coset {
    domain: Domain,
    shift: Fr,
}

impl Coset {
    /// The coset of a domain by a shift other than zero.
    pub fn new(domain: &Domain, shift: Fr) -> Self {
        Self { domain: domain.clone(), shift }
    }

    /// Coefficients become values at the points, in place. Length `n`.
    pub fn evaluate(&self, coefficients: &mut [Fr]) {
        scale_by_powers(coefficients, self.shift);
        self.domain.evaluate(coefficients);
    }

    /// Values at the points become coefficients, in place. Length `n`.
    pub fn interpolate(&self, values: &mut [Fr]) {
        self.domain.interpolate(values);
        scale_by_powers(values, self.shift.invert().unwrap_or(Fr::ZERO));
    }
}

fn scale_by_powers(values: &mut [Fr], base: Fr) {
    let mut power = Fr::ONE;
    for value in values {
        *value *= power;
        power *= base;
    }
}
