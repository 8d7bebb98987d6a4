//! What a verification costs, predicted from a key: the one place that knows gas prices.

use assay_verifier::VerifyingKey;

use crate::SolidityError;
use crate::evaluation::Gates;
use crate::shape::{Polynomial, Shape};

/// Gas of a verifying transaction, in units of gas, by what it is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gas {
    /// The transaction itself and its calldata.
    pub transaction: u64,
    /// One multiplication and one addition for each commitment of the key that is opened.
    pub key_commitments: u64,
    /// The same for each of the proof's.
    pub commitments: u64,
    /// The pairing of two pairs.
    pub pairing: u64,
    /// Everything that is done with words: checks, transcript, public values, gates, scalars.
    pub words: u64,
    /// Of these, copying, checking, hashing and folding the proof and its public values.
    pub reading: u64,
}

/// A transaction, before its calldata.
const TRANSACTION: u64 = 21_000;
/// A word of calldata none of whose bytes is zero.
const CALLDATA_WORD: u64 = 16 * 32;
/// Precompiles 6 and 7, their calls and the moves around them.
const COMMITMENT: u64 = 6_000 + 150 + 200 + 95;
/// Precompile 8 with two pairs, and its call.
const PAIRING: u64 = 45_000 + 2 * 34_000 + 100;
/// Modular exponentiation, reading a cold key, dispatch, memory: what does not depend on the shape.
const FIXED: u64 = 12_000;
/// Copying, checking, hashing and folding a scalar of the proof.
const SCALAR: u64 = 160;
/// Copying, checking and hashing a point of the proof.
const POINT: u64 = 190;
/// Copying, checking, hashing and interpolating a public value.
const INSTANCE: u64 = 200;
/// A column of the permutation argument.
const COPY: u64 = 110;

impl Gas {
    /// The prediction for one call of `verify` with the verifier of the key's shape.
    ///
    /// # Errors
    /// See [`Shape::of`].
    pub fn of(key: &VerifyingKey) -> Result<Self, SolidityError> {
        let shape = Shape::of(key)?;
        let (points, scalars) = key.proof_shape();
        let openings = shape.openings();
        // The quotient is several commitments; the generator and the two points of the opening come to the opened ones;
        // the first commitment is not multiplied.
        let opened = openings.len() + shape.pieces() - 1 + 3 - 1;
        let is_key = |polynomial: &Polynomial| matches!(polynomial, Polynomial::Fixed(_) | Polynomial::Sigma(_));
        let read = openings.iter().filter(|(polynomial, _)| is_key(polynomial)).count() as u64;
        let calldata = (4 + 1 + shape.instances + 2 * points + scalars) as u64;
        let reading = SCALAR * scalars as u64 + POINT * points as u64 + INSTANCE * shape.instances as u64;
        let words =
            FIXED + reading + COPY * shape.constraints.equality.len() as u64 + 3 * 3 * read + Gates::of(&shape)?.gas;
        Ok(Self {
            transaction: TRANSACTION + CALLDATA_WORD * calldata,
            key_commitments: COMMITMENT * read,
            commitments: COMMITMENT * (opened as u64 - read),
            pairing: PAIRING,
            words,
            reading,
        })
    }

    /// The whole transaction.
    pub fn total(&self) -> u64 {
        self.transaction + self.execution()
    }

    /// The call without the transaction around it.
    pub fn execution(&self) -> u64 {
        self.key_commitments + self.commitments + self.pairing + self.words
    }

    /// What a call of `verifyBatch` takes once, however many proofs it has.
    pub fn shared(&self) -> u64 {
        self.key_commitments + self.pairing + FIXED
    }

    /// What each proof of a batch adds: its own commitments, of which all but the first proof multiply two more, and its words. All proofs are checked and
    /// hashed once before the first is evaluated, which is half of reading them.
    pub fn marginal(&self) -> u64 {
        self.commitments + 2 * COMMITMENT + self.words - FIXED + self.reading / 2
    }
}

/// More than any call takes, with a tenth to spare.
pub(crate) fn bound(predicted: u64) -> u64 {
    predicted * 11 / 10
}
