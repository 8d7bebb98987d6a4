//! Field arithmetic on limbs is halo2curves' own, byte for byte, and which levels could be compared here.

use halo2curves::bn256::{Fq, Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::prime::PrimeCurveAffine;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::field::{self, BaseField, Limbs, Modulus, ScalarField};
use crate::level::Level;
use crate::raw::{coordinate, coordinate_limbs, coordinates, limbs, limbs_mut, scalar, scalar_limbs};

/// Zero, one, the largest, and their neighbours, then random ones.
fn values<E: PrimeField>(seed: u64) -> Vec<E> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let edges = [E::ZERO, E::ONE, -E::ONE, E::ONE.double(), -E::ONE.double(), E::TWO_INV, E::MULTIPLICATIVE_GENERATOR];
    edges.into_iter().chain((0..5).map(|_| E::random(&mut random))).collect()
}

fn arithmetic_agrees<M: Modulus, E: PrimeField>(seed: u64, limbs: fn(E) -> Limbs) {
    assert_eq!(M::ONE, limbs(E::ONE));
    for a in values::<E>(seed) {
        for b in values::<E>(seed) {
            let (x, y) = (limbs(a), limbs(b));
            assert_eq!(field::canonical::<M>(field::multiply::<M>(x, y)), limbs(a * b));
            assert_eq!(field::canonical::<M>(field::add::<M>(x, y)), limbs(a + b));
            assert_eq!(field::canonical::<M>(field::subtract::<M>(x, y)), limbs(a - b));
            // Operands up to 2 p keep their meaning.
            let (x, y) = (field::add_wide(x, M::P).0, field::add_wide(y, M::P).0);
            assert_eq!(field::canonical::<M>(field::multiply::<M>(x, y)), limbs(a * b));
            assert_eq!(field::canonical::<M>(field::add::<M>(x, y)), limbs(a + b));
            assert_eq!(field::canonical::<M>(field::subtract::<M>(x, y)), limbs(a - b));
        }
        let x = limbs(a);
        assert_eq!(field::canonical::<M>(field::square::<M>(x)), limbs(a.square()));
        assert_eq!(field::canonical::<M>(field::double::<M>(x)), limbs(a.double()));
        assert_eq!(field::negate::<M>(x), limbs(-a));
        let bytes: Vec<u8> = field::to_integer::<M>(x).iter().flat_map(|limb| limb.to_le_bytes()).collect();
        assert_eq!(bytes, a.to_repr().as_ref());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn limbs_compute_as_halo2curves_does(seed: u64) {
        arithmetic_agrees::<ScalarField, Fr>(seed, scalar_limbs);
        arithmetic_agrees::<BaseField, Fq>(seed, coordinate_limbs);
    }
}

#[test]
fn the_same_bytes_are_elements_and_limbs() {
    let mut elements = values::<Fr>(1);
    let copies: Vec<Limbs> = elements.iter().map(|e| scalar_limbs(*e)).collect();
    assert_eq!(limbs(&elements), copies);
    limbs_mut(&mut elements)[0] = scalar_limbs(Fr::from(9));
    assert_eq!(elements[0], Fr::from(9));
    assert_eq!(scalar(copies[3]), elements[3]);
    let points = [G1Affine::generator(), G1Affine::identity()];
    let expected = [points[0].x, points[0].y, Fq::ZERO, Fq::ZERO];
    assert_eq!(coordinates(&points), expected.map(coordinate_limbs));
    assert_eq!(coordinate(coordinates(&points)[1]), points[0].y);
}

#[test]
fn levels_that_could_not_be_run_are_named() {
    let available = Level::available();
    assert_eq!(available[0], Level::Portable);
    for level in [Level::Adx, Level::Avx2, Level::Ifma] {
        if !available.contains(&level) {
            println!("not run here: {level:?}, this processor lacks its instructions");
        }
    }
}
