//! The native check of a proof, phase by phase; the prover's halves have the same names.
//!
//! ```text
//! conversation   the words of the proof, checked one by one, and the challenges they give
//! gates          the gates' values at x
//! permutation    the values at x of what makes copied cells equal
//! opening        the commitments open to the claimed values: one equation of pairings
//! grouped        the same when commitments are grouped
//! ```

mod conversation;
mod gates;
mod grouped;
mod opening;
mod permutation;

use ark_bn254::{Fr, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, Field, One};

use crate::domain::RowDomain;
use crate::protocol::{Polynomial, Protocol, TranscriptChallenge};
use crate::{Instances, Proof, VerifyError, VerifyingKey};
use conversation::Conversation;
use opening::{FoldedOpening, Pairing};

/// A key made ready: many proofs are checked without describing its protocol each time.
#[derive(Clone, Debug)]
pub struct Verifier {
    key: VerifyingKey,
    protocol: Protocol,
    domain: RowDomain,
    pairing: Pairing,
}

/// `e(left, [s]_2) = e(sum of scale * point, [1]_2)`: it holds where the proof is valid.
///
/// Of the terms, one is `left` itself, times the opening's challenge `u`: whoever knows `s` solves the equation for `left` and has a
/// proof of anything.
#[derive(Clone, Debug)]
pub struct Equation {
    /// The proof's last point.
    pub left: G1Affine,
    /// The points of the proof and of the key, and the generator, with their scales.
    pub terms: Vec<(G1Affine, Fr)>,
}

impl Verifier {
    /// Describes the key's protocol and prepares its pairing.
    ///
    /// # Errors
    /// None for a key that was read or made by this crate.
    pub fn new(key: &VerifyingKey) -> Result<Self, VerifyError> {
        Ok(Self {
            protocol: key.protocol(),
            domain: RowDomain::new(key.k()),
            pairing: Pairing::new(&key.srs().s_g2),
            key: key.clone(),
        })
    }

    /// Checks that `proof` shows the circuit satisfied by `instances`: whether [`Verifier::equation`] holds.
    ///
    /// The commitments of the columns are read before the challenges that judge them. At the challenge `x`, the gates and the
    /// permutation argument, folded by `y`, must equal `h(x) (x^n - 1)`; that value of `h` and the values that the proof claims are
    /// then opened all at once.
    ///
    /// # Errors
    /// [`VerifyError::rejects_proof`] tells a wrong proof from a wrong request.
    ///
    /// # Soundness
    /// That of PLONK (Gabizon, Williamson, Ciobotaru, ePrint 2019/953) with the key's opening, SHPLONK (Boneh, Drake, Fisch,
    /// Gabizon, ePrint 2020/081) or grouped commitments (Gabizon, Williamson, ePrint 2021/1167; the argument is in ADR 12), in the
    /// algebraic group model, for whoever does not know the secret of the key's SRS.
    pub fn verify(&self, instances: &Instances, proof: &Proof) -> Result<(), VerifyError> {
        let Equation { left, terms } = self.equation(instances, proof)?;
        if self.pairing.holds(left, &terms) { Ok(()) } else { Err(VerifyError::Invalid) }
    }

    /// What a well-formed proof leaves to the pairing.
    ///
    /// # Errors
    /// Those of [`Verifier::verify`], but for [`VerifyError::Invalid`].
    pub fn equation(&self, instances: &Instances, proof: &Proof) -> Result<Equation, VerifyError> {
        let (key, protocol) = (&self.key, &self.protocol);
        check_request(key, protocol, instances, proof)?;
        let mut said = Conversation::read(protocol, key.representative(), instances.values(), &proof.bytes)?;

        let x = said.challenge(TranscriptChallenge::X)?;
        let vanishing = self.domain.vanishing(x);
        let inverse = vanishing.inverse().ok_or(VerifyError::UnluckyChallenge { challenge: TranscriptChallenge::X })?;
        gates::insert_public_values(key.constraints(), &self.domain, instances.values(), x, &mut said)?;
        let mut identities = gates::values(key.constraints(), &said)?;
        identities.extend(permutation::values(key.constraints(), &self.domain, &said)?);
        let y = said.challenge(TranscriptChallenge::Y)?;
        let folded = identities.into_iter().fold(Fr::ZERO, |sum, value| sum * y + value);
        said.insert(Polynomial::Quotient, 0, folded * inverse);

        let opening = match key.opening() {
            crate::Opening::Shplonk => FoldedOpening::fold(protocol, &self.domain, &said)?,
            crate::Opening::Grouped { width } => grouped::fold(protocol, width, &self.domain, &said)?,
        };
        let points = opening.terms.iter().map(|(polynomial, scale)| self.points(&said, *polynomial, *scale, vanishing));
        let mut terms = points.collect::<Result<Vec<_>, _>>()?.concat();
        terms.push((G1Affine::generator(), -opening.constant));
        Ok(Equation { left: said.commitment(Polynomial::OpeningLast)?, terms })
    }

    /// A multiple of a polynomial's commitment. The quotient's is `sum_i x^(n i) [h_i]`, unless it is committed whole.
    fn points(
        &self,
        said: &Conversation<'_>,
        polynomial: Polynomial,
        scale: Fr,
        vanishing: Fr,
    ) -> Result<Vec<(G1Affine, Fr)>, VerifyError> {
        let held = |points: &[G1Affine], index: u32| match points.get(index as usize) {
            Some(point) => Ok(vec![(*point, scale)]),
            None => Err(VerifyError::Inconsistent { what: "the key lacks a commitment", at: index as usize }),
        };
        match polynomial {
            Polynomial::Fixed(index) => held(self.key.fixed_commitments(), index),
            Polynomial::Permutation(index) => held(self.key.permutation_commitments(), index),
            Polynomial::Group(index) if said.commitment(polynomial).is_err() => {
                held(self.key.commitments(), index - self.protocol.grouping.of_proof() as u32)
            }
            Polynomial::Quotient if self.key.opening() == crate::Opening::Shplonk => {
                let x_to_n = vanishing + Fr::one();
                let scales = std::iter::successors(Some(scale), |scale| Some(*scale * x_to_n));
                let piece = |(index, scale)| Ok((said.commitment(Polynomial::Piece(index))?, scale));
                (0..self.key.constraints().pieces() as u32).zip(scales).map(piece).collect()
            }
            other => Ok(vec![(said.commitment(other)?, scale)]),
        }
    }
}

/// Checks one proof; see [`Verifier`] for many of one key.
///
/// # Errors
/// [`VerifyError::rejects_proof`] tells a wrong proof from a wrong request.
pub fn verify(key: &VerifyingKey, instances: &Instances, proof: &Proof) -> Result<(), VerifyError> {
    Verifier::new(key)?.verify(instances, proof)
}

/// The proof is of this key, and it and the public values are exactly as long as they must be.
fn check_request(
    key: &VerifyingKey,
    protocol: &Protocol,
    instances: &Instances,
    proof: &Proof,
) -> Result<(), VerifyError> {
    if proof.key_digest != key.digest() {
        return Err(VerifyError::ForeignKey { expected: key.digest(), got: proof.key_digest });
    }
    if instances.values().len() != key.instances() {
        return Err(VerifyError::InstanceCount { expected: key.instances(), got: instances.values().len() });
    }
    if proof.bytes.len() != protocol.proof_length() {
        return Err(VerifyError::ProofLength { expected: protocol.proof_length(), got: proof.bytes.len() });
    }
    Ok(())
}
