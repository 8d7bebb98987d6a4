//! An SRS is what it says: powers of one secret, named by a digest, marked when insecure.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use assay_prover::{PUBLISHED_SEED, ProverError, Srs};
use halo2_proofs::SerdeFormat;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::Curve;
use halo2curves::serde::SerdeObject;
use proptest::prelude::*;
use std::sync::LazyLock;

const K: u32 = 5;

static SRS: LazyLock<Srs> = LazyLock::new(|| Srs::insecure(K, PUBLISHED_SEED).unwrap());
static SAVED: LazyLock<Vec<u8>> = LazyLock::new(|| SRS.to_bytes().unwrap());

fn raw(params: &ParamsKZG<Bn256>) -> Vec<u8> {
    let mut bytes = vec![];
    params.write_custom(&mut bytes, SerdeFormat::RawBytes).unwrap();
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    Srs::import_halo2_raw(bytes).unwrap_err().to_string()
}

/// Offset of the i-th power, and of the i-th Lagrange point, in halo2's raw file.
fn power(i: usize) -> usize {
    4 + 64 * i
}
fn lagrange(i: usize) -> usize {
    power(1 << K) + 64 * i
}

#[test]
fn a_saved_srs_is_read_back_with_its_mark_and_digest() {
    let read = Srs::from_bytes(&SAVED).unwrap();
    assert_eq!((read.k(), read.is_insecure(), read.digest()), (K, true, SRS.digest()));
    assert_eq!(read.to_bytes().unwrap(), *SAVED);
}

#[test]
fn generation_depends_on_the_seed_alone() {
    assert_eq!(Srs::insecure(K, PUBLISHED_SEED).unwrap().to_bytes().unwrap(), *SAVED);
    assert_eq!(Srs::insecure(K + 2, PUBLISHED_SEED).unwrap().digest(), SRS.digest(), "the digest names the ceremony");
    assert_ne!(Srs::insecure(K, [1; 32]).unwrap().digest(), SRS.digest());
}

#[test]
fn a_truncated_srs_is_the_small_one() {
    let large = Srs::insecure(K + 2, PUBLISHED_SEED).unwrap();
    assert_eq!(large.truncated(K).unwrap().to_bytes().unwrap(), *SAVED);
    assert!(matches!(large.truncated(K + 3), Err(ProverError::SrsSize { most, .. }) if most == K + 2));
}

#[test]
fn raw_parameters_of_halo2_are_imported_unmarked() {
    let imported = Srs::import_halo2_raw(&raw(SRS.params())).unwrap();
    assert!(!imported.is_insecure());
    assert_eq!(imported.digest(), SRS.digest());
    assert_eq!(raw(imported.params()), raw(SRS.params()));
}

#[test]
fn any_wrong_power_or_lagrange_point_is_found() {
    let good = raw(SRS.params());
    let other: G1Affine = (G1Affine::generator() * Fr::from(99)).to_affine();
    for i in 0..1 << K {
        for (at, what) in [(power(i), "power"), (lagrange(i), "Lagrange")] {
            let mut bad = good.clone();
            bad[at..at + 64].copy_from_slice(&other.to_raw_bytes());
            assert!(Srs::import_halo2_raw(&bad).is_err(), "{what} {i}");
        }
    }
    let mut swapped = good.clone();
    swapped[lagrange(2)..lagrange(4)].rotate_left(64);
    assert!(refusal(&swapped).contains("Lagrange"));
}

#[test]
fn powers_scaled_by_a_constant_or_of_two_secrets_are_found() {
    let mut scaled = raw(SRS.params());
    for i in 1..1 << K {
        let at = power(i);
        let point = G1Affine::from_raw_bytes(&scaled[at..at + 64]).unwrap();
        scaled[at..at + 64].copy_from_slice(&(point * Fr::from(2)).to_affine().to_raw_bytes());
    }
    assert!(refusal(&scaled).contains("not of one secret"));
    let mut mixed = raw(SRS.params());
    let other = raw(Srs::insecure(K, [1; 32]).unwrap().params());
    let last = mixed.len() - 128;
    mixed[last..].copy_from_slice(&other[last..]);
    assert!(refusal(&mixed).contains("not of one secret"));
}

#[test]
fn points_off_the_curve_foreign_generators_and_wrong_lengths_are_named() {
    let good = raw(SRS.params());
    let mut off_curve = good.clone();
    off_curve[power(3)] ^= 1;
    assert!(refusal(&off_curve).contains("off the curve"));
    let mut foreign = good.clone();
    let (first, second) = (power(0)..power(1), power(1)..power(2));
    foreign.copy_within(second, first.start);
    assert!(refusal(&foreign).contains("standard generators"));
    assert!(refusal(&good[..good.len() - 1]).contains("truncated"));
    assert!(refusal(&[0xff; 4]).contains("k in 1..=26"));
    assert!(refusal(&[20, 0, 0, 0]).contains("expected 134217988 bytes for k = 20"));
}

#[test]
fn a_damaged_file_is_refused() {
    for at in [0, 7, 8, 9, 12, 200, SAVED.len() - 40, SAVED.len() - 1] {
        let mut damaged = SAVED.clone();
        damaged[at] ^= 1;
        assert!(Srs::from_bytes(&damaged).is_err(), "byte {at}");
    }
    assert!(Srs::from_bytes(&SAVED[..SAVED.len() - 1]).is_err());
}

#[test]
fn a_random_secret_passes_the_checks() {
    let seed = Fr::random(rand::thread_rng()).to_raw_bytes().try_into().unwrap();
    Srs::import_halo2_raw(&raw(Srs::insecure(4, seed).unwrap().params())).unwrap();
}

proptest! {
    #[test]
    fn bytes_of_strangers_never_panic(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        k in 0u8..40,
        at in 0usize..4000,
        patch in any::<u8>(),
    ) {
        let _ = Srs::from_bytes(&noise);
        let _ = Srs::import_halo2_raw(&noise);
        let framed = [b"ASSAYSR1\x00".as_slice(), &[k, 0, 0, 0], &noise].concat();
        prop_assert!(Srs::from_bytes(&framed).is_err());
        let mut patched = raw(SRS.params());
        let at = at % patched.len();
        let changed = patched[at] != patch;
        patched[at] = patch;
        prop_assert_eq!(Srs::import_halo2_raw(&patched).is_err(), changed, "byte {}", at);
    }
}
