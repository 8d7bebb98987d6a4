//! The gates' values at `x`, from the values that the proof claims for their cells.

use std::collections::BTreeMap;

use ark_bn254::Fr;

use super::conversation::Conversation;
use crate::domain::RowDomain;
use crate::protocol::{Polynomial, TranscriptChallenge};
use crate::{Column, ConstraintSystem, Expression, ExpressionNode, VerifyError};

/// The value of every gate polynomial at `x`, in the order of the gates.
pub(super) fn values(constraints: &ConstraintSystem, said: &Conversation<'_>) -> Result<Vec<Fr>, VerifyError> {
    let polynomials = constraints.gates.iter().flat_map(|gate| &gate.polynomials);
    polynomials.map(|polynomial| evaluate(polynomial, said)).collect()
}

fn evaluate(polynomial: &Expression, said: &Conversation<'_>) -> Result<Fr, VerifyError> {
    let malformed = || VerifyError::Inconsistent { what: "an operation of an expression lacks operands", at: 0 };
    let leaf = |node: &ExpressionNode| match *node {
        ExpressionNode::Constant(value) => Ok(value),
        ExpressionNode::Fixed { column, rotation } => said.value(Column::Fixed(column), rotation),
        ExpressionNode::Advice { column, rotation } => said.value(Column::Advice(column), rotation),
        ExpressionNode::Instance { column, rotation } => said.value(Column::Instance(column), rotation),
        ExpressionNode::Challenge(index) => said.challenge(TranscriptChallenge::Circuit(index)),
        ExpressionNode::Negate | ExpressionNode::Add | ExpressionNode::Multiply | ExpressionNode::Scale(_) => {
            Err(malformed())
        }
    };
    polynomial.fold(leaf, |node, left, right| match (node, right) {
        (ExpressionNode::Negate, None) => Ok(-left),
        (ExpressionNode::Scale(factor), None) => Ok(left * factor),
        (ExpressionNode::Add, Some(right)) => Ok(left + right),
        (ExpressionNode::Multiply, Some(right)) => Ok(left * right),
        _ => Err(malformed()),
    })
}

/// Computes what the gates read of the public values: `sum_i p_i L_i(w^r x)` with `L_i(w^r x) = L_(i - r)(x)`, over the rows `i`
/// that hold a public value; the rows after them hold zeros.
pub(super) fn insert_public_values(
    constraints: &ConstraintSystem,
    domain: &RowDomain,
    instances: &[Fr],
    x: Fr,
    said: &mut Conversation<'_>,
) -> Result<(), VerifyError> {
    let rotations: Vec<i64> = constraints.instance_queries.iter().map(|query| i64::from(query.rotation)).collect();
    let (Some(least), Some(most)) = (rotations.iter().min(), rotations.iter().max()) else { return Ok(()) };
    let rows = -most..instances.len() as i64 - least;
    let weights =
        domain.lagrange(x, rows.clone()).ok_or(VerifyError::UnluckyChallenge { challenge: TranscriptChallenge::X })?;
    let weights: BTreeMap<i64, Fr> = rows.zip(weights).collect();
    for query in &constraints.instance_queries {
        let term = |(row, value): (i64, &Fr)| Some(*weights.get(&(row - i64::from(query.rotation)))? * value);
        let value = (0..).zip(instances).filter_map(term).sum();
        said.insert(Polynomial::Instance(query.column), query.rotation, value);
    }
    Ok(())
}
