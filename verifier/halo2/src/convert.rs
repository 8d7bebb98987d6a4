//! Field elements and points between halo2curves and arkworks, through their canonical form: few elements cross.

use ark_bn254 as ark;
use ark_ec::AffineRepr;
use ark_ff::PrimeField as _;
use assay_verifier::Instances;
use halo2curves::bn256::{Fq, Fq2, Fr, G1Affine, G2Affine};
use halo2curves::ff::PrimeField;
use halo2curves::group::prime::PrimeCurveAffine;

/// halo2's scalar as arkworks'.
pub fn scalar_to_ark(scalar: &Fr) -> ark::Fr {
    // The representation is below the modulus, so nothing is reduced.
    ark::Fr::from_le_bytes_mod_order(&scalar.to_repr())
}

/// arkworks' scalar as halo2's.
pub fn scalar_from_ark(scalar: &ark::Fr) -> Fr {
    Fr::from_raw(scalar.into_bigint().0)
}

/// halo2's point of G1 as arkworks'.
pub fn g1_to_ark(point: &G1Affine) -> ark::G1Affine {
    if bool::from(point.is_identity()) {
        return ark::G1Affine::identity();
    }
    ark::G1Affine::new_unchecked(base_to_ark(&point.x), base_to_ark(&point.y))
}

/// arkworks' point of G1 as halo2's.
pub fn g1_from_ark(point: &ark::G1Affine) -> G1Affine {
    point.xy().map_or_else(G1Affine::identity, |(x, y)| G1Affine { x: base_from_ark(&x), y: base_from_ark(&y) })
}

/// halo2's point of G2 as arkworks'.
pub fn g2_to_ark(point: &G2Affine) -> ark::G2Affine {
    if bool::from(point.is_identity()) {
        return ark::G2Affine::identity();
    }
    let pair = |element: &Fq2| ark::Fq2::new(base_to_ark(&element.c0), base_to_ark(&element.c1));
    ark::G2Affine::new_unchecked(pair(&point.x), pair(&point.y))
}

/// arkworks' point of G2 as halo2's.
pub fn g2_from_ark(point: &ark::G2Affine) -> G2Affine {
    let pair = |element: &ark::Fq2| Fq2 { c0: base_from_ark(&element.c0), c1: base_from_ark(&element.c1) };
    point.xy().map_or_else(G2Affine::identity, |(x, y)| G2Affine { x: pair(&x), y: pair(&y) })
}

/// Public values of halo2's field.
pub fn instances(values: &[Fr]) -> Instances {
    Instances::from(values.iter().map(scalar_to_ark).collect::<Vec<_>>())
}

/// Public values in halo2's field.
pub fn values(instances: &Instances) -> Vec<Fr> {
    instances.values().iter().map(scalar_from_ark).collect()
}

fn base_to_ark(element: &Fq) -> ark::Fq {
    ark::Fq::from_le_bytes_mod_order(&element.to_repr())
}

fn base_from_ark(element: &ark::Fq) -> Fq {
    Fq::from_raw(element.into_bigint().0)
}
