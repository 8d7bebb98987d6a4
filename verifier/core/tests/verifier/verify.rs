//! Right proofs are accepted, wrong ones are told apart and say which word is wrong.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use crate::toy::{self, Toy};
use ark_bn254::Fr as Scalar;
use assay_verifier::protocol::Polynomial;
use assay_verifier::{Instances, Proof, Verifier, VerifyError, verify};
use halo2curves::bn256::Fr;
use rand::Rng;

fn example() -> Toy {
    Toy { a: [3, 0, 2, 1, 1, 2], context: Fr::from(4_711) }
}

#[test]
fn a_proof_is_accepted_and_has_the_predicted_length() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let (instances, proof) = toy::prove(&params, &proving, &key, &example(), 2);
    assert_eq!(proof.bytes.len(), key.proof_length());
    verify(&key, &instances, &proof).unwrap();
    assert_eq!(Proof::from_bytes(&proof.to_bytes()).unwrap(), proof);
    assert_eq!(Instances::from_bytes(&instances.to_bytes()).unwrap(), instances);
}

#[test]
fn every_changed_byte_of_proof_or_instances_is_rejected() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let (instances, proof) = toy::prove(&params, &proving, &key, &example(), 2);
    let verifier = Verifier::new(&key).unwrap();
    let mut rng = toy::rng(3);
    for _ in 0..200 {
        let mut changed = proof.clone();
        let at = rng.gen_range(0..changed.bytes.len());
        changed.bytes[at] ^= rng.gen_range(1..=255u8);
        let error = verifier.verify(&instances, &changed).unwrap_err();
        assert!(error.rejects_proof(), "byte {at}: {error}");

        let mut words = instances.words();
        let (word, at) = (rng.gen_range(0..words.len()), rng.gen_range(0..32));
        words[word][at] ^= rng.gen_range(1..=255u8);
        let outcome = Instances::from_words(&words).and_then(|changed| verifier.verify(&changed, &proof));
        assert!(outcome.unwrap_err().rejects_proof(), "instance {word}, byte {at}");
    }
}

#[test]
fn a_wrong_request_is_told_from_a_wrong_proof() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let (instances, proof) = toy::prove(&params, &proving, &key, &example(), 2);

    let foreign = Proof { key_digest: [1; 32], ..proof.clone() };
    let error = verify(&key, &instances, &foreign).unwrap_err();
    assert!(matches!(error, VerifyError::ForeignKey { .. }) && !error.rejects_proof());

    let short = Instances::from(instances.values()[1..].to_vec());
    let error = verify(&key, &short, &proof).unwrap_err();
    assert!(matches!(error, VerifyError::InstanceCount { expected: 8, got: 7 }) && !error.rejects_proof());
    let long = Instances::from([instances.values(), &[Scalar::from(0)]].concat());
    assert!(matches!(verify(&key, &long, &proof), Err(VerifyError::InstanceCount { .. })));

    for bytes in [&proof.bytes[1..], &[proof.bytes.as_slice(), &[0]].concat(), &[]] {
        let cut = Proof { bytes: bytes.to_vec(), ..proof.clone() };
        let error = verify(&key, &instances, &cut).unwrap_err();
        assert!(matches!(error, VerifyError::ProofLength { .. }) && error.rejects_proof());
    }
}

#[test]
fn points_at_infinity_off_the_curve_or_above_the_modulus_are_malformed() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let (instances, proof) = toy::prove(&params, &proving, &key, &example(), 2);
    let modulus = hex_word("30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47");
    let infinity = [0; 64];
    let off_curve = [1; 64];
    let above: [u8; 64] = [[modulus, proof.bytes[32..64].try_into().unwrap()]].concat().concat().try_into().unwrap();
    for (point, expected) in [(infinity, "infinity"), (off_curve, "off the curve"), (above, "above the modulus")] {
        for (index, at) in [(0, 0), (1, 64), (2, 128)] {
            let mut changed = proof.clone();
            changed.bytes[at..at + 64].copy_from_slice(&point);
            let error = verify(&key, &instances, &changed).unwrap_err();
            let VerifyError::MalformedPoint { index: got, polynomial, fault } = error else { panic!("{error}") };
            assert_eq!((got, polynomial), (index, Polynomial::Advice(index as u32)));
            assert!(fault.contains(expected), "{fault}");
        }
        let mut changed = proof.clone();
        let last = changed.bytes.len() - 64;
        changed.bytes[last..].copy_from_slice(&point);
        let error = verify(&key, &instances, &changed).unwrap_err();
        assert!(matches!(error, VerifyError::MalformedPoint { polynomial: Polynomial::OpeningLast, .. }), "{error}");
    }
}

#[test]
fn a_scalar_plus_the_modulus_is_malformed() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let (instances, proof) = toy::prove(&params, &proving, &key, &example(), 2);
    let (points, scalars) = key.proof_shape();
    let first = 64 * (points - 2);
    let modulus = hex_word("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001");
    for scalar in 0..scalars {
        let at = first + 32 * scalar;
        let mut changed = proof.clone();
        let word: [u8; 32] = changed.bytes[at..at + 32].try_into().unwrap();
        changed.bytes[at..at + 32].copy_from_slice(&add(word, modulus));
        let error = verify(&key, &instances, &changed).unwrap_err();
        assert!(matches!(error, VerifyError::MalformedScalar { index, .. } if index == scalar), "{scalar}: {error}");
    }
    let words = vec![modulus; 8];
    assert!(matches!(Instances::from_words(&words), Err(VerifyError::InstanceRange { index: 0, .. })));
}

#[test]
fn a_proof_of_other_outputs_or_another_context_is_invalid() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let (instances, proof) = toy::prove(&params, &proving, &key, &example(), 2);
    for index in 0..instances.values().len() {
        let mut values = instances.values().to_vec();
        values[index] += Scalar::from(1);
        assert!(matches!(verify(&key, &Instances::from(values), &proof), Err(VerifyError::Invalid)), "{index}");
    }
}

fn hex_word(text: &str) -> [u8; 32] {
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

fn add(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    let mut sum = [0; 32];
    for i in (0..32).rev() {
        let total = u16::from(a[i]) + u16::from(b[i]) + carry;
        sum[i] = total as u8;
        carry = total >> 8;
    }
    sum
}
