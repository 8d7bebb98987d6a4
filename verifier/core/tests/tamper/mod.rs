//! Changes of a proof and its public values, word by word, and two verifiers' verdicts on them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use assay_halo2::Oracle;
use assay_halo2::convert::g1_to_ark;
use assay_verifier::encoding::g1_to_bytes;
use assay_verifier::protocol::Step;
use assay_verifier::{Instances, Proof, Verifier, VerifyingKey};
use halo2curves::bn256::G1Affine;
use rand::{Rng, RngCore};

/// The native verifier and halo2's on one key.
pub(crate) struct Both {
    key: VerifyingKey,
    native: Verifier,
    oracle: Oracle,
}

impl Both {
    pub(crate) fn new(key: &VerifyingKey) -> Self {
        Self { key: key.clone(), native: Verifier::new(key).unwrap(), oracle: Oracle::new(key).unwrap() }
    }

    /// The verdict, which must be the same.
    pub(crate) fn accept(&self, instances: &Instances, proof: &Proof, what: &str) -> bool {
        let native = self.native.verify(instances, proof);
        let oracle = self.oracle.verify(instances, proof);
        assert_eq!(native.is_ok(), oracle.is_ok(), "{what}: native {native:?}, halo2 {oracle:?}");
        if let Err(error) = &native {
            let request =
                proof.bytes.len() == self.key.proof_length() && instances.values().len() == self.key.instances();
            assert!(error.rejects_proof() || !request, "{what}: {error}");
        }
        native.is_ok()
    }

    /// Both accept the proof and reject its changes, of which every `stride`-th is tried; returns how many those were.
    pub(crate) fn check(&self, instances: &Instances, proof: &Proof, stride: usize, rng: &mut impl RngCore) -> usize {
        assert!(self.accept(instances, proof, "the proof"));
        let mut count = 0;
        for (what, bytes) in changed_proofs(&self.key, &proof.bytes, rng).into_iter().step_by(stride) {
            let changed = Proof { bytes, ..proof.clone() };
            assert!(changed == *proof || !self.accept(instances, &changed, &what), "{what} was accepted");
            count += 1;
        }
        for (what, words) in changed_words(&instances.words(), rng).into_iter().step_by(stride) {
            // A word that is no field element has no verdict to compare: it is refused before any verifier.
            let Ok(changed) = Instances::from_words(&words) else { continue };
            assert!(changed == *instances || !self.accept(&changed, proof, &what), "{what} was accepted");
            count += 1;
        }
        count
    }
}

/// Points and scalars changed each by itself, and other lengths.
fn changed_proofs(key: &VerifyingKey, proof: &[u8], rng: &mut impl RngCore) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut at = 0;
    for step in key.protocol().steps {
        let length = match step {
            Step::Commitment(_) => 64,
            Step::Evaluation(_) => 32,
            Step::Challenge(_) => continue,
        };
        let mut put = |what: &str, bytes: &[u8]| {
            let mut changed = proof.to_vec();
            changed[at..at + length].copy_from_slice(bytes);
            all.push((format!("{step:?}: {what}"), changed));
        };
        let own = &proof[at..at + length];
        for word in 0..length / 32 {
            let mut next = own.to_vec();
            increment(&mut next[32 * word..32 * (word + 1)]);
            put("a word plus one", &next);
            rng.fill_bytes(&mut next[32 * word..32 * (word + 1)]);
            put("random bytes", &next);
            next[32 * word..32 * (word + 1)].fill(0xff);
            put("a word above the modulus", &next);
        }
        put("zero", &vec![0; length]);
        put("a bit less", &own.iter().enumerate().map(|(i, b)| b ^ u8::from(i + 1 == length)).collect::<Vec<_>>());
        if length == 64 {
            let generator = g1_to_ark(&G1Affine::generator());
            let random = g1_to_ark(&G1Affine::random(&mut *rng));
            put("the generator", g1_to_bytes(&generator).as_flattened());
            put("its negative", g1_to_bytes(&-generator).as_flattened());
            put("a random point", g1_to_bytes(&random).as_flattened());
            put("the first point", &proof[..64]);
            put("the last point", &proof[proof.len() - 64..]);
            put("its coordinates swapped", &[&own[32..], &own[..32]].concat());
        } else {
            let mut small = [0; 32];
            rng.fill_bytes(&mut small[1..]);
            put("a random scalar", &small);
            put("the next word", &proof[at + 32..at + 64]);
        }
        at += length;
    }
    assert_eq!(at, proof.len(), "the protocol describes the whole proof");
    let spare = [proof, &[0; 32]].concat();
    for length in [0, 1, 32, 64, proof.len() - 64, proof.len() - 32, proof.len() - 1, proof.len() + 1, proof.len() + 32]
    {
        all.push((format!("{length} bytes"), spare[..length].to_vec()));
    }
    all
}

fn changed_words(words: &[[u8; 32]], rng: &mut impl RngCore) -> Vec<(String, Vec<[u8; 32]>)> {
    let mut all = vec![("no instances".to_owned(), vec![])];
    for index in 0..words.len() {
        let mut put = |what: &str, word: [u8; 32]| {
            let mut changed = words.to_vec();
            changed[index] = word;
            all.push((format!("instance {index}: {what}"), changed));
        };
        let mut next = words[index];
        increment(&mut next);
        put("plus one", next);
        let mut random = [0; 32];
        rng.fill_bytes(&mut random[1..]);
        put("random", random);
        put("zero", [0; 32]);
        put("the first", words[0]);
        put("another", words[rng.gen_range(0..words.len())]);
        all.push((format!("without instance {index}"), [&words[..index], &words[index + 1..]].concat()));
        all.push((format!("instance {index} twice"), [&words[..=index], &words[index..]].concat()));
    }
    all
}

/// A big-endian number plus one.
fn increment(word: &mut [u8]) {
    for byte in word.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}
