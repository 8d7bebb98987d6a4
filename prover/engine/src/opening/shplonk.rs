//! SHPLONK (Boneh, Drake, Fisch, Gabizon 2020, section 4): all openings in two points, in halo2's order.
//!
//! Columns opened at the same points form a set. With `N_s = sum_j y^j (p_j - r_j)` over the columns of set `s`
//! (`r_j` interpolates their values), `Z_s` the vanishing polynomial of its points and `Z` that of all points:
//! `h = sum_s v^s N_s / Z_s`, then `(sum_s v^s (Z / Z_s)(u) (N_s - N_s(u)) - Z(u) h) / (X - u)`, normalised by the first
//! set's factor. Everything is a vector of values: columns are folded as they are, and division is by rows.

use std::collections::BTreeSet;

use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::OpenedColumns;
use crate::ProverError;
use crate::backend::Backend;
use crate::engine::write;
use crate::quotient::lagrange_coefficients;

/// The columns of a set, folded.
struct FoldedSet<V> {
    points: Vec<Fr>,
    /// `sum_j y^j p_j` in values.
    fold: V,
    /// `sum_j y^j r_j` in coefficients.
    remainder: Vec<Fr>,
}

/// Writes the two points that open the columns of `sets`, which are the protocol's rotation sets in its order; `rotate` gives `w^r x`.
///
/// # Errors
/// The transcript refuses a point.
pub fn shplonk<B: Backend, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    backend: &B,
    sets: &[OpenedColumns<'_, B::Column>],
    rotate: impl Fn(i32) -> Fr + Sync,
    transcript: &mut T,
) -> Result<(), ProverError> {
    let y = *transcript.squeeze_challenge_scalar::<()>();
    let v = *transcript.squeeze_challenge_scalar::<()>();
    let all: BTreeSet<i32> = sets.iter().flat_map(|set| set.rotations.iter().copied()).collect();
    let fold = |set: &OpenedColumns<'_, B::Column>| fold(backend, set, &rotate, y);
    let folded = sets.par_iter().map(fold).collect::<Result<Vec<FoldedSet<B::Vector>>, ProverError>>()?;

    let powers_of_v: Vec<Fr> =
        std::iter::successors(Some(Fr::ONE), |power| Some(power * v)).take(folded.len()).collect();
    let quotients: Vec<B::Vector> =
        folded.par_iter().map(|set| backend.divide(&set.fold, &set.remainder, &set.points)).collect();
    let terms: Vec<_> = powers_of_v.iter().copied().zip(&quotients).collect();
    let h = backend.combine(&terms);
    drop(quotients);
    write(transcript, "the opening's quotient", backend.commit_values(std::slice::from_ref(&h)))?;

    let u = *transcript.squeeze_challenge_scalar::<()>();
    let vanishing = |rotations: &mut dyn Iterator<Item = i32>| rotations.fold(Fr::ONE, |z, r| z * (u - rotate(r)));
    let mut terms: Vec<(Fr, &B::Vector)> = Vec::new();
    let mut constant = Fr::ZERO;
    let mut normaliser = Fr::ZERO;
    for ((set, folded), power) in sets.iter().zip(&folded).zip(&powers_of_v) {
        let others = vanishing(&mut all.iter().copied().filter(|r| !set.rotations.contains(r)));
        if terms.is_empty() {
            normaliser = others;
        }
        terms.push((power * others, &folded.fold));
        constant += power * others * evaluate(&folded.remainder, u);
    }
    terms.push((-vanishing(&mut all.iter().copied()), &h));
    let inverse = Option::<Fr>::from(normaliser.invert()).ok_or(ProverError::UnluckyChallenge)?;
    let terms: Vec<_> = terms.into_iter().map(|(c, vector)| (c * inverse, vector)).collect();
    let last = backend.divide(&backend.combine(&terms), &[constant * inverse], &[u]);
    write(transcript, "the opening's last quotient", backend.commit_values(&[last]))
}

/// The columns of a set, and their values, folded by powers of `y`.
fn fold<B: Backend>(
    backend: &B,
    set: &OpenedColumns<'_, B::Column>,
    rotate: impl Fn(i32) -> Fr,
    y: Fr,
) -> Result<FoldedSet<B::Vector>, ProverError> {
    set.check()?;
    let points: Vec<Fr> = set.rotations.iter().map(|rotation| rotate(*rotation)).collect();
    let powers = std::iter::successors(Some(Fr::ONE), |power| Some(power * y));
    let mut terms = Vec::new();
    let mut values = vec![Fr::ZERO; points.len()];
    for ((column, own), power) in set.columns.iter().zip(&set.values).zip(powers) {
        terms.push((power, *column, 0));
        values.iter_mut().zip(own).for_each(|(sum, value)| *sum += power * value);
    }
    let remainder = interpolate(&points, &values)?;
    Ok(FoldedSet { remainder, fold: backend.fold(&terms, Fr::ZERO), points })
}

/// Coefficients of the polynomial of least degree with these values.
///
/// # Errors
/// Two equal points, or another number of values than of points.
pub(super) fn interpolate(points: &[Fr], values: &[Fr]) -> Result<Vec<Fr>, ProverError> {
    if points.len() != values.len() {
        let what = "points of an opening and values there";
        return Err(ProverError::Unpaired { what, expected: points.len(), got: values.len() });
    }
    let mut sum = vec![Fr::ZERO; points.len()];
    let bases = lagrange_coefficients(points).ok_or(ProverError::UnluckyChallenge)?;
    for (basis, value) in bases.into_iter().zip(values) {
        sum.iter_mut().zip(basis).for_each(|(s, b)| *s += b * value);
    }
    Ok(sum)
}

fn evaluate(coefficients: &[Fr], x: Fr) -> Fr {
    coefficients.iter().rev().fold(Fr::ZERO, |sum, c| sum * x + c)
}
