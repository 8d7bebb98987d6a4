//! What a verifier contract depends on: the constraint system and the opening. Everything else of a key is data.

use std::collections::{BTreeMap, BTreeSet};

use assay_verifier::key::ROWS;
use assay_verifier::protocol::{Polynomial, Protocol, RotationSet, Step, last_rotation};
use assay_verifier::{CommitmentGroup, ConstraintSystem, Grouping, Opening, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::memory::WORD;
use crate::{SolidityError, calldata};

/// Most bytes of a transaction that nodes take into their pools (go-ethereum's `txMaxSize`): above it none is passed on or mined.
pub const MOST_TRANSACTION_BYTES: usize = 131_072;
/// Bytes of such a transaction beside a call of `verify`: signature, fees and addresses, and what a market's request adds.
const AROUND_A_PROOF: usize = 1_024;

/// Columns, queries, gates, copies and opening: keys that agree in these share a verifier, whatever their rows, public values and SRS.
#[derive(Clone, Debug)]
pub struct Shape {
    pub(crate) constraints: ConstraintSystem,
    pub(crate) opening: Opening,
    /// Of any number of rows, so that rotations are as the gates name them.
    pub(crate) protocol: Protocol,
    digest: [u8; 32],
}

impl Shape {
    /// The shape of a key.
    ///
    /// # Errors
    /// See [`Shape::new`].
    pub fn of(key: &VerifyingKey) -> Result<Self, SolidityError> {
        Self::new(key.k(), key.constraints(), key.opening())
    }

    /// The shape of keys for circuits of `2^k` rows, which need not be made yet.
    ///
    /// # Errors
    /// Rotations that meet in one row of the key's domain, which a verifier for any number of rows takes for two; rotations
    /// farther than half the domain, when commitments are grouped.
    pub fn new(k: u32, constraints: &ConstraintSystem, opening: Opening) -> Result<Self, SolidityError> {
        let constraints = constraints.clone();
        let encoded = postcard::to_stdvec(&constraints).map_err(SolidityError::Encoding)?;
        let tag = match opening {
            Opening::Shplonk => "assay evm shape 2, shplonk".to_owned(),
            Opening::Grouped { width } => format!("assay evm shape 2, grouped {width} "),
        };
        let digest = Sha256::new().chain_update(tag).chain_update(encoded).finalize().into();
        let protocol = Protocol::new(ROWS.1, &constraints, opening);
        if opening != Opening::Shplonk && protocol.grouping != Grouping::new(k, &constraints, opening) {
            return Err(SolidityError::DistantRotation { k });
        }
        let shape = Self { constraints, opening, protocol, digest };
        let mut rows = BTreeMap::new();
        for rotation in shape.rotations() {
            if let Some(other) = rows.insert(rotation.rem_euclid(1 << k), rotation) {
                return Err(SolidityError::RotationsMeet { one: other, other: rotation, k });
            }
        }
        Ok(shape)
    }

    /// Names the shape: SHA-256 of a tag, which holds the opening, and the constraint system.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Number of points and scalars in a proof.
    pub fn proof_shape(&self) -> (usize, usize) {
        self.protocol.shape()
    }

    /// Bytes of calldata of a call of `verify` with so many public values.
    pub fn call_bytes(&self, instances: usize) -> usize {
        let (points, scalars) = self.proof_shape();
        calldata::length(instances, WORD * (2 * points + scalars))
    }

    /// Whether a chain's nodes take a transaction with a proof of this shape and so many public values, also one to a market.
    pub fn fits_a_transaction(&self, instances: usize) -> bool {
        self.call_bytes(instances) + AROUND_A_PROOF <= MOST_TRANSACTION_BYTES
    }

    /// Rows at the end of every column that hold blinding values; halo2's count.
    pub(crate) fn blinding_rows(&self) -> usize {
        self.constraints.blinding_factors()
    }

    /// Rotation to the last usable row, where the products end.
    pub(crate) fn last(&self) -> i32 {
        last_rotation(&self.constraints)
    }

    /// Pieces of the quotient, of `2^k` coefficients each, which have a commitment each unless the quotient is committed whole.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Polynomial> {
        self.protocol.steps.iter().filter_map(|step| match step {
            Step::Commitment(piece @ Polynomial::Piece(_)) => Some(*piece),
            _ => None,
        })
    }

    /// The opened polynomials by the points they are opened at, in halo2's order; none when commitments are grouped.
    pub(crate) fn sets(&self) -> &[RotationSet] {
        &self.protocol.sets
    }

    /// The groups of a grouped opening, in the order of the transcript.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &CommitmentGroup> {
        self.protocol.grouping.groups().filter(|_| self.opening != Opening::Shplonk)
    }

    /// Where each set or group is opened.
    pub(crate) fn opened_at(&self) -> impl Iterator<Item = &[i32]> {
        let sets = self.sets().iter().map(|set| set.rotations.as_slice());
        sets.chain(self.groups().map(|group| group.rotations.as_slice()))
    }

    /// All rotations that something is opened at.
    pub(crate) fn rotations(&self) -> BTreeSet<i32> {
        // The quotient is in no group, and is opened at `x` itself.
        self.opened_at().flatten().copied().chain([0]).collect()
    }

    /// Exponents of the roots of unity that a verifier needs beside 1: the rotations of the openings, the last usable
    /// row, and the row at which each query of public values starts.
    pub(crate) fn roots(&self) -> BTreeSet<i32> {
        let starts = self.constraints.instance_queries.iter().map(|query| -query.rotation);
        let all = self.rotations().into_iter().chain([self.last(), 1]).chain(starts);
        all.filter(|rotation| *rotation != 0).collect()
    }

    /// The opened polynomials whose commitments stand in the key, in the order of opening.
    pub(crate) fn key_polynomials(&self) -> Vec<Polynomial> {
        let grouping = &self.protocol.grouping;
        if self.opening != Opening::Shplonk {
            let first = grouping.of_proof() as u32;
            return (first..).take(grouping.key.len()).map(Polynomial::Group).collect();
        }
        let members = self.sets().iter().flat_map(|set| &set.polynomials).copied();
        members.filter(|member| matches!(member, Polynomial::Fixed(_) | Polynomial::Permutation(_))).collect()
    }
}
