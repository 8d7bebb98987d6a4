//! Every level's transforms against halo2curves' own and against the values of the polynomial.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use halo2curves::fft::best_fft;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{Coset, Domain};
use crate::level::Level;

fn sizes() -> impl Iterator<Item = u32> {
    (0..=12).chain([15, 16])
}

fn coefficients(k: u32) -> Vec<Fr> {
    let mut random = ChaCha20Rng::seed_from_u64(u64::from(k));
    let mut values: Vec<Fr> = (0..1 << k).map(|_| Fr::random(&mut random)).collect();
    values[0] = -Fr::ONE;
    values
}

fn value(coefficients: &[Fr], x: Fr) -> Fr {
    coefficients.iter().rev().fold(Fr::ZERO, |sum, c| sum * x + c)
}

#[test]
fn evaluation_is_halo2s_transform_and_interpolation_undoes_it() {
    for level in Level::comparable() {
        for k in sizes() {
            let domain = Domain::at(level, k);
            let (original, mut values) = (coefficients(k), coefficients(k));
            let mut expected = original.clone();
            best_fft(&mut expected, domain.omega(), k);
            domain.evaluate(&mut values);
            assert!(values == expected, "{level:?} {k}");
            domain.interpolate(&mut values);
            assert!(values == original, "{level:?} {k}");
        }
    }
}

#[test]
fn cosets_hold_the_polynomials_values_at_shifted_points() {
    let shift = Fr::from(5).invert().unwrap();
    for level in Level::comparable() {
        for k in sizes() {
            let coset = Coset::new(&Domain::at(level, k), shift);
            let (original, mut values) = (coefficients(k), coefficients(k));
            coset.evaluate(&mut values);
            for i in [0, 1, (1 << k) / 3, (1 << k) - 1].into_iter().filter(|i| *i < 1 << k) {
                let x = shift * coset.domain.omega().pow([i as u64]);
                assert_eq!(values[i], value(&original, x), "{level:?} {k} {i}");
            }
            coset.interpolate(&mut values);
            assert!(values == original, "{level:?} {k}");
        }
    }
}

#[test]
fn extreme_coefficients_transform_like_any() {
    for level in Level::comparable() {
        for fill in [Fr::ZERO, Fr::ONE, -Fr::ONE] {
            let domain = Domain::at(level, 9);
            let mut values = vec![fill; domain.n()];
            domain.evaluate(&mut values);
            assert_eq!(values[0], fill * Fr::from(512));
            assert!(values[1..].iter().all(|v| *v == Fr::ZERO), "{level:?}");
        }
    }
}
