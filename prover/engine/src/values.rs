//! The values at `x` and its rotations that a proof shows, and what is opened where: both as the protocol lists them.

use std::collections::BTreeMap;

use assay_verifier::Protocol;
use assay_verifier::protocol::{Evaluation, Polynomial, Step};
use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::bn256::{Fr, G1Affine};
use rayon::prelude::*;

use crate::ProverError;
use crate::backend::Backend;
use crate::engine::Resident;
use crate::opening::OpenedColumns;

/// Every polynomial of a proof.
pub(crate) struct Opened<'a, B: Backend> {
    pub(crate) advice: &'a [B::Column],
    pub(crate) resident: &'a Resident<B>,
    pub(crate) products: &'a [B::Column],
    pub(crate) random: &'a B::Column,
    /// The quotient at `x`, where it is opened as a column: not where commitments are grouped.
    pub(crate) quotient: Option<&'a B::Column>,
}

impl<'a, B: Backend> Opened<'a, B> {
    fn column(&self, member: Polynomial) -> Result<&'a B::Column, ProverError> {
        let column = match member {
            Polynomial::Advice(i) => self.advice.get(i as usize),
            Polynomial::Product(i) => self.products.get(i as usize),
            Polynomial::Random => Some(self.random),
            Polynomial::Quotient => self.quotient,
            _ => self.resident.of_key(member),
        };
        column.ok_or(ProverError::MissingColumn(member))
    }
}

/// Values of polynomials, by the rotation nearest to zero that names the row.
pub(crate) type Values = BTreeMap<(Polynomial, i32), Fr>;

/// Writes the values that a proof shows, in the protocol's order, and returns them; `weights` are those of `x`.
pub(crate) fn write_values<B: Backend, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    backend: &B,
    protocol: &Protocol,
    opened: &Opened<'_, B>,
    x: Fr,
    weights: &B::Vector,
    transcript: &mut T,
) -> Result<Values, ProverError> {
    let shown = protocol.steps.iter().filter_map(|step| match step {
        Step::Evaluation(shown) => Some(*shown),
        Step::Commitment(_) | Step::Challenge(_) => None,
    });
    let shown: Vec<Evaluation> = shown.collect();
    let open = |shown: &Evaluation| {
        let column = opened.column(shown.polynomial)?;
        Ok((shown.polynomial, protocol.nearest(shown.rotation), backend.open(column, shown.rotation, x, weights)))
    };
    let values = shown.par_iter().map(open).collect::<Result<Vec<(Polynomial, i32, Fr)>, ProverError>>()?;
    for (_, _, value) in &values {
        transcript.write_scalar(*value)?;
    }
    Ok(values.into_iter().map(|(polynomial, rotation, value)| ((polynomial, rotation), value)).collect())
}

/// Columns that the protocol opens at the same points, with their values.
pub(crate) fn opened_columns<'a, B: Backend>(
    opened: &Opened<'a, B>,
    values: &Values,
    members: &[Polynomial],
    rotations: &[i32],
) -> Result<OpenedColumns<'a, B::Column>, ProverError> {
    let columns = members.iter().map(|member| opened.column(*member)).collect::<Result<_, ProverError>>()?;
    let value = |member: Polynomial, rotation: i32| {
        values.get(&(member, rotation)).copied().ok_or(ProverError::MissingColumn(member))
    };
    let of = |member: &Polynomial| rotations.iter().map(|rotation| value(*member, *rotation)).collect();
    let values = members.iter().map(of).collect::<Result<_, ProverError>>()?;
    Ok(OpenedColumns { columns, rotations: rotations.to_vec(), values })
}
