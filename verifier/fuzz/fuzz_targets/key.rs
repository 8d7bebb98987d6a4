//! Bytes that may be a verifying key: what reads as one writes back the same and says what its proofs are.
#![no_main]

use assay_verifier::{Verifier, VerifyingKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = VerifyingKey::from_bytes(bytes) {
        assert_eq!(key.bytes(), bytes);
        assert_eq!(key.proof_length(), key.protocol().proof_length());
        Verifier::new(&key).expect("a key that was read can be used");
    }
});
