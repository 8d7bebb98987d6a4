//! A key, public values and a proof of strangers: the check ends without a panic.
//!
//! Input: two bytes of length, the key, its public values as words, the proof.
#![no_main]

use assay_verifier::{Instances, Proof, VerifyingKey, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return };
    let Some((key, rest)) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length))) else { return };
    let Ok(key) = VerifyingKey::from_bytes(key) else { return };
    let Some((words, proof)) = rest.split_at_checked(32 * key.instances()) else { return };
    let Ok(instances) = Instances::from_words(words.as_chunks::<32>().0) else { return };
    let proof = Proof { key_digest: key.digest(), bytes: proof.to_vec() };
    let _ = verify(&key, &instances, &proof);
});
