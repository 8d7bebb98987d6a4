//! Multi-scalar multiplication: `sum_i s_i P_i`.

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::group::{Curve, Group};
use halo2curves::msm::msm_best;

use crate::vector::Small;

/// `sum_i scalars_i bases_i`; missing scalars are zero.
pub fn msm(bases: &[G1Affine], scalars: &[Fr]) -> G1 {
    let count = bases.len().min(scalars.len());
    msm_best(scalars.get(..count).unwrap_or_default(), bases.get(..count).unwrap_or_default())
}

/// `sum_i scalars_i bases_i` for small integers; missing scalars are zero.
pub fn msm_small<T: Small>(bases: &[G1Affine], scalars: &[T]) -> G1 {
    msm(bases, &scalars.iter().map(|s| s.to_field()).collect::<Vec<_>>())
}

/// `D_i = sum_(j >= i) bases_j`: a vector that changes rarely is a short sum over these, of its differences.
pub fn suffix_sums(bases: &[G1Affine]) -> Vec<G1Affine> {
    let mut sum = G1::identity();
    let mut sums: Vec<G1> = bases
        .iter()
        .rev()
        .map(|base| {
            sum += base;
            sum
        })
        .collect();
    sums.reverse();
    let mut affine = vec![G1Affine::identity(); sums.len()];
    G1::batch_normalize(&sums, &mut affine);
    affine
}
