//! Elements cross the bridge unchanged, and both sides agree on their bytes.

use assay_halo2::convert::{g1_from_ark, g1_to_ark, g2_from_ark, g2_to_ark, scalar_from_ark, scalar_to_ark};
use assay_verifier::RowDomain;
use assay_verifier::domain::delta;
use assay_verifier::encoding::{g1_from_bytes, g1_to_bytes, g2_from_bytes, g2_to_bytes, scalar_to_bytes};
use halo2curves::CurveAffine;
use halo2curves::bn256::{Fq2, Fr, G1Affine, G2Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::cofactor::CofactorGroup;
use halo2curves::group::prime::PrimeCurveAffine;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

#[test]
fn scalars_and_points_cross_and_come_back() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for _ in 0..200 {
        let (scalar, in_g1, in_g2) = (Fr::random(&mut rng), G1Affine::random(&mut rng), G2Affine::random(&mut rng));
        assert_eq!(scalar_from_ark(&scalar_to_ark(&scalar)), scalar);
        assert_eq!(g1_from_ark(&g1_to_ark(&in_g1)), in_g1);
        assert_eq!(g2_from_ark(&g2_to_ark(&in_g2)), in_g2);
        let mut bytes = scalar_to_bytes(&scalar_to_ark(&scalar));
        bytes.reverse();
        assert_eq!(bytes, scalar.to_repr());
        assert_eq!(g1_from_bytes(&g1_to_bytes(&g1_to_ark(&in_g1))), Some(g1_to_ark(&in_g1)));
        assert_eq!(g2_from_bytes(&g2_to_bytes(&g2_to_ark(&in_g2))), Some(g2_to_ark(&in_g2)));
        let product = scalar_to_ark(&scalar) * scalar_to_ark(&scalar);
        assert_eq!(scalar_from_ark(&product), scalar.square());
    }
    for scalar in [Fr::ZERO, Fr::ONE, -Fr::ONE] {
        assert_eq!(scalar_from_ark(&scalar_to_ark(&scalar)), scalar);
    }
    assert_eq!(g1_from_ark(&g1_to_ark(&G1Affine::identity())), G1Affine::identity());
    assert_eq!(g2_from_ark(&g2_to_ark(&G2Affine::identity())), G2Affine::identity());
    assert_eq!(g1_to_bytes(&g1_to_ark(&G1Affine::identity())), [[0; 32]; 2]);
}

/// Most points of the twist lie outside the subgroup, and both libraries say so of the same ones.
#[test]
fn points_outside_the_subgroup_of_g2_are_refused() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut refused = 0;
    while refused < 50 {
        let x = Fq2::random(&mut rng);
        let Some(y) = Option::<Fq2>::from((x.square() * x + G2Affine::b()).sqrt()) else { continue };
        let point = G2Affine { x, y };
        let read = g2_from_bytes(&g2_to_bytes(&g2_to_ark(&point)));
        assert_eq!(read.is_some(), bool::from(point.to_curve().is_torsion_free()));
        refused += usize::from(read.is_none());
    }
    assert_eq!(g2_from_bytes(&[[0; 32]; 4]), None, "infinity");
}

#[test]
fn rows_and_cosets_are_halo2s() {
    assert_eq!(scalar_from_ark(&delta()), Fr::DELTA);
    assert_eq!(scalar_from_ark(&RowDomain::new(28).omega()), Fr::ROOT_OF_UNITY);
    for k in [0, 1, 4, 14, 26] {
        let root = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
        assert_eq!(scalar_from_ark(&RowDomain::new(k).omega()), root);
    }
    let domain = RowDomain::new(4);
    let x = scalar_to_ark(&Fr::from(77));
    let weights = domain.lagrange(x, 0..16).expect("77 is no row");
    let line = weights.iter().zip(0..).map(|(weight, row)| *weight * domain.rotate(scalar_to_ark(&Fr::ONE), row));
    assert_eq!(line.sum::<ark_bn254::Fr>(), x, "the weights interpolate X itself");
    assert!(domain.lagrange(domain.omega(), [3]).is_none(), "a row has no weights");
}
