//! The native verifier against halo2's own on the same bytes: both accept, or both reject.

use crate::tamper::Both;
use crate::toy::{self, Toy};
use assay_verifier::{Instances, Proof};
use halo2curves::bn256::Fr;
use rand::Rng;

#[test]
fn both_accept_a_proof_and_reject_every_change_of_it() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let both = Both::new(&key);
    let mut rng = toy::rng(11);
    let mut changes = 0;
    for seed in 0..8 {
        let toy = Toy { a: std::array::from_fn(|_| rng.gen_range(0..4)), context: Fr::from(rng.r#gen::<u64>()) };
        let (instances, proof) = toy::prove(&params, &proving, &key, &toy, seed);
        changes += both.check(&instances, &proof, 1, &mut rng);
    }
    assert!(changes > 2_000, "{changes} changes");
}

#[test]
fn both_reject_the_words_of_two_proofs_mixed() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let both = Both::new(&key);
    let toy = Toy { a: [3, 0, 2, 1, 1, 2], context: Fr::from(4_711) };
    let (instances, proof) = toy::prove(&params, &proving, &key, &toy, 1);
    let (_, other) = toy::prove(&params, &proving, &key, &toy, 2);
    assert!(both.accept(&instances, &other, "the other proof"));
    for word in 1..proof.bytes.len() / 32 {
        let bytes = [&proof.bytes[..32 * word], &other.bytes[32 * word..]].concat();
        let mixed = Proof { bytes, ..proof.clone() };
        assert!(!both.accept(&instances, &mixed, &format!("mixed from word {word} on")));
    }
}

#[test]
fn both_reject_a_proof_of_a_false_statement() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let both = Both::new(&key);
    // 4 is out of range: the proof is made all the same, and shows nothing.
    let toy = Toy { a: [4, 0, 2, 1, 1, 2], context: Fr::from(4_711) };
    let (instances, proof) = toy::prove(&params, &proving, &key, &toy, 1);
    assert!(!both.accept(&instances, &proof, "a value out of range"));
    let foreign = Proof { key_digest: [1; 32], ..proof };
    assert!(!both.accept(&Instances::from(vec![]), &foreign, "another key"));
}
