//! What a verification costs, predicted from a shape and the number of public values: the one place that knows gas prices.

use std::collections::BTreeSet;

use assay_verifier::Opening;

use crate::SolidityError;
use crate::evaluation::Gates;
use crate::layout::MemoryLayout;
use crate::memory::WORD;
use crate::shape::Shape;
use crate::transcript::Stretch;

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
    /// Reading the key, and the memory: once a call.
    pub once: u64,
    /// Everything that is done with words, for each proof: checks, transcript, public values, gates, scalars.
    pub words: u64,
    /// Copying, checking and hashing the proof and its public values once more, as batches do.
    pub again: u64,
    /// Least gas for the calldata, whatever the call does (EIP-7623): with many public values it is above all of the rest.
    pub floor: u64,
    /// The same where all public values are 0: what the calldata of any proof takes at the least.
    pub floor_of_zeros: u64,
}

/// What a verifier states, in tenths of what is predicted.
const TENTHS: u64 = 11;
/// A transaction, before its calldata.
const TRANSACTION: u64 = 21_000;
/// A word of calldata none of whose bytes is zero.
const CALLDATA_WORD: u64 = 16 * 32;
/// Least gas for such a word, whatever the call does: 10 a token, and 4 tokens a byte that is not zero (EIP-7623).
const FLOOR_WORD: u64 = 10 * 4 * 32;
/// Precompiles 6 and 7, their calls and the moves around them.
const COMMITMENT: u64 = 6_000 + 150 + 200 + 95;
/// Precompile 8 with two pairs, and its call.
const PAIRING: u64 = 45_000 + 2 * 34_000 + 100;
/// Reading a cold key, dispatch, the generator: what does not depend on the shape, once a call.
const ONCE: u64 = 9_500;
/// Modular exponentiation, challenges, the power `x^n`: the same for each proof.
const EACH: u64 = 4_500;
/// Copying, checking, hashing and folding a scalar of the proof: by the rotations of each polynomial, and by those of a group.
const SCALAR: u64 = 160;
const SCALAR_OF_GROUP: u64 = 75;
/// The difference of two points that something is opened at both of, in the weights of the points; SHPLONK multiplies it into a Lagrange
/// polynomial as well.
const DIFFERENCE: u64 = 35;
const DIFFERENCE_OF_SET: u64 = 60;
/// A point that something is opened at, and how far `u` is from it.
const ROTATION: u64 = 60;
/// That distance in the factor of a set that is not opened there.
const GAP: u64 = 17;
/// Inverting one number more.
const INVERSE: u64 = 90;
/// A blinding row.
const BLIND: u64 = 110;
/// Copying, checking and hashing a point of the proof.
const POINT: u64 = 190;
/// Finding an item of a batch, twice, and its factor.
const ITEM: u64 = 4_000;
/// Copying, checking and hashing a word or a point once more.
const WORD_AGAIN: u64 = 15;
const POINT_AGAIN: u64 = 40;
/// Copying, checking and hashing a public value.
const INSTANCE: u64 = 45;
/// Interpolating the column of public values at one point more: by itself, and for each of them.
const QUERY: u64 = 150;
const INTERPOLATION: u64 = 175;
/// A column of the permutation argument, and one of its products.
const COPY: u64 = 110;
const PRODUCT: u64 = 120;
/// Folding an identity.
const IDENTITY: u64 = 30;

impl Gas {
    /// The prediction for one call of `verify` with the verifier of a shape and a key of so many public values.
    ///
    /// # Errors
    /// None for the shape of a key that was checked.
    pub fn of(shape: &Shape, instances: usize) -> Result<Self, SolidityError> {
        let (points, scalars) = shape.proof_shape();
        let (points, scalars, instances) = (points as u64, scalars as u64, instances as u64);
        let read = shape.key_polynomials().len() as u64;
        let calldata = 4 + 1 + instances + 2 * points + scalars;
        let gates = Gates::of(shape)?;
        let layout = MemoryLayout::new(shape, &gates.words);
        let (scalar, difference) = match shape.opening {
            Opening::Shplonk => (SCALAR, DIFFERENCE_OF_SET),
            Opening::Grouped { .. } => (SCALAR_OF_GROUP, DIFFERENCE),
        };
        let rotations = layout.points.len() as u64;
        // SHPLONK multiplies a set's polynomials by the distances of all points that are not the set's.
        let gaps = match shape.opening {
            Opening::Shplonk => shape.opened_at().map(|set| rotations - set.len() as u64).sum(),
            Opening::Grouped { .. } => 0,
        };
        // Sets of the same points share the weights.
        let distinct: BTreeSet<&[i32]> = shape.opened_at().collect();
        let differences: u64 =
            distinct.iter().map(|points| (points.len() * points.len().saturating_sub(1)) as u64).sum();
        let queries = shape.constraints.instance_queries.len() as u64;
        let reading = scalar * scalars + POINT * points + QUERY * queries + instance(shape) * instances;
        let domain = ROTATION * rotations
            + GAP * gaps
            + difference * differences
            + INVERSE * layout.denominators.len() as u64
            + BLIND * shape.blinding_rows() as u64;
        let identities = gates.gas + IDENTITY * gates.identities.len() as u64;
        let copies = COPY * shape.constraints.equality.len() as u64 + PRODUCT * shape.constraints.products() as u64;
        let once = ONCE + 3 * 3 * read + memory(memory_words(&layout) + instances);
        let words = EACH + reading + domain + identities + copies;
        Ok(Self {
            transaction: TRANSACTION + CALLDATA_WORD * calldata,
            key_commitments: COMMITMENT * read,
            // The generator in place of one point: SHPLONK's first is taken as it is, the grouped opening's quotient only negated.
            commitments: COMMITMENT * points,
            pairing: PAIRING,
            once,
            words,
            again: ITEM + WORD_AGAIN * (scalars + instances) + POINT_AGAIN * points,
            floor: FLOOR_WORD * calldata,
            floor_of_zeros: FLOOR_WORD * (calldata - instances) + FLOOR_WORD / 4 * instances,
        })
    }

    /// The same for a circuit in which so many fixed columns are zero: a proof shows 0 of each, and a zero byte of calldata costs a quarter.
    #[must_use]
    pub const fn with_zeros(self, columns: usize) -> Self {
        let columns = columns as u64;
        Self {
            transaction: self.transaction - CALLDATA_WORD / 4 * 3 * columns,
            floor: self.floor - FLOOR_WORD / 4 * 3 * columns,
            floor_of_zeros: self.floor_of_zeros - FLOOR_WORD / 4 * 3 * columns,
            ..self
        }
    }

    /// The whole transaction: its calldata and the call, or the floor of its calldata.
    pub fn total(&self) -> u64 {
        (self.transaction + self.execution()).max(TRANSACTION + self.floor)
    }

    /// The call without the transaction around it.
    pub fn execution(&self) -> u64 {
        self.key_commitments + self.commitments + self.pairing + self.once + self.words
    }

    /// What a call of `verifyBatch` takes once, however many proofs it has.
    pub fn shared(&self) -> u64 {
        self.key_commitments + self.pairing + self.once
    }

    /// What each proof of a batch adds: its words, and its own commitments, one of them twice: the last point is in both sums. All proofs are checked and hashed once
    /// before the first is evaluated.
    pub fn marginal(&self) -> u64 {
        self.commitments + COMMITMENT + self.words + self.again
    }

    /// A transaction that sends a batch of so many proofs: its calldata and the call, or the floor of its calldata. The floor is that of
    /// public values of 0, which is the least: those of images are mostly zeros.
    pub fn batch(&self, proofs: u64) -> u64 {
        let call = self.shared() + proofs * (self.transaction - TRANSACTION + self.marginal());
        TRANSACTION + call.max(proofs * self.floor_of_zeros)
    }

    /// What each further proof of a batch of eight costs whoever sends it.
    pub fn another(&self) -> u64 {
        (self.batch(8) - self.batch(1)) / 7
    }
}

/// What a verifier needs to know to say how much gas its calls take at most, of a key of any number of public values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Once a call, without the memory.
    pub(crate) shared: u64,
    /// Words of memory, without the public values.
    pub(crate) memory_words: u64,
    /// Each proof, without its public values.
    pub(crate) proof: u64,
    /// Each public value of a proof.
    pub(crate) instance: u64,
    /// Tenths of what is predicted that are stated.
    pub(crate) tenths: u64,
}

impl Bounds {
    /// The bounds of a shape.
    ///
    /// # Errors
    /// See [`Gas::of`].
    pub(crate) fn of(shape: &Shape) -> Result<Self, SolidityError> {
        let gas = Gas::of(shape, 0)?;
        let memory_words = memory_words(&MemoryLayout::new(shape, &Gates::of(shape)?.words));
        Ok(Self {
            shared: bound(gas.shared() - memory(memory_words)),
            memory_words,
            proof: bound(gas.marginal()),
            instance: bound(instance(shape) + WORD_AGAIN),
            tenths: TENTHS,
        })
    }
}

/// What a public value adds to a proof, the copy that batches make not among it.
fn instance(shape: &Shape) -> u64 {
    INSTANCE + INTERPOLATION * shape.constraints.instance_queries.len() as u64
}

/// Words of memory beside the public values: all regions, and the copy of the proof's first points behind the public values.
fn memory_words(layout: &MemoryLayout) -> u64 {
    let copied = layout.stretches.first().map_or(0, Stretch::words);
    (layout.memory.end().div_ceil(WORD) + copied) as u64
}

/// So many words of memory (yellow paper, appendix H).
fn memory(words: u64) -> u64 {
    3 * words + words * words / 512
}

/// More than any call takes, with a tenth to spare.
fn bound(predicted: u64) -> u64 {
    (predicted * TENTHS).div_ceil(10)
}
