//! The words of a proof, checked one by one, and the challenges they give.

use std::collections::BTreeMap;

use ark_bn254::{Fr, G1Affine};
use ark_ec::AffineRepr;

use crate::VerifyError;
use crate::encoding::{g1_from_bytes, scalar_from_bytes, scalar_to_bytes};
use crate::protocol::{Evaluation, Polynomial, Protocol, Step, TranscriptChallenge};
use crate::transcript::Transcript;

/// What prover and verifier have said.
pub(super) struct Conversation<'a> {
    protocol: &'a Protocol,
    commitments: BTreeMap<Polynomial, G1Affine>,
    values: BTreeMap<Evaluation, Fr>,
    challenges: BTreeMap<TranscriptChallenge, Fr>,
}

impl<'a> Conversation<'a> {
    /// Reads a proof. Every point is on the curve and not at infinity, every word below its modulus, and no byte is left over.
    pub(super) fn read(
        protocol: &'a Protocol,
        representative: Fr,
        instances: &[Fr],
        proof: &[u8],
    ) -> Result<Self, VerifyError> {
        let length = || VerifyError::ProofLength { expected: protocol.proof_length(), got: proof.len() };
        let (words, spare) = proof.as_chunks::<32>();
        let mut words = words.iter();
        let mut transcript = Transcript::new();
        transcript.absorb(&[scalar_to_bytes(&representative)]);
        for value in instances {
            transcript.absorb(&[scalar_to_bytes(value)]);
        }
        let mut said =
            Self { protocol, commitments: BTreeMap::new(), values: BTreeMap::new(), challenges: BTreeMap::new() };
        for step in &protocol.steps {
            match *step {
                Step::Commitment(polynomial) => {
                    let point = [*words.next().ok_or_else(length)?, *words.next().ok_or_else(length)?];
                    let index = said.commitments.len();
                    let malformed = |fault| VerifyError::MalformedPoint { index, polynomial, fault };
                    let read = g1_from_bytes(&point).ok_or_else(|| malformed("above the modulus or off the curve"))?;
                    if read.is_zero() {
                        return Err(malformed("the point at infinity"));
                    }
                    transcript.absorb(&point);
                    said.commitments.insert(polynomial, read);
                }
                Step::Evaluation(value) => {
                    let word = words.next().ok_or_else(length)?;
                    let Evaluation { polynomial, rotation } = value;
                    let index = said.values.len();
                    let malformed = || VerifyError::MalformedScalar { index, polynomial, rotation };
                    let read = scalar_from_bytes(word).ok_or_else(malformed)?;
                    transcript.absorb(&[*word]);
                    said.insert(polynomial, rotation, read);
                }
                Step::Challenge(challenge) => {
                    said.challenges.insert(challenge, transcript.challenge());
                }
            }
        }
        if spare.is_empty() && words.next().is_none() { Ok(said) } else { Err(length()) }
    }

    /// Adds a value that the verifier has computed.
    pub(super) fn insert(&mut self, polynomial: Polynomial, rotation: i32, value: Fr) {
        let rotation = self.protocol.nearest(rotation);
        self.values.insert(Evaluation { polynomial, rotation }, value);
    }

    pub(super) fn commitment(&self, polynomial: Polynomial) -> Result<G1Affine, VerifyError> {
        self.commitments.get(&polynomial).copied().ok_or(unsaid("a commitment"))
    }

    pub(super) fn value(&self, polynomial: impl Into<Polynomial>, rotation: i32) -> Result<Fr, VerifyError> {
        let rotation = self.protocol.nearest(rotation);
        self.values.get(&Evaluation { polynomial: polynomial.into(), rotation }).copied().ok_or(unsaid("a value"))
    }

    pub(super) fn challenge(&self, challenge: TranscriptChallenge) -> Result<Fr, VerifyError> {
        self.challenges.get(&challenge).copied().ok_or(unsaid("a challenge"))
    }
}

/// No checked key leads here: its protocol says everything that the check reads.
fn unsaid(what: &'static str) -> VerifyError {
    VerifyError::Inconsistent { what, at: 0 }
}
