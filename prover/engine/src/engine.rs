//! The proof of any circuit that a [`VerifyingKey`] describes, phase by phase, with the words and points that halo2's
//! verifier expects.

use std::collections::BTreeMap;

use assay_verifier::{self as verifier, VerifyingKey};
use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::prime::PrimeCurveAffine;
use rand::RngCore;
use rayon::prelude::*;

use crate::ProverError;
use crate::backend::Backend;
use crate::column::Column;
use crate::gates::{Numbering, chunk, gates, typical_gates};
use crate::opening::{Opening, shplonk};
use crate::permutation::Permutation;
use crate::quotient::{Kept, quotient};

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
    /// The columns of `phase` in order, `n - blinding_factors - 1` rows or fewer; `challenges` holds those drawn so far and
    /// zeros.
    ///
    /// # Errors
    /// What cannot be filled.
    fn columns(&mut self, phase: u8, challenges: &[Fr]) -> Result<Vec<Column>, ProverError>;
}

/// What the engine needs of a circuit besides its verifying key, resident on a backend.
pub struct Resident<B: Backend> {
    /// Fixed columns.
    pub fixed: Vec<B::Column>,
    /// The permutation's columns.
    pub sigma: Vec<B::Column>,
    /// Their differences from `delta^j X`.
    pub moves: Vec<B::Column>,
    /// What of them stays transformed between proofs; nothing until [`Resident::keep`].
    pub kept: Kept<B::Vector>,
}

impl<B: Backend> Resident<B> {
    /// Loads the columns of a circuit.
    pub fn new(backend: &B, fixed: impl IntoIterator<Item = Column>, permutation: &Permutation) -> Self {
        let omega = root_of_unity(backend.k());
        let columns = 0..permutation.columns;
        Self {
            fixed: fixed.into_iter().map(|column| backend.load(column)).collect(),
            sigma: columns.clone().map(|j| backend.load(permutation.column(omega, j))).collect(),
            moves: columns.map(|j| backend.load(Column::sparse(permutation.moves(omega, j)))).collect(),
            kept: Kept::default(),
        }
    }

    /// Transforms once what every proof reads, if there is room for it: for provers that prove more than once.
    ///
    /// # Errors
    /// A malformed expression.
    pub fn keep(&mut self, backend: &B, constraints: &verifier::ConstraintSystem) -> Result<(), ProverError> {
        let number = Numbering::new(constraints);
        let rows = rows(constraints, 1 << backend.k()).map(|column| backend.load(column));
        let [fixed, moves, own] = number.constant();
        let columns = fixed.zip(&self.fixed).chain(moves.zip(&self.moves)).chain(own.zip(&rows)).collect();
        self.kept = Kept::new(backend, &columns, number.identity, &typical_gates(constraints)?);
        Ok(())
    }
}

/// Rows at the end of every advice column that hold blinds only, less one: halo2's `blinding_factors`.
pub fn blinding_factors(constraints: &verifier::ConstraintSystem) -> usize {
    let mut queries: BTreeMap<u32, usize> = BTreeMap::new();
    for query in &constraints.advice_queries {
        *queries.entry(query.column).or_default() += 1;
    }
    queries.into_values().max().unwrap_or(1).max(3) + 2
}

/// 1 in the first row; in the row where permutation products end; in that row and in those of blinds.
fn rows(constraints: &verifier::ConstraintSystem, n: usize) -> [Column; 3] {
    let usable = n - blinding_factors(constraints) - 1;
    let at = |rows: std::ops::Range<usize>| Column::sparse(rows.map(|row| (row, Fr::ONE)).collect());
    [at(0..1), at(usable..usable + 1), at(usable..n)]
}

/// The generator `w` of the `2^k` roots of unity, in halo2curves' order.
pub fn root_of_unity(k: u32) -> Fr {
    (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square())
}

/// Proves a circuit's witness for these public values and writes the proof to the transcript.
///
/// Blinds come from `rng` in halo2's order: the last rows of each column of a phase, then one unused scalar a column; the last
/// rows of each permutation product, then one unused scalar. The random polynomial has two coefficients: the proof shows two
/// of its values.
///
/// # Errors
/// A witness that cannot be filled, a wrong number of public values, a point at infinity. A witness that does not satisfy the
/// circuit gives a proof that does not verify.
#[expect(clippy::too_many_arguments, reason = "what a proof is made from")]
pub fn create_proof<B, E, T>(
    backend: &B,
    key: &VerifyingKey,
    representative: Fr,
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
    let omega = root_of_unity(key.k());
    let n = 1usize << key.k();
    let blinds = blinding_factors(constraints);
    let usable = n - blinds - 1;
    let degree = constraints.minimum_degree as usize;

    transcript.common_scalar(representative)?;
    for value in instances {
        transcript.common_scalar(*value)?;
    }

    // Advice, phase by phase. Host copies of the copied columns are read once more, at the moved rows.
    let mut challenges = vec![Fr::ZERO; constraints.challenge_phases.len()];
    let mut advice: Vec<Option<B::Column>> = constraints.advice_phases.iter().map(|_| None).collect();
    let mut copied: BTreeMap<(usize, usize), Fr> = BTreeMap::new();
    let equality_of = |column: verifier::Column| constraints.equality.iter().position(|c| *c == column);
    let moved_of = |index: usize| permutation.moved.range((index, 0)..(index + 1, 0)).map(|((_, row), _)| *row);
    let point = |row: usize| omega.pow_vartime([row as u64]);
    let phases = constraints.advice_phases.iter().copied().max().unwrap_or(0);
    for phase in 0..=phases {
        progress(Phase::Fill(phase));
        let mut columns = witness.columns(phase, &challenges)?;
        let numbers = constraints.advice_phases.iter().enumerate().filter(|(_, p)| **p == phase).map(|(i, _)| i);
        let numbers: Vec<usize> = numbers.collect();
        if columns.len() != numbers.len() {
            return Err(ProverError::ColumnCount { phase, expected: numbers.len(), got: columns.len() });
        }
        for column in &mut columns {
            let values: Vec<Fr> = (usable..n).map(|_| Fr::random(&mut rng)).collect();
            column.blind(usable, values);
        }
        for _ in &columns {
            let _unused = Fr::random(&mut rng);
        }
        for (number, column) in numbers.iter().zip(&columns) {
            if let Some(index) = equality_of(verifier::Column::Advice(*number as u32)) {
                copied.extend(moved_of(index).map(|row| ((index, row), column.get(row, point(row)))));
            }
        }
        progress(Phase::Commit(phase));
        let columns: Vec<B::Column> = columns.into_iter().map(|column| backend.load(column)).collect();
        let commitments: Vec<G1Affine> = columns.par_iter().map(|column| backend.commit(column)).collect();
        for commitment in commitments {
            write(transcript, "an advice column", commitment)?;
        }
        for (number, column) in numbers.into_iter().zip(columns) {
            if let Some(slot) = advice.get_mut(number) {
                *slot = Some(column);
            }
        }
        for (challenge, _) in challenges.iter_mut().zip(&constraints.challenge_phases).filter(|(_, p)| **p == phase) {
            *challenge = *transcript.squeeze_challenge_scalar::<()>();
        }
    }
    let advice: Vec<B::Column> = advice.into_iter().flatten().collect();
    let public = Column::sparse(instances.iter().copied().enumerate().collect());

    progress(Phase::Permutation);
    for (index, column) in constraints.equality.iter().enumerate() {
        let value = |row: usize| match column {
            verifier::Column::Instance(_) => Some(instances.get(row).copied().unwrap_or(Fr::ZERO)),
            verifier::Column::Fixed(_) | verifier::Column::Advice(_) => None,
        };
        copied.extend(moved_of(index).filter_map(|row| Some(((index, row), value(row)?))));
        if let (verifier::Column::Fixed(number), false) = (column, permutation.moved.is_empty())
            && let Some(fixed) = resident.fixed.get(*number as usize)
        {
            for row in moved_of(index) {
                copied.insert((index, row), backend.cell(fixed, row));
            }
        }
    }
    let _theta = *transcript.squeeze_challenge_scalar::<()>();
    let beta = *transcript.squeeze_challenge_scalar::<()>();
    let gamma = *transcript.squeeze_challenge_scalar::<()>();
    let chunk = chunk(constraints);
    let mut products = Vec::new();
    let mut first = Fr::ONE;
    for start in (0..permutation.columns).step_by(chunk) {
        let end = permutation.columns.min(start + chunk);
        let ratios = permutation.ratios(omega, start..end, (beta, gamma), |column, row, _| {
            copied.get(&(column, row)).copied().unwrap_or(Fr::ZERO)
        });
        let tail: Vec<Fr> = (0..blinds).map(|_| Fr::random(&mut rng)).collect();
        let _unused = Fr::random(&mut rng);
        let product = backend.grand_product(first, &ratios, &tail);
        write(transcript, "a permutation product", backend.commit(&product))?;
        first = ratios.iter().fold(first, |product, (_, ratio)| product * ratio);
        products.push(product);
    }
    let random = backend.load(Column::line(Fr::random(&mut rng), Fr::random(&mut rng)));
    write(transcript, "the random polynomial", backend.commit(&random))?;

    progress(Phase::Quotient);
    let y = *transcript.squeeze_challenge_scalar::<()>();
    let public = backend.load(public);
    let rows = rows(constraints, n).map(|column| backend.load(column));
    let line = backend.load(Column::line(Fr::ZERO, Fr::ONE));
    let mut sources: Vec<&B::Column> = resident.fixed.iter().chain(&advice).collect();
    sources.push(&public);
    sources.extend(resident.moves.iter().chain(&products));
    sources.extend(&rows);
    sources.push(&line);
    let gates = gates(constraints, &challenges, (beta, gamma), y)?;
    let pieces = quotient(backend, &sources, Numbering::new(constraints).identity, &gates, degree - 1, &resident.kept);
    drop(gates);
    progress(Phase::CommitQuotient);
    for _ in &pieces {
        let _unused = Fr::random(&mut rng);
    }
    let commitments: Vec<G1Affine> = pieces.par_iter().map(|piece| backend.commit_coefficients(piece)).collect();
    for commitment in commitments {
        write(transcript, "a piece of the quotient", commitment)?;
    }

    progress(Phase::Evaluations);
    let x = *transcript.squeeze_challenge_scalar::<()>();
    let x_to_n = x.pow_vartime([n as u64]);
    if x_to_n == Fr::ONE {
        return Err(ProverError::UnluckyChallenge);
    }
    let powers = std::iter::successors(Some(Fr::ONE), |power| Some(power * x_to_n));
    let terms: Vec<_> = powers.zip(&pieces).collect();
    let h = backend.evaluate(backend.combine(&terms));
    drop(terms);
    drop(pieces);
    let weights = backend.lagrange_weights(x);
    let open = |column: &B::Column, rotation: i32| backend.open(column, rotation, x, &weights);
    let last_rotation = -(blinds as i32 + 1);
    let mut queries: Vec<(&B::Column, i32)> = Vec::new();
    queries
        .extend(constraints.advice_queries.iter().filter_map(|q| Some((advice.get(q.column as usize)?, q.rotation))));
    let fixed_queries_at = queries.len();
    queries.extend(
        constraints.fixed_queries.iter().filter_map(|q| Some((resident.fixed.get(q.column as usize)?, q.rotation))),
    );
    let random_at = queries.len();
    queries.push((&random, 0));
    queries.extend(resident.sigma.iter().map(|column| (column, 0)));
    let products_values_at = queries.len();
    for (index, product) in products.iter().enumerate() {
        queries.extend([(product, 0), (product, 1)]);
        if index + 1 < products.len() {
            queries.push((product, last_rotation));
        }
    }
    let values: Vec<Fr> = queries.par_iter().map(|(column, rotation)| open(column, *rotation)).collect();
    for value in &values {
        transcript.write_scalar(*value)?;
    }
    let h_value = open(&h, 0);
    drop(weights);

    progress(Phase::Openings);
    // The order in which halo2's opening first meets each polynomial.
    let order = (0..fixed_queries_at)
        .chain(products_values_at..queries.len())
        .chain(fixed_queries_at..random_at)
        .chain(random_at + 1..products_values_at);
    let mut openings: Vec<Opening<'_, B::Column>> = Vec::new();
    for at in order {
        let (Some((column, rotation)), Some(value)) = (queries.get(at), values.get(at)) else { continue };
        // Rotations that meet modulo the rows are one point.
        let rotation = rotation.rem_euclid(n as i32);
        match openings.iter_mut().find(|o| std::ptr::eq(o.column, *column)) {
            Some(opening) => {
                opening.values.insert(rotation, *value);
            }
            None => openings.push(Opening { column, values: BTreeMap::from([(rotation, *value)]) }),
        }
    }
    let random_value = values.get(random_at).copied().unwrap_or(Fr::ZERO);
    openings.push(Opening { column: &h, values: BTreeMap::from([(0, h_value)]) });
    openings.push(Opening { column: &random, values: BTreeMap::from([(0, random_value)]) });
    let rotate = |rotation: i32| {
        let turns = rotation.rem_euclid(n as i32) as u64;
        x * omega.pow_vartime([turns])
    };
    shplonk(backend, &openings, rotate, transcript)
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
