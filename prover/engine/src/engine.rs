//! The proof of any circuit that a [`VerifyingKey`] describes, phase by phase, with the words and points that halo2's
//! verifier expects.

use std::collections::{BTreeMap, BTreeSet};

use assay_halo2::convert::scalar_from_ark;
use assay_verifier::protocol::{Polynomial, RotationSet};
use assay_verifier::{self as verifier, CommitmentGroup, Opening, Protocol, VerifyingKey};
use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::group::{Curve, Group as _};
use rand::RngCore;
use rayon::prelude::*;

use crate::ProverError;
use crate::advice::commit_advice;
use crate::backend::Backend;
use crate::column::NarrowColumn;
use crate::gates::{Numbering, gates, typical_gates};
use crate::opening::{Quotient, grouped, shplonk};
use crate::permutation::Permutation;
use crate::polynomial::GatePolynomial;
use crate::products::products;
use crate::quotient::{Kept, quotient};
use crate::values::{Opened, opened_columns, write_values};

/// What the engine is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// Fill the advice columns of a phase.
    Fill(u8),
    /// Commit to the advice columns of a phase.
    Commit(u8),
    /// Permutation products and their commitments.
    Permutation,
    /// The quotient's pieces.
    Quotient,
    /// Commitments to the pieces.
    CommitQuotient,
    /// Values at the challenge point.
    Evaluations,
    /// The opening proof.
    Openings,
}

impl Phase {
    /// The phase in a few words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fill(0) => "fill the trace's columns",
            Self::Fill(_) => "fill the challenges' columns",
            Self::Commit(0) => "commit to the trace",
            Self::Commit(_) => "commit to the challenges' columns",
            Self::Permutation => "permutation products",
            Self::Quotient => "quotient",
            Self::CommitQuotient => "commit to the quotient",
            Self::Evaluations => "evaluations",
            Self::Openings => "openings",
        }
    }
}

/// Where advice columns come from.
pub trait Witness {
    /// The columns of `phase` in order, `n - blinding factors - 1` rows or fewer; `challenges` holds those drawn so far and
    /// zeros.
    ///
    /// # Errors
    /// What cannot be filled.
    fn columns(&mut self, phase: u8, challenges: &[Fr]) -> Result<Vec<NarrowColumn>, ProverError>;
}

/// What the engine needs of a circuit besides its verifying key, resident on a backend.
pub struct Resident<B: Backend> {
    /// Fixed columns.
    pub fixed: Vec<B::Column>,
    /// Those of them that are zero in every row.
    pub zero: BTreeSet<u32>,
    /// The permutation's columns.
    pub sigma: Vec<B::Column>,
    /// Their differences from `delta^j X`.
    pub moves: Vec<B::Column>,
    /// What of them stays transformed between proofs; nothing until [`Resident::keep`].
    pub kept: Kept<B::Vector>,
}

impl<B: Backend> Resident<B> {
    /// Loads the columns of a circuit.
    pub fn new(backend: &B, fixed: impl IntoIterator<Item = NarrowColumn>, permutation: &Permutation) -> Self {
        let omega = root_of_unity(backend.k());
        let columns = 0..permutation.columns;
        let mut zero = BTreeSet::new();
        let load = |(at, column): (u32, NarrowColumn)| {
            if column.is_zero() {
                zero.insert(at);
            }
            backend.load(column)
        };
        Self {
            fixed: (0..).zip(fixed).map(load).collect(),
            zero,
            sigma: columns.clone().map(|j| backend.load(permutation.column(omega, j))).collect(),
            moves: columns.map(|j| backend.load(NarrowColumn::sparse(permutation.moves(omega, j)))).collect(),
            kept: Kept::default(),
        }
    }

    /// The column that a key commits to.
    pub fn of_key(&self, member: Polynomial) -> Option<&B::Column> {
        match member {
            Polynomial::Fixed(i) => self.fixed.get(i as usize),
            Polynomial::Permutation(i) => self.sigma.get(i as usize),
            _ => None,
        }
    }

    /// Transforms once what every proof reads, if there is room for it: for provers that prove more than once.
    ///
    /// # Errors
    /// A malformed expression.
    pub fn keep(&mut self, backend: &B, constraints: &verifier::ConstraintSystem) -> Result<(), ProverError> {
        let number = Numbering::new(constraints);
        let rows = rows(constraints, 1 << backend.k()).map(|column| backend.load(column));
        let mut columns = BTreeMap::new();
        for (numbers, own) in number.constant().into_iter().zip([&self.fixed[..], &self.moves, &rows]) {
            if numbers.len() != own.len() {
                let what = "columns of the constraint system and resident ones";
                return Err(ProverError::Unpaired { what, expected: numbers.len(), got: own.len() });
            }
            columns.extend(numbers.zip(own));
        }
        self.kept = Kept::new(backend, &columns, number.identity, &typical_gates(constraints, &self.zero)?);
        Ok(())
    }
}

/// 1 in the first row; in the row where permutation products end; in that row and in those of blinds.
fn rows(constraints: &verifier::ConstraintSystem, n: usize) -> [NarrowColumn; 3] {
    let usable = n - constraints.blinding_factors() - 1;
    let at = |rows: std::ops::Range<usize>| NarrowColumn::sparse(rows.map(|row| (row, Fr::ONE)).collect());
    [at(0..1), at(usable..usable + 1), at(usable..n)]
}

/// The generator `w` of the `2^k` roots of unity, in halo2curves' order.
pub fn root_of_unity(k: u32) -> Fr {
    (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square())
}

/// Proves a circuit's witness for these public values and writes the proof to the transcript.
///
/// Blinds come from `rng` in halo2's order: the last rows of each column of a phase, then one unused scalar a column; the last
/// rows of each permutation product, then one unused scalar. The random polynomial has two coefficients, because the proof
/// shows two of its values, and in a group as many random rows as its companions.
///
/// # Errors
/// A witness that cannot be filled, a wrong number of public values, a point at infinity. A witness that does not satisfy the
/// circuit gives a proof that does not verify.
#[expect(clippy::too_many_arguments, reason = "what a proof is made from")]
pub fn create_proof<B, E, T>(
    backend: &B,
    key: &VerifyingKey,
    resident: &Resident<B>,
    permutation: &Permutation,
    witness: &mut dyn Witness,
    instances: &[Fr],
    mut rng: impl RngCore,
    transcript: &mut T,
    progress: &mut dyn FnMut(Phase),
) -> Result<(), ProverError>
where
    B: Backend,
    E: EncodedChallenge<G1Affine>,
    T: TranscriptWrite<G1Affine, E>,
{
    if instances.len() != key.instances() {
        return Err(ProverError::InstanceCount { expected: key.instances(), got: instances.len() });
    }
    let constraints = key.constraints();
    let protocol = key.protocol();
    transcript.common_scalar(scalar_from_ark(&key.representative()))?;
    for value in instances {
        transcript.common_scalar(*value)?;
    }
    let advice = commit_advice(backend, key, &protocol.grouping, witness, &mut rng, transcript, progress)?;

    progress(Phase::Permutation);
    let cell = |column: verifier::Column, row: usize| match column {
        verifier::Column::Fixed(i) => resident.fixed.get(i as usize).map(|column| backend.cell(column, row)),
        verifier::Column::Advice(i) => advice.columns.get(i as usize).map(|column| backend.cell(column, row)),
        // After the public values the column holds zeros.
        verifier::Column::Instance(_) => Some(instances.get(row).copied().unwrap_or(Fr::ZERO)),
    };
    let products = products(backend, key, permutation, cell, &mut rng, transcript)?;
    let random = backend.load(random_column(key, &mut rng));
    let member = |member: Polynomial| match member {
        Polynomial::Product(i) => products.columns.get(i as usize),
        Polynomial::Random => Some(&random),
        _ => None,
    };
    let what = "a permutation product or the random polynomial";
    write_groups(backend, &protocol.grouping.products, member, what, transcript)?;

    progress(Phase::Quotient);
    let y = *transcript.squeeze_challenge_scalar::<()>();
    let gates = gates(constraints, &resident.zero, &advice.challenges, products.challenges, y)?;
    let opened =
        Opened { advice: &advice.columns, resident, products: &products.columns, random: &random, quotient: None };
    let pieces = pieces(backend, constraints, &opened, instances, &gates)?;
    drop(gates);

    progress(Phase::CommitQuotient);
    for _ in &pieces {
        let _unused = Fr::random(&mut rng);
    }
    write_quotient(backend, key.opening(), &pieces, transcript)?;
    open(backend, &protocol, &opened, pieces, transcript, progress)
}

/// A polynomial that hides the values of the others: of two coefficients, or of random rows where the others have theirs.
fn random_column(key: &VerifyingKey, mut rng: impl RngCore) -> NarrowColumn {
    match key.opening() {
        Opening::Shplonk => NarrowColumn::line(Fr::random(&mut rng), Fr::random(&mut rng)),
        Opening::Grouped { .. } => {
            let n = 1usize << key.k();
            let blinds = n - key.constraints().blinding_factors() - 1..n;
            NarrowColumn::sparse(blinds.map(|row| (row, Fr::random(&mut rng))).collect())
        }
    }
}

/// The quotient's pieces, in coefficients.
fn pieces<B: Backend>(
    backend: &B,
    constraints: &verifier::ConstraintSystem,
    opened: &Opened<'_, B>,
    instances: &[Fr],
    gates: &[GatePolynomial],
) -> Result<Vec<B::Vector>, ProverError> {
    let resident = opened.resident;
    let public = backend.load(NarrowColumn::sparse(instances.iter().copied().enumerate().collect()));
    let rows = rows(constraints, 1 << backend.k()).map(|column| backend.load(column));
    let line = backend.load(NarrowColumn::line(Fr::ZERO, Fr::ONE));
    let mut sources: Vec<&B::Column> = resident.fixed.iter().chain(opened.advice).collect();
    sources.push(&public);
    sources.extend(resident.moves.iter().chain(opened.products));
    sources.extend(&rows);
    sources.push(&line);
    let identity = Numbering::new(constraints).identity;
    quotient(backend, &sources, identity, gates, constraints.pieces(), &resident.kept)
}

/// Writes a commitment for each piece, or one for the whole quotient where commitments are grouped.
fn write_quotient<B: Backend, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    backend: &B,
    opening: Opening,
    pieces: &[B::Vector],
    transcript: &mut T,
) -> Result<(), ProverError> {
    let commit = |(block, piece): (usize, &B::Vector)| match opening {
        Opening::Shplonk => backend.commit_coefficients(0, piece),
        Opening::Grouped { .. } => backend.commit_coefficients(block, piece),
    };
    let mut commitments: Vec<G1Affine> = pieces.par_iter().enumerate().map(commit).collect();
    if opening != Opening::Shplonk {
        commitments = vec![sum(&commitments)];
    }
    commitments.into_iter().try_for_each(|commitment| write(transcript, "the quotient", commitment))
}

/// Draws `x`, writes the values there and opens them.
fn open<B: Backend, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    backend: &B,
    protocol: &Protocol,
    opened: &Opened<'_, B>,
    pieces: Vec<B::Vector>,
    transcript: &mut T,
    progress: &mut dyn FnMut(Phase),
) -> Result<(), ProverError> {
    progress(Phase::Evaluations);
    let n = 1u64 << backend.k();
    let x = *transcript.squeeze_challenge_scalar::<()>();
    let x_to_n = x.pow_vartime([n]);
    if x_to_n == Fr::ONE {
        return Err(ProverError::UnluckyChallenge);
    }
    let powers = std::iter::successors(Some(Fr::ONE), |power| Some(power * x_to_n));
    let terms: Vec<_> = powers.zip(&pieces).collect();
    let h = backend.evaluate(backend.combine(&terms));
    let omega = root_of_unity(backend.k());
    let rotate = |rotation: i32| x * omega.pow_vartime([i64::from(rotation).rem_euclid(n as i64) as u64]);
    if protocol.sets.is_empty() {
        let weights = backend.lagrange_weights(x);
        let values = write_values(backend, protocol, opened, x, &weights, transcript)?;
        let group = |group: &CommitmentGroup| opened_columns(opened, &values, &group.members, &group.rotations);
        let groups = protocol.grouping.groups().map(group).collect::<Result<Vec<_>, ProverError>>()?;
        let value = backend.open(&h, 0, x, &weights);
        drop(weights);
        progress(Phase::Openings);
        return grouped(backend, &groups, &Quotient { pieces: &pieces, x, value }, rotate, transcript);
    }
    drop(pieces);
    let Opened { advice, resident, products, random, .. } = *opened;
    let opened = Opened { advice, resident, products, random, quotient: Some(&h) };
    let weights = backend.lagrange_weights(x);
    let mut values = write_values(backend, protocol, &opened, x, &weights, transcript)?;
    values.insert((Polynomial::Quotient, 0), backend.open(&h, 0, x, &weights));
    drop(weights);
    let set = |set: &RotationSet| opened_columns(&opened, &values, &set.polynomials, &set.rotations);
    let sets = protocol.sets.iter().map(set).collect::<Result<Vec<_>, ProverError>>()?;
    progress(Phase::Openings);
    shplonk(backend, &sets, rotate, transcript)
}

/// Writes a commitment for each group.
pub(crate) fn write_groups<'a, B: Backend + 'a, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    backend: &B,
    groups: &[CommitmentGroup],
    column: impl Fn(Polynomial) -> Option<&'a B::Column>,
    what: &'static str,
    transcript: &mut T,
) -> Result<(), ProverError> {
    let mut commitments = commit_groups(backend, groups, column)?.into_iter();
    commitments.try_for_each(|commitment| write(transcript, what, commitment))
}

/// A commitment for each group: the sum of its members', each in its slot.
///
/// # Errors
/// A member without a column.
pub fn commit_groups<'a, B: Backend + 'a>(
    backend: &B,
    groups: &[CommitmentGroup],
    column: impl Fn(Polynomial) -> Option<&'a B::Column>,
) -> Result<Vec<G1Affine>, ProverError> {
    let members = groups.iter().flat_map(|group| group.members.iter().enumerate());
    let place = |(slot, member): (usize, &Polynomial)| match column(*member) {
        Some(column) => Ok((slot, column)),
        None => Err(ProverError::MissingColumn(*member)),
    };
    let places = members.map(place).collect::<Result<Vec<(usize, &B::Column)>, _>>()?;
    let members: Vec<G1Affine> = places.par_iter().map(|(slot, column)| backend.commit(*slot, column)).collect();
    let mut members = members.as_slice();
    let commitment = |group: &CommitmentGroup| {
        let (own, rest) = members.split_at(group.members.len()); // as many as were made above
        members = rest;
        sum(own)
    };
    Ok(groups.iter().map(commitment).collect())
}

fn sum(points: &[G1Affine]) -> G1Affine {
    match points {
        [only] => *only,
        _ => points.iter().fold(G1::identity(), |sum, point| sum + point).to_affine(),
    }
}

/// Writes a commitment, unless it is the point at infinity.
pub(crate) fn write<E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    transcript: &mut T,
    what: &'static str,
    commitment: G1Affine,
) -> Result<(), ProverError> {
    if bool::from(commitment.is_identity()) {
        return Err(ProverError::Infinity { what });
    }
    Ok(transcript.write_point(commitment)?)
}
