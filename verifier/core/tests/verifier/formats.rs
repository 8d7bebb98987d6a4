//! Formats round-trip, refuse what is not theirs, and never panic on bytes of strangers.

use crate::toy;
use ark_bn254::Fr;
use assay_verifier::{Instances, Proof, ProofFile, Verifier, VerifyError, VerifyingKey};
use proptest::prelude::*;
use std::sync::LazyLock;

use crate::hostile::well_formed;

static PROVED: LazyLock<(VerifyingKey, Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let toy = toy::Toy { a: [3, 0, 2, 1, 1, 2], context: 4_711.into() };
    let (instances, proof) = toy::prove(&params, &proving, &key, &toy, 2);
    (key, instances.to_bytes(), proof.to_bytes())
});
static KEY: LazyLock<VerifyingKey> = LazyLock::new(|| PROVED.0.clone());

/// Bytes that are arbitrary, arbitrary after a right magic, or a real artifact with one stretch overwritten.
fn stranger(magic: &'static [u8], real: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let noise = || prop::collection::vec(any::<u8>(), 0..400);
    let framed = noise().prop_map(move |noise| [magic, &noise].concat());
    let patched =
        (0..real.len(), prop::collection::vec(any::<u8>(), 1..6), any::<bool>()).prop_map(move |(at, patch, cut)| {
            let mut bytes = real.to_vec();
            let end = (at + patch.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&patch[..end - at]);
            if cut {
                bytes.truncate(end);
            }
            bytes
        });
    prop_oneof![1 => noise(), 2 => framed, 5 => patched]
}

fn real_key() -> &'static [u8] {
    KEY.bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn keys_of_strangers_never_panic(bytes in stranger(b"ASSAYVK4", real_key())) {
        if let Ok(key) = VerifyingKey::from_bytes(&bytes) {
            prop_assert_eq!(key.bytes(), bytes.as_slice());
            let verifier = Verifier::new(&key).unwrap();
            let instances = Instances::from(vec![Fr::from(1); key.instances()]);
            prop_assert!(verifier.verify(&instances, &well_formed(&key, 1)).is_err());
        }
    }

    #[test]
    fn proofs_and_instances_of_strangers_never_panic(
        proof in stranger(b"ASSAYPF1", &PROVED.2),
        instances in stranger(b"ASSAYIN1", &PROVED.1),
        text in ".*",
    ) {
        if let Ok(read) = Proof::from_bytes(&proof) {
            prop_assert_eq!(read.to_bytes(), proof);
        }
        if let Ok(read) = Instances::from_bytes(&instances) {
            prop_assert_eq!(read.to_bytes(), instances);
        }
        prop_assert!(ProofFile::from_json(&text).is_err());
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_proof_of_arbitrary_words_never_panics(seed in any::<u64>()) {
        let proof = well_formed(&KEY, seed);
        let instances = Instances::from(vec![Fr::from(1); KEY.instances()]);
        prop_assert!(matches!(Verifier::new(&KEY).unwrap().verify(&instances, &proof), Err(VerifyError::Invalid)));
    }
}

#[test]
fn a_file_of_another_kind_or_version_is_named() {
    let error = VerifyingKey::from_bytes(b"ASSAYPF1....").unwrap_err();
    assert!(error.to_string().starts_with("not a verifying key"), "{error}");
    let error = VerifyingKey::from_bytes(b"ASSAYVK7....").unwrap_err();
    assert!(matches!(error, VerifyError::Version { expected: '4', got: '7', .. }), "{error}");
    assert!(matches!(VerifyingKey::from_bytes(b""), Err(VerifyError::Magic { .. })));
}

#[test]
fn every_truncation_of_a_key_is_refused() {
    for length in 0..KEY.bytes().len() {
        assert!(VerifyingKey::from_bytes(&KEY.bytes()[..length]).is_err(), "{length}");
    }
    let long = [KEY.bytes(), &[0]].concat();
    assert!(matches!(VerifyingKey::from_bytes(&long), Err(VerifyError::TrailingBytes { got: 1, .. })));
}

#[test]
fn a_proof_file_round_trips_and_refuses_foreign_fields() {
    let instances = Instances::from(vec![Fr::from(5); 8]);
    let proof = Proof { key_digest: KEY.digest(), bytes: vec![1, 2, 3] };
    let json = ProofFile::new(&KEY, &instances, &proof).to_json().unwrap();
    let file = ProofFile::from_json(&json).unwrap();
    assert_eq!((file.proof().unwrap(), file.instances().unwrap()), (proof, instances));
    assert_eq!(file.graph_digest().unwrap(), KEY.graph_digest());
    let other = json.replace("\"version\": 2", "\"version\": 1");
    assert!(matches!(ProofFile::from_json(&other), Err(VerifyError::Version { .. })));
    assert!(
        ProofFile::from_json(&json.replace('{', "{\"insecure\": false,")).is_err(),
        "a proof does not judge its SRS"
    );
    let cut = ProofFile::from_json(&json.replace("0x010203", "0x01020")).unwrap();
    assert!(matches!(cut.proof(), Err(VerifyError::Hexadecimal { field: "proof", .. })));
}
