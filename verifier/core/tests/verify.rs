//! A key rebuilt from its description is halo2's key; right proofs are accepted, wrong ones are told apart.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod toy;

use assay_verifier::{Instances, Proof, Verifier, VerifyError, VerifyingKey, verify};
use halo2_proofs::plonk::{Circuit, ConstraintSystem};
use halo2curves::bn256::Fr;
use rand::Rng;
use toy::Toy;

fn example() -> Toy {
    Toy { a: [3, 0, 2, 1, 1, 2], context: Fr::from(4_711) }
}

#[test]
fn the_rebuilt_key_is_halo2s_own() {
    let (proving, key) = toy::keys(&toy::params());
    let read = VerifyingKey::from_bytes(key.bytes()).unwrap();
    assert_eq!(read, key);
    let rebuilt = read.to_halo2().unwrap();
    assert_eq!(rebuilt.transcript_repr(), proving.get_vk().transcript_repr());
    assert_eq!(format!("{:?}", rebuilt.pinned()), format!("{:?}", proving.get_vk().pinned()));
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
    let long = Instances::from([instances.values(), &[Fr::zero()]].concat());
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
    for point in [infinity, off_curve, above] {
        let mut changed = proof.clone();
        changed.bytes[..64].copy_from_slice(&point);
        assert!(matches!(verify(&key, &instances, &changed), Err(VerifyError::MalformedProof(_))));
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
        assert!(matches!(verify(&key, &instances, &changed), Err(VerifyError::MalformedProof(_))), "scalar {scalar}");
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
        values[index] += Fr::one();
        assert!(matches!(verify(&key, &Instances::from(values), &proof), Err(VerifyError::Invalid)), "{index}");
    }
}

#[test]
fn circuits_a_key_cannot_describe_are_refused_by_name() {
    let refusal = |configure: fn(&mut ConstraintSystem<Fr>)| {
        let mut cs = ConstraintSystem::default();
        Toy::configure(&mut cs);
        configure(&mut cs);
        assay_verifier::ConstraintSystem::from_halo2(&cs).unwrap_err().to_string()
    };
    let lookup = refusal(|cs| {
        let (advice, table) = (cs.advice_column(), cs.lookup_table_column());
        cs.lookup("bytes", |_| vec![(advice.cur(), table)]);
    });
    assert!(lookup.contains("lookup argument"), "{lookup}");
    let selector = refusal(|cs| {
        cs.selector();
    });
    assert!(selector.contains("selectors"), "{selector}");
    let instance = refusal(|cs| {
        cs.instance_column();
    });
    assert!(instance.contains("instance columns in 1..=1, got 2"), "{instance}");
    let degree = refusal(|cs| cs.set_minimum_degree(4));
    assert!(degree.contains("degree"), "{degree}");
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
