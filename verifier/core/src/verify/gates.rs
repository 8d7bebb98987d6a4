//! The gates' values at `x`, from the values that the proof claims for their cells.

use std::collections::BTreeMap;

use ark_bn254::Fr;

use super::conversation::Conversation;
use crate::domain::Domain;
use crate::protocol::{Challenge, Polynomial};
use crate::{Column, ConstraintSystem, Expression, Node, VerifyError};

/// The value of every gate polynomial at `x`, in the order of the gates.
pub(super) fn values(constraints: &ConstraintSystem, said: &Conversation<'_>) -> Result<Vec<Fr>, VerifyError> {
    let polynomials = constraints.gates.iter().flat_map(|gate| &gate.polynomials);
    polynomials.map(|polynomial| evaluate(polynomial, said)).collect()
}

fn evaluate(polynomial: &Expression, said: &Conversation<'_>) -> Result<Fr, VerifyError> {
    let malformed = || VerifyError::Inconsistent { what: "an operation of an expression lacks operands", at: 0 };
    let leaf = |node: &Node| match *node {
        Node::Constant(value) => Ok(value),
        Node::Fixed { column, rotation } => said.value(Column::Fixed(column), rotation),
        Node::Advice { column, rotation } => said.value(Column::Advice(column), rotation),
        Node::Instance { column, rotation } => said.value(Column::Instance(column), rotation),
        Node::Challenge(index) => said.challenge(Challenge::Circuit(index)),
        Node::Negate | Node::Add | Node::Multiply | Node::Scale(_) => Err(malformed()),
    };
    polynomial.fold(leaf, |node, left, right| match (node, right) {
        (Node::Negate, None) => Ok(-left),
        (Node::Scale(factor), None) => Ok(left * factor),
        (Node::Add, Some(right)) => Ok(left + right),
        (Node::Multiply, Some(right)) => Ok(left * right),
        _ => Err(malformed()),
    })
}

/// Computes what the gates read of the public values: `sum_i p_i L_i(w^r x)` with `L_i(w^r x) = L_(i - r)(x)`, over the rows `i`
/// that hold a public value; the rows after them hold zeros.
pub(super) fn insert_public_values(
    constraints: &ConstraintSystem,
    domain: &Domain,
    instances: &[Fr],
    x: Fr,
    said: &mut Conversation<'_>,
) -> Result<(), VerifyError> {
    let rotations: Vec<i64> = constraints.instance_queries.iter().map(|query| i64::from(query.rotation)).collect();
    let (Some(least), Some(most)) = (rotations.iter().min(), rotations.iter().max()) else { return Ok(()) };
    let rows = -most..instances.len() as i64 - least;
    let weights = domain.lagrange(x, rows.clone()).ok_or(VerifyError::UnluckyChallenge { challenge: Challenge::X })?;
    let weights: BTreeMap<i64, Fr> = rows.zip(weights).collect();
    for query in &constraints.instance_queries {
        let term = |(row, value): (i64, &Fr)| Some(*weights.get(&(row - i64::from(query.rotation)))? * value);
        let value = (0..).zip(instances).filter_map(term).sum();
        said.insert(Polynomial::Instance(query.column), query.rotation, value);
    }
    Ok(())
}
