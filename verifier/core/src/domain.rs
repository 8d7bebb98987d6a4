//! The rows of a circuit as roots of unity, and the polynomials that are 1 in one row.

use ark_bn254::Fr;
use ark_ff::{FftField, Field, One, PrimeField, batch_inversion};

/// The generator of the scalar field's multiplicative group that halo2 takes: roots of unity and `delta` are powers of it.
pub const GENERATOR: u64 = 7;

/// The `2^k` roots of unity `w^i`, of which row `i` is one.
#[derive(Clone, Copy, Debug)]
pub struct RowDomain {
    k: u32,
    omega: Fr,
}

impl RowDomain {
    /// The domain of `2^k` rows; `k` is at most 28, the field's two-adicity.
    pub fn new(k: u32) -> Self {
        let root = Fr::from(GENERATOR).pow(Fr::TRACE);
        Self { k, omega: (k..Fr::TWO_ADICITY).fold(root, |root, _| root.square()) }
    }

    /// Number of rows, `n = 2^k`.
    pub fn rows(&self) -> u64 {
        1 << self.k
    }

    /// The generator `w` of the roots of unity.
    pub fn omega(&self) -> Fr {
        self.omega
    }

    /// `w^rotation x`: the point that lies `rotation` rows below `x`.
    pub fn rotate(&self, x: Fr, rotation: i64) -> Fr {
        // Remainders of division by a power of two are not negative.
        x * self.omega.pow([rotation.rem_euclid(1 << self.k) as u64])
    }

    /// `L_i(x) = w^i (x^n - 1) / (n (x - w^i))` for each of the rows, where `L_i` is 1 in row `i` and 0 in the others; rows count
    /// modulo `n`. None when `x` is itself a row.
    pub fn lagrange(&self, x: Fr, rows: impl IntoIterator<Item = i64>) -> Option<Vec<Fr>> {
        let scale = self.vanishing(x) * Fr::from(self.rows()).inverse()?;
        if scale == Fr::from(0u64) {
            return None;
        }
        let points: Vec<Fr> = rows.into_iter().map(|row| self.rotate(Fr::one(), row)).collect();
        let mut values: Vec<Fr> = points.iter().map(|point| x - point).collect();
        batch_inversion(&mut values);
        values.iter_mut().zip(points).for_each(|(value, point)| *value *= point * scale);
        Some(values)
    }

    /// `x^n - 1`, which vanishes in every row.
    pub fn vanishing(&self, x: Fr) -> Fr {
        x.pow([self.rows()]) - Fr::one()
    }
}

/// `delta = g^(2^28)`: column `j` of the permutation lies in the coset `delta^j` of the rows.
pub fn delta() -> Fr {
    Fr::from(GENERATOR).pow([1 << Fr::TWO_ADICITY])
}
