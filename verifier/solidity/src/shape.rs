//! What a verifier contract depends on: the constraint system and the opening. Everything else of a key is data.

use std::collections::{BTreeMap, BTreeSet};

use assay_verifier::key::ROWS;
use assay_verifier::protocol::{self, Protocol, last_rotation};
use assay_verifier::{ConstraintSystem, Grouping, Opening, VerifyingKey};
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
    grouping: Grouping,
    digest: [u8; 32],
}

/// A polynomial whose commitment is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Polynomial {
    Advice(u32),
    /// A product of the permutation argument.
    Product(usize),
    Fixed(u32),
    /// Where the cells of an equality-enabled column are copied from.
    Sigma(usize),
    /// The pieces of the quotient, folded by powers of `x^n`.
    Quotient,
    Random,
    /// Several columns behind one commitment.
    Group(usize),
}

/// Polynomials opened at the same points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpeningSet {
    pub(crate) rotations: BTreeSet<i32>,
    pub(crate) members: Vec<Polynomial>,
}

impl Polynomial {
    /// A member of a group.
    fn of(member: protocol::Polynomial) -> Option<Self> {
        match member {
            protocol::Polynomial::Advice(column) => Some(Self::Advice(column)),
            protocol::Polynomial::Product(index) => Some(Self::Product(index as usize)),
            protocol::Polynomial::Random => Some(Self::Random),
            protocol::Polynomial::Fixed(column) => Some(Self::Fixed(column)),
            protocol::Polynomial::Permutation(index) => Some(Self::Sigma(index as usize)),
            _ => None,
        }
    }
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
        // Of any number of rows, so that rotations are as the gates name them.
        let grouping = Grouping::new(ROWS.1, &constraints, opening);
        if opening != Opening::Shplonk && grouping != Grouping::new(k, &constraints, opening) {
            return Err(SolidityError::DistantRotation { k });
        }
        let shape = Self { constraints, opening, grouping, digest };
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
        Protocol::new(ROWS.1, &self.constraints, self.opening).shape()
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

    /// Columns that one product of the permutation argument takes.
    pub(crate) fn chunk(&self) -> usize {
        self.constraints.chunk()
    }

    pub(crate) fn products(&self) -> usize {
        self.constraints.products()
    }

    /// Pieces of the quotient, of `2^k` coefficients each.
    pub(crate) fn pieces(&self) -> usize {
        self.constraints.pieces()
    }

    /// Every opened polynomial and the rotations it is opened at, in halo2's order of first query.
    pub(crate) fn openings(&self) -> Vec<(Polynomial, BTreeSet<i32>)> {
        let cs = &self.constraints;
        let mut queries: Vec<(Polynomial, i32)> =
            cs.advice_queries.iter().map(|query| (Polynomial::Advice(query.column), query.rotation)).collect();
        for product in 0..self.products() {
            queries.extend([0, 1].map(|rotation| (Polynomial::Product(product), rotation)));
        }
        let followed = 0..self.products().saturating_sub(1);
        queries.extend(followed.rev().map(|product| (Polynomial::Product(product), self.last())));
        queries.extend(cs.fixed_queries.iter().map(|query| (Polynomial::Fixed(query.column), query.rotation)));
        queries.extend((0..cs.equality.len()).map(|column| (Polynomial::Sigma(column), 0)));
        queries.extend([(Polynomial::Quotient, 0), (Polynomial::Random, 0)]);
        let mut openings: Vec<(Polynomial, BTreeSet<i32>)> = Vec::new();
        let mut known = BTreeMap::new();
        for (polynomial, rotation) in queries {
            let at = *known.entry(polynomial).or_insert(openings.len());
            match openings.get_mut(at) {
                Some((_, rotations)) => {
                    rotations.insert(rotation);
                }
                None => openings.push((polynomial, BTreeSet::from([rotation]))),
            }
        }
        openings
    }

    /// The groups of a grouped opening, in the order of the transcript.
    pub(crate) fn groups(&self) -> Vec<OpeningSet> {
        let group = |group: &assay_verifier::CommitmentGroup| OpeningSet {
            rotations: group.rotations.iter().copied().collect(),
            members: group.members.iter().filter_map(|member| Polynomial::of(*member)).collect(),
        };
        if self.opening == Opening::Shplonk { Vec::new() } else { self.grouping.groups().map(group).collect() }
    }

    /// Groups whose commitments are in the proof, by phase of the advice columns; last those of products.
    pub(crate) fn groups_of_proof(&self) -> Vec<usize> {
        self.grouping.advice.iter().map(Vec::len).chain([self.grouping.products.len()]).collect()
    }

    /// The opened polynomials by the points they are opened at, sets and members in halo2's order.
    pub(crate) fn sets(&self) -> Vec<OpeningSet> {
        let mut sets: Vec<OpeningSet> = Vec::new();
        for (polynomial, rotations) in self.openings() {
            match sets.iter_mut().find(|set| set.rotations == rotations) {
                Some(set) => set.members.push(polynomial),
                None => sets.push(OpeningSet { rotations, members: vec![polynomial] }),
            }
        }
        sets
    }

    /// All rotations that something is opened at.
    pub(crate) fn rotations(&self) -> BTreeSet<i32> {
        self.openings().into_iter().flat_map(|(_, rotations)| rotations).collect()
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
        if self.opening != Opening::Shplonk {
            let of_proof = self.grouping.of_proof();
            return (of_proof..of_proof + self.grouping.key.len()).map(Polynomial::Group).collect();
        }
        let members = self.sets().into_iter().flat_map(|set| set.members);
        members.filter(|member| matches!(member, Polynomial::Fixed(_) | Polynomial::Sigma(_))).collect()
    }
}
