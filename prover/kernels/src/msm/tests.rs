//! Every level's sums against halo2curves', for scalars and points at which formulas and digits turn.

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::group::{Curve, Group};
use halo2curves::msm::msm_best;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::{Multiples, msm_at, msm_small_at, suffix_sums};
use crate::level::Level;
use crate::vector::Small;

/// Points that repeat, cancel and vanish among ordinary ones.
fn points(random: &mut ChaCha20Rng, count: usize, kind: u32) -> Vec<G1Affine> {
    let generator = G1::generator() * Fr::random(&mut *random);
    let mut sum = generator;
    (0..count)
        .map(|_| {
            sum += G1::generator();
            match if kind == 0 { 9 } else { random.next_u32() % 10 } {
                0 => G1Affine::identity(),
                1 | 2 => generator.to_affine(),
                3 => (-generator).to_affine(),
                _ if kind == 1 => generator.to_affine(),
                _ => sum.to_affine(),
            }
        })
        .collect()
}

fn scalars(random: &mut ChaCha20Rng, count: usize, kind: u32) -> Vec<Fr> {
    let same = Fr::random(&mut *random);
    (0..count)
        .map(|_| match if kind == 0 { 9 } else { random.next_u32() % 10 } {
            _ if kind == 1 => same,
            0 => Fr::ZERO,
            1 => Fr::ONE,
            2 => -Fr::ONE,
            3 => Fr::from(u64::from(random.next_u32() % 300)),
            4 => -Fr::from(u64::from(random.next_u32() % 300)),
            5 => Fr::from(random.next_u64()),
            _ if kind == 2 => Fr::ZERO,
            6 => Fr::TWO_INV,
            7 => -Fr::TWO_INV,
            _ => Fr::random(&mut *random),
        })
        .collect()
}

fn small_agrees<T: Small>(level: Level, bases: &[G1Affine], scalars: &[T]) {
    let elements: Vec<Fr> = scalars.iter().map(|s| s.to_field()).collect();
    let count = bases.len().min(scalars.len());
    let expected = msm_best(&elements[..count], &bases[..count]);
    assert_eq!(msm_small_at(level, bases, scalars), expected, "{level:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn full_scalars_sum_as_in_halo2curves(seed: u64, count in 0_usize..260, point_kind in 0_u32..3, scalar_kind in 0_u32..4) {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let bases = points(&mut random, count + 3, point_kind);
        let scalars = scalars(&mut random, count, scalar_kind);
        let expected = msm_best(&scalars, &bases[..count]);
        for level in Level::comparable() {
            prop_assert_eq!(msm_at(level, &bases, &scalars), expected);
        }
    }

    #[test]
    fn small_integers_sum_as_the_scalars_they_stand_for(seed: u64, count in 0_usize..260, kind in 0_u32..3) {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let bases = points(&mut random, count + 1, kind);
        let integers: Vec<i64> = (0..count)
            .map(|_| match random.next_u32() % 5 {
                0 => i64::MIN,
                1 => i64::MAX,
                2 => 0,
                _ => random.next_u64() as i64,
            })
            .collect();
        for level in Level::comparable() {
            small_agrees(level, &bases, &integers);
            small_agrees(level, &bases, &integers.iter().map(|v| (*v >> 32) as i32).collect::<Vec<_>>());
            small_agrees(level, &bases, &integers.iter().map(|v| (*v >> 48) as i16).collect::<Vec<_>>());
            small_agrees(level, &bases, &integers.iter().map(|v| (*v >> 56) as i8).collect::<Vec<_>>());
            small_agrees(level, &bases, &integers.iter().map(|v| v.signum() as i8).collect::<Vec<_>>());
            small_agrees(level, &bases, &integers.iter().map(|v| (*v & 1) as i8).collect::<Vec<_>>());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn multiples_sum_as_their_points(seed: u64, count in 0_usize..260, missing in 0_usize..40, point_kind in 0_u32..3, scalar_kind in 0_u32..4) {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let bases = points(&mut random, count, point_kind);
        // Fewer scalars than points, or more.
        let scalars = scalars(&mut random, (count + 20).saturating_sub(missing), scalar_kind);
        let both = count.min(scalars.len());
        let expected = msm_best(&scalars[..both], &bases[..both]);
        for level in Level::comparable() {
            prop_assert_eq!(Multiples::at(level, &bases).sum(&scalars), expected);
        }
    }
}

#[test]
fn many_multiples_fill_several_tiles_on_any_number_of_threads() {
    let mut random = ChaCha20Rng::seed_from_u64(7);
    let bases = points(&mut random, 3_000, 2);
    assert_eq!(Multiples::bytes(1 << 16), 64 << 20);
    let multiples = Multiples::new(&bases);
    for kind in 0..4 {
        let scalars = scalars(&mut random, 3_000, kind);
        let expected = msm_best(&scalars, &bases);
        for threads in [1, 2, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| multiples.sum(&scalars)), expected, "{threads} threads, kind {kind}");
        }
    }
    // All digits at their ends: the largest magnitude, half windows, powers of two.
    let ends =
        [-Fr::ONE, Fr::TWO_INV, -Fr::TWO_INV, Fr::from(1 << 14), -Fr::from(1 << 14), Fr::ZERO, Fr::from(u64::MAX)];
    let scalars: Vec<Fr> = ends.iter().copied().cycle().take(3_000).collect();
    assert_eq!(multiples.sum(&scalars), msm_best(&scalars, &bases));
}

#[test]
fn long_sums_are_cut_into_parts_with_the_same_sum() {
    let mut random = ChaCha20Rng::seed_from_u64(5);
    let count = 40_000;
    let bases = points(&mut random, count, 0);
    let scalars = scalars(&mut random, count, 3);
    let bytes: Vec<i8> = (0..count).map(|_| random.next_u32() as i8).collect();
    let expected = msm_best(&scalars, &bases);
    for level in Level::comparable() {
        assert_eq!(msm_at(level, &bases, &scalars), expected, "{level:?}");
        small_agrees(level, &bases, &bytes);
    }
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| super::msm(&bases, &scalars)), expected, "{threads} threads");
        pool.install(|| small_agrees(Level::current(), &bases, &bytes));
    }
}

#[test]
fn suffix_sums_are_sums_of_what_follows() {
    let mut random = ChaCha20Rng::seed_from_u64(6);
    let bases = points(&mut random, 2_500, 2);
    let sums = suffix_sums(&bases);
    let mut sum = G1::identity();
    for (base, suffix) in bases.iter().zip(&sums).rev() {
        sum += base;
        assert_eq!(*suffix, sum.to_affine());
    }
}
