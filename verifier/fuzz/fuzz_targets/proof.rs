//! Bytes that may be a proof, instances or a proof file: what reads as one writes back the same.
#![no_main]

use assay_verifier::{Instances, Proof, ProofFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = Proof::from_bytes(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
    }
    if let Ok(instances) = Instances::from_bytes(bytes) {
        assert_eq!(instances.to_bytes(), bytes);
    }
    if let Some(file) = std::str::from_utf8(bytes).ok().and_then(|text| ProofFile::from_json(text).ok()) {
        let _ = (file.proof(), file.instances(), file.graph_digest());
    }
});
