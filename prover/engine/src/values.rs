//! The values at `x` and its rotations that a proof shows, in halo2's order, and what is to be opened where.

use std::collections::BTreeMap;

use assay_verifier::protocol::{Polynomial, last_rotation};
use assay_verifier::{CommitmentGroup, Grouping, Query, VerifyingKey};
use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::bn256::{Fr, G1Affine};
use rayon::prelude::*;

use crate::ProverError;
use crate::backend::Backend;
use crate::engine::Resident;
use crate::opening::{GroupValues, Opening};

/// Every polynomial of a proof.
pub(crate) struct Opened<'a, B: Backend> {
    pub(crate) advice: &'a [B::Column],
    pub(crate) resident: &'a Resident<B>,
    pub(crate) products: &'a [B::Column],
    pub(crate) random: &'a B::Column,
}

impl<'a, B: Backend> Opened<'a, B> {
    fn column(&self, member: Polynomial) -> Result<&'a B::Column, ProverError> {
        let column = match member {
            Polynomial::Advice(i) => self.advice.get(i as usize),
            Polynomial::Product(i) => self.products.get(i as usize),
            Polynomial::Random => Some(self.random),
            _ => self.resident.of_key(member),
        };
        column.ok_or(ProverError::MissingColumn(member))
    }
}

/// Columns and the rotations at which they are shown.
type Queried<'a, C> = Vec<(&'a C, i32)>;

/// Writes the values of every group's columns at all its points, column by column, and returns them; `weights` are those of `x`.
pub(crate) fn write_group_values<'a, B: Backend, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    backend: &B,
    grouping: &Grouping,
    opened: &Opened<'a, B>,
    x: Fr,
    weights: &B::Vector,
    transcript: &mut T,
) -> Result<Vec<GroupValues<'a, B::Column>>, ProverError> {
    let groups: Vec<_> = grouping.groups().collect();
    let values = |group: &&CommitmentGroup| {
        let members = group.members.iter();
        let columns = members.map(|member| opened.column(*member)).collect::<Result<Vec<_>, ProverError>>()?;
        let values = |column: &&'a B::Column| {
            group.rotations.iter().map(|rotation| backend.open(column, *rotation, x, weights)).collect()
        };
        let values = columns.par_iter().map(values).collect();
        Ok(GroupValues { values, columns, rotations: group.rotations.clone() })
    };
    let groups = groups.par_iter().map(values).collect::<Result<Vec<GroupValues<'a, B::Column>>, ProverError>>()?;
    for value in groups.iter().flat_map(|group| group.values.iter().flatten()) {
        transcript.write_scalar(*value)?;
    }
    Ok(groups)
}

/// Writes the queried values (advice, fixed, random polynomial, permutation columns, products) and returns the openings in the
/// order in which halo2's opening argument first meets each polynomial (advice, products, fixed, permutation columns, `h`,
/// random polynomial).
pub(crate) fn write_values<'a, B: Backend, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    backend: &B,
    key: &VerifyingKey,
    opened: &Opened<'a, B>,
    h: &'a B::Column,
    x: Fr,
    transcript: &mut T,
) -> Result<Vec<Opening<'a, B::Column>>, ProverError> {
    let constraints = key.constraints();
    let last_rotation = last_rotation(constraints);
    let queried = |queries: &[Query], member: fn(u32) -> Polynomial| -> Result<Queried<'a, B::Column>, ProverError> {
        queries.iter().map(|query| Ok((opened.column(member(query.column))?, query.rotation))).collect()
    };
    let advice = queried(&constraints.advice_queries, Polynomial::Advice)?;
    let fixed = queried(&constraints.fixed_queries, Polynomial::Fixed)?;
    let products = opened.products.iter().enumerate().flat_map(|(index, product)| {
        let chained = (index + 1 < opened.products.len()).then_some((product, last_rotation));
        [(product, 0), (product, 1)].into_iter().chain(chained)
    });
    let random = [(opened.random, 0)];
    let sigma = opened.resident.sigma.iter().map(|column| (column, 0));
    let groups: [Queried<'a, B::Column>; 6] =
        [advice, fixed, random.to_vec(), sigma.collect(), products.collect(), vec![(h, 0)]];

    let weights = backend.lagrange_weights(x);
    let open = |(column, rotation): &(&B::Column, i32)| backend.open(column, *rotation, x, &weights);
    let values = groups.each_ref().map(|group| group.par_iter().map(open).collect::<Vec<Fr>>());
    let [shown @ .., _] = &values;
    for value in shown.iter().flatten() {
        transcript.write_scalar(*value)?;
    }

    let n = 1i32 << key.k();
    let mut openings: Vec<Opening<'a, B::Column>> = Vec::new();
    for at in [0, 4, 1, 3, 5, 2] {
        let (Some(group), Some(values)) = (groups.get(at), values.get(at)) else { continue };
        for ((column, rotation), value) in group.iter().zip(values) {
            // Rotations that meet modulo the rows are one point.
            let rotation = rotation.rem_euclid(n);
            match openings.iter_mut().find(|o| std::ptr::eq(o.column, *column)) {
                Some(opening) => {
                    opening.values.insert(rotation, *value);
                }
                None => openings.push(Opening { column, values: BTreeMap::from([(rotation, *value)]) }),
            }
        }
    }
    Ok(openings)
}
