//! Every level's vector operations against halo2curves' arithmetic, one element at a time.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::{Small, elements, integers, inversion};
use crate::level::Level;
use crate::raw::{limbs, limbs_mut, scalar, scalar_limbs};

/// Random elements between the ones at which carries and reductions turn.
fn elements_of(seed: u64, count: usize) -> Vec<Fr> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| match random.next_u32() % 8 {
            0 => Fr::ZERO,
            1 => Fr::ONE,
            2 => -Fr::ONE,
            3 => scalar([u64::from(random.next_u32() % 3), 0, 0, 0]),
            4 => -scalar([u64::from(random.next_u32() % 3), 0, 0, 0]),
            _ => Fr::random(&mut random),
        })
        .collect()
}

fn integers_of(seed: u64, count: usize) -> Vec<i64> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| match random.next_u32() % 6 {
            0 => i64::MIN,
            1 => i64::MAX,
            2 => 0,
            _ => random.next_u64() as i64 >> (random.next_u32() % 64),
        })
        .collect()
}

fn small_agrees<T: Small>(level: Level, a: &[Fr], scale: Fr, values: &[T]) -> Result<(), TestCaseError> {
    let mut out = a.to_vec();
    integers::add_scaled(level, &mut out, scale, values);
    let expected: Vec<Fr> = a.iter().zip(values).map(|(a, v)| a + scale * v.to_field()).collect();
    prop_assert_eq!(&out, &expected);
    let expected: Fr = a.iter().zip(values).map(|(a, v)| a * v.to_field()).sum();
    prop_assert_eq!(integers::dot(level, limbs(a), values), expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn elementwise_operations_agree_at_every_level(seed: u64, count in 0_usize..70) {
        let (a, b) = (elements_of(seed, count), elements_of(seed ^ 1, count));
        let s = elements_of(seed ^ 2, 1)[0];
        for level in Level::comparable() {
            let apply = |work: &dyn Fn(&mut [Fr])| { let mut out = a.clone(); work(&mut out); out };
            let expect = |one: &dyn Fn(Fr, Fr) -> Fr| -> Vec<Fr> { a.iter().zip(&b).map(|(a, b)| one(*a, *b)).collect() };
            prop_assert_eq!(apply(&|o| elements::multiply(level, limbs_mut(o), limbs(&b))), expect(&|a, b| a * b));
            prop_assert_eq!(apply(&|o| elements::add(level, limbs_mut(o), limbs(&b))), expect(&|a, b| a + b));
            prop_assert_eq!(apply(&|o| elements::scale(level, limbs_mut(o), scalar_limbs(s))), expect(&|a, _| a * s));
            let scaled = apply(&|o| elements::add_scaled(level, limbs_mut(o), scalar_limbs(s), limbs(&b)));
            prop_assert_eq!(scaled, expect(&|a, b| a + s * b));
            let inverted = apply(&|o| inversion::invert(level, limbs_mut(o)));
            prop_assert_eq!(inverted, expect(&|a, _| a.invert().unwrap_or(Fr::ZERO)));
            let dot: Fr = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            prop_assert_eq!(scalar(elements::dot(level, limbs(&a), limbs(&b))), dot);
            let powers = apply(&|o| elements::powers(level, limbs_mut(o), scalar_limbs(s), scalar_limbs(s)));
            prop_assert_eq!(powers, (1..=count as u64).map(|i| s.pow([i])).collect::<Vec<_>>());
        }
    }

    #[test]
    fn small_integers_act_as_the_elements_they_stand_for(seed: u64, count in 0_usize..70) {
        let (a, values) = (elements_of(seed, count), integers_of(seed ^ 1, count));
        let s = elements_of(seed ^ 2, 1)[0];
        for level in Level::comparable() {
            small_agrees(level, &a, s, &values)?;
            small_agrees(level, &a, s, &values.iter().map(|v| *v as i32).collect::<Vec<_>>())?;
            small_agrees(level, &a, s, &values.iter().map(|v| *v as i16).collect::<Vec<_>>())?;
            small_agrees(level, &a, s, &values.iter().map(|v| *v as i8).collect::<Vec<_>>())?;
        }
    }

    #[test]
    fn bytes_fold_as_a_sum_over_lanes(seed: u64, count in 0_usize..200, lanes in 0_usize..9) {
        let a = elements_of(seed, count);
        let scales = elements_of(seed ^ 1, lanes);
        let bytes: Vec<Vec<i8>> = (0..lanes)
            .map(|j| integers_of(seed ^ (2 + j as u64), count.saturating_sub(7 * j)).iter().map(|v| *v as i8).collect())
            .collect();
        let views: Vec<&[i8]> = bytes.iter().map(Vec::as_slice).collect();
        let expected: Vec<Fr> = (0..count)
            .map(|i| {
                let terms = scales.iter().zip(&bytes).filter_map(|(s, lane)| Some(s * lane.get(i)?.to_field()));
                a[i] + terms.sum::<Fr>()
            })
            .collect();
        for level in Level::comparable() {
            let mut out = a.clone();
            integers::fold_bytes(level, &mut out, &scales, &views);
            prop_assert_eq!(&out, &expected);
        }
    }
}

#[test]
fn long_vectors_are_cut_into_the_same_sums() {
    let count = 10_000;
    let (a, b) = (elements_of(1, count), elements_of(2, count));
    let bytes: Vec<i8> = integers_of(3, count).iter().map(|v| *v as i8).collect();
    let s = Fr::from(7).invert().unwrap();
    assert_eq!(super::dot(&a, &b), a.iter().zip(&b).map(|(a, b)| a * b).sum());
    assert_eq!(super::dot_small(&a, &bytes), a.iter().zip(&bytes).map(|(a, b)| a * b.to_field()).sum());
    assert_eq!(super::powers(s, count)[count - 1], s.pow([count as u64 - 1]));
    let mut folded = a.clone();
    super::fold_bytes(&mut folded, &[s, -s], &[&bytes, &bytes[..5]]);
    assert_eq!(folded[5], a[5] + s * bytes[5].to_field());
    assert_eq!(folded[..5], a[..5]);
    let mut scaled = a.clone();
    super::add_scaled_small(&mut scaled, s, &bytes);
    assert_eq!(scaled, a.iter().zip(&bytes).map(|(a, v)| a + s * v.to_field()).collect::<Vec<_>>());
    let mut inverted = a.clone();
    super::invert(&mut inverted);
    super::multiply(&mut inverted, &a);
    assert!(inverted.iter().zip(&a).all(|(one, a)| *one == if *a == Fr::ZERO { Fr::ZERO } else { Fr::ONE }));
}
