//! What makes points an SRS: on the curve, of one secret, and that secret not one that everybody can find.

use halo2curves::bn256::{Bn256, Fr, G1, G1Affine, G2Affine};
use halo2curves::ff::{BatchInvert, Field, FromUniformBytes};
use halo2curves::group::Curve;
use halo2curves::group::cofactor::CofactorGroup;
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::pairing::Engine;
use halo2curves::serde::SerdeObject;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::ProverError;
use crate::mapped::POINT;

/// Bytes of a point of G2: `x` and `y`, each `c0` and `c1` of 32 bytes.
pub(super) const POINT_G2: usize = 128;

/// The first 64 bytes that are not a point of the curve other than the identity, in canonical Montgomery form.
pub(super) fn first_bad_point(raw: &[u8]) -> Option<usize> {
    raw.par_chunks(POINT).position_first(|bytes| point(bytes).is_none())
}

/// Points, copied, none of which [`first_bad_point`] finds.
pub(super) fn points(raw: &[u8], what: &'static str) -> Result<Vec<G1Affine>, ProverError> {
    if let Some(at) = first_bad_point(raw) {
        return Err(ProverError::SrsOffCurve { what, at });
    }
    Ok(raw.par_chunks(POINT).map(|bytes| G1Affine::from_raw_bytes(bytes).unwrap_or(G1Affine::identity())).collect())
}

/// A point of G2 from its raw form: on its curve, canonical; its group is for [`first_powers`] to check.
pub(super) fn point_g2(raw: &[u8], what: &'static str) -> Result<G2Affine, ProverError> {
    G2Affine::from_raw_bytes(raw).ok_or(ProverError::SrsOffCurve { what, at: 0 })
}

fn point(bytes: &[u8]) -> Option<G1Affine> {
    G1Affine::from_raw_bytes(bytes).filter(|point| !bool::from(point.is_identity()))
}

/// Checks what is cheap: the generator comes first, `[s]_2` is of its group, `e([s]_1, [1]_2) = e([1]_1, [s]_2)`, and `s`
/// is not zero or a root of unity (`s^n = 1` if and only if `s^(n/2)` is 1 or -1), which everybody could find.
pub(super) fn first_powers(powers: &[G1Affine], s_g2: &G2Affine) -> Result<(), ProverError> {
    let (Some([first, second]), Some(middle)) = (powers.first_chunk(), powers.get(powers.len() / 2)) else {
        return Err(ProverError::SrsPoint("it has no powers"));
    };
    if *first != G1Affine::generator() {
        return Err(ProverError::SrsPoint("it does not begin with the curve's standard generator"));
    }
    if bool::from(s_g2.is_identity()) || !bool::from(s_g2.to_curve().is_torsion_free()) {
        return Err(ProverError::SrsPoint("its second point of G2 is not in the group"));
    }
    if Bn256::pairing(second, &G2Affine::generator()) != Bn256::pairing(first, s_g2) {
        return Err(ProverError::SrsPoint("its first powers in G1 and G2 are not of one secret"));
    }
    if middle.x == first.x {
        return Err(ProverError::SrsPoint("its secret is a root of unity, which anybody can find"));
    }
    Ok(())
}

/// The challenge of [`powers_of_one_secret`] and [`lagrange_of_powers`]: hashed from all that they check.
pub(super) fn challenge(parts: [&[u8]; 3]) -> Fr {
    let mut hasher = Sha256::new_with_prefix(b"assay srs powers");
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let seed: [u8; 32] = hasher.finalize().into();
    let mut wide = [0; 64];
    for (half, mark) in wide.chunks_exact_mut(32).zip([0u8, 1]) {
        half.copy_from_slice(&Sha256::new_with_prefix(seed).chain_update([mark]).finalize());
    }
    Fr::from_uniform_bytes(&wide)
}

/// Checks all powers at once: with `L = sum_i r^i g_i`, `e((L - g_0) / r, [1]_2) = e(L - r^(n-1) g_(n-1), [s]_2)`, which
/// is `g_i = s g_(i-1)` for every `i` but with probability `n / |Fr|`. Returns `L`.
pub(super) fn powers_of_one_secret(powers: &[G1Affine], s_g2: &G2Affine, r: Fr) -> Result<G1, ProverError> {
    let scalars = assay_kernels::vector::powers(r, powers.len());
    let (Some(first), Some(last), Some(last_scalar)) = (powers.first(), powers.last(), scalars.last()) else {
        return Err(ProverError::SrsPoint("it has no powers"));
    };
    let combined = assay_kernels::msm(powers, &scalars);
    let shifted = (combined - first) * r.invert().unwrap_or(Fr::ZERO);
    let kept = combined - last * last_scalar;
    let left = Bn256::pairing(&shifted.to_affine(), &G2Affine::generator());
    if left == Bn256::pairing(&kept.to_affine(), s_g2) {
        Ok(combined)
    } else {
        Err(ProverError::SrsPoint("its powers are not those of one secret"))
    }
}

/// `L = sum_i r^i g_i`.
pub(super) fn combined(powers: &[G1Affine], r: Fr) -> G1 {
    assay_kernels::msm(powers, &assay_kernels::vector::powers(r, powers.len()))
}

/// Checks a whole Lagrange basis against `L = sum_i r^i g_i`, which is `sum_j (r^n - 1) / (r w^j - 1) l_j`: the values of
/// `sum_i r^i X^i` at the roots of unity. A wrong one passes with probability `n / |Fr|`.
pub(super) fn lagrange_of_powers(lagrange: &[G1Affine], combined: &G1, r: Fr) -> Result<(), ProverError> {
    let k = lagrange.len().max(1).ilog2();
    let omega = assay_kernels::Domain::new(k).omega();
    let roots = std::iter::successors(Some(r), |point| Some(point * omega)).take(lagrange.len());
    let mut weights: Vec<Fr> = roots.map(|point| point - Fr::ONE).collect();
    weights.iter_mut().batch_invert();
    let scale = (0..k).fold(r, |power, _| power.square()) - Fr::ONE;
    for weight in &mut weights {
        *weight *= scale;
    }
    if assay_kernels::msm(lagrange, &weights) == *combined {
        Ok(())
    } else {
        Err(ProverError::SrsPoint("its Lagrange basis is not that of its powers"))
    }
}
