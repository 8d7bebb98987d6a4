//! The stock prover behind the keys: what it proves verifies, and keys that do not belong are refused.

use crate::toy::{self, Toy};
use assay_halo2::convert::instances as public;
use assay_prover::stock::{generate_keys, prove_circuit, rebuild_proving_key};
use assay_prover::{PUBLISHED_SEED, ProverError, Srs};
use assay_verifier::verify;

#[test]
fn a_rebuilt_proving_key_proves_what_the_first_one_proves() {
    let srs = Srs::insecure(toy::K, PUBLISHED_SEED).unwrap();
    let example = Toy { a: [3, 0, 2, 1, 1, 2], context: 5.into() };
    let instances = public(&example.instances());
    let (key, proving) = generate_keys(&srs, &Toy::default(), 8, [7; 32]).unwrap();
    let rebuilt = rebuild_proving_key(&srs, &Toy::default(), &key).unwrap();
    for proving in [proving, rebuilt] {
        let proof = prove_circuit(&srs, &proving, &key, &example, &instances, toy::rng(1)).unwrap();
        verify(&key, &instances, &proof).unwrap();
    }
}

#[test]
fn a_false_statement_gives_a_proof_that_does_not_verify() {
    let srs = Srs::insecure(toy::K, PUBLISHED_SEED).unwrap();
    let (key, proving) = generate_keys(&srs, &Toy::default(), 8, [7; 32]).unwrap();
    let example = Toy { a: [3, 0, 2, 1, 1, 2], context: 5.into() };
    let mut claimed = example.instances();
    claimed[6] += halo2curves::bn256::Fr::one();
    let claimed = public(&claimed);
    let proof = prove_circuit(&srs, &proving, &key, &example, &claimed, toy::rng(1)).unwrap();
    assert!(verify(&key, &claimed, &proof).unwrap_err().rejects_proof());
}

#[test]
fn a_key_of_another_srs_is_refused_by_digest() {
    let srs = Srs::insecure(toy::K, PUBLISHED_SEED).unwrap();
    let other = Srs::insecure(toy::K, [1; 32]).unwrap();
    let (key, proving) = generate_keys(&srs, &Toy::default(), 8, [7; 32]).unwrap();
    let refused = rebuild_proving_key(&other, &Toy::default(), &key);
    assert!(matches!(refused, Err(ProverError::ForeignSrs { expected, got })
        if expected == srs.digest() && got == other.digest()));
    let larger = Srs::insecure(toy::K + 1, PUBLISHED_SEED).unwrap();
    assert!(matches!(rebuild_proving_key(&larger, &Toy::default(), &key), Err(ProverError::SrsMismatch { .. })));
    let short = public(&[]);
    let refused = prove_circuit(&srs, &proving, &key, &Toy::default(), &short, toy::rng(1));
    assert!(matches!(refused, Err(ProverError::InstanceCount { expected: 8, got: 0 })));
}

#[test]
fn the_toys_own_keys_are_the_generated_ones() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let example = Toy { a: [1; 6], context: 9.into() };
    let (instances, proof) = toy::prove(&params, &proving, &key, &example, 4);
    verify(&key, &instances, &proof).unwrap();
    assert_eq!(
        key.constraints(),
        generate_keys(&Srs::insecure(toy::K, PUBLISHED_SEED).unwrap(), &example, 8, [7; 32]).unwrap().0.constraints()
    );
}
