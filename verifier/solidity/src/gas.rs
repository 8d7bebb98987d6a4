//! What a verification costs, predicted from a shape: the one place that knows gas prices.

use crate::SolidityError;
use crate::evaluation::Gates;
use crate::shape::Shape;

/// Gas of a verifying transaction, in units of gas, by what it is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gas {
    /// The transaction itself and its calldata.
    pub transaction: u64,
    /// One multiplication and one addition for each commitment.
    pub commitments: u64,
    /// The pairing of two pairs.
    pub pairing: u64,
    /// Everything that is done with words: checks, transcript, public values, gates, scalars.
    pub words: u64,
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
/// Copying, checking and hashing a word once more, for the factor of a batch.
const BATCHED: u64 = 60;
/// A column of the permutation argument.
const COPY: u64 = 110;

impl Gas {
    /// The prediction for one call of `verify` with the verifier of a shape.
    ///
    /// # Errors
    /// None for the shape of a key that was checked.
    pub fn of(shape: &Shape) -> Result<Self, SolidityError> {
        let words = FIXED + read(shape) * 3 * 3 + proof_words(shape)?;
        Ok(Self {
            transaction: TRANSACTION + CALLDATA_WORD * calldata(shape),
            commitments: COMMITMENT * (of_proof(shape) + read(shape) + 1),
            pairing: PAIRING,
            words,
        })
    }

    /// What each further proof adds to a batch: its calldata, points and words. The key's commitments, the generator and the pairing
    /// are shared.
    ///
    /// # Errors
    /// None for the shape of a key that was checked.
    pub fn of_another(shape: &Shape) -> Result<Self, SolidityError> {
        Ok(Self {
            transaction: CALLDATA_WORD * (calldata(shape) + 3),
            // Where a single proof's first point is taken as it is, the points of further ones are multiplied, the last twice.
            commitments: COMMITMENT * (of_proof(shape) + 2),
            pairing: 0,
            words: proof_words(shape)? + BATCHED * proof_length(shape),
        })
    }

    /// The whole transaction.
    pub fn total(&self) -> u64 {
        self.transaction + self.execution()
    }

    /// The call without the transaction around it.
    pub fn execution(&self) -> u64 {
        self.commitments + self.pairing + self.words
    }

    /// More than any call takes, with a tenth to spare.
    pub(crate) fn bound(&self) -> u64 {
        self.execution() * 11 / 10
    }
}

/// Commitments of the key that are opened.
fn read(shape: &Shape) -> u64 {
    shape.key_polynomials().len() as u64
}

/// Points of a single proof that are multiplied.
fn of_proof(shape: &Shape) -> u64 {
    // SHPLONK's first commitment is taken as it is, the grouped opening's quotient only negated.
    shape.proof_shape().0 as u64 - 1
}

/// Words of a proof.
fn proof_length(shape: &Shape) -> u64 {
    let (points, scalars) = shape.proof_shape();
    (2 * points + scalars) as u64
}

/// Words of a call of `verify`, the selector and the last bytes counted as one.
fn calldata(shape: &Shape) -> u64 {
    (4 + 1 + shape.instances) as u64 + proof_length(shape)
}

/// Gas of the field operations and moves for one proof.
fn proof_words(shape: &Shape) -> Result<u64, SolidityError> {
    let (points, scalars) = shape.proof_shape();
    Ok(SCALAR * scalars as u64
        + POINT * points as u64
        + INSTANCE * shape.instances as u64
        + COPY * shape.constraints.equality.len() as u64
        + Gates::of(shape)?.gas)
}
