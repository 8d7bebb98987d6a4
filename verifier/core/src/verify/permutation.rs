//! What must vanish at `x` for copied cells to be equal: PLONK's permutation argument in halo2's chunks of columns.
//!
//! Product `z_i` belongs to chunk `i` of the copied columns `p_j`. With `s_j` where a cell is mapped to, `w^last` the row where
//! products end, and `open` 1 in the rows before it:
//!
//! ```text
//! L_first (1 - z_0)                        the first product starts at 1
//! L_last (z_m^2 - z_m)                     the last one ends at 0 or 1
//! L_first (z_i - z_(i-1)(w^last X))        each goes on where the one before ended
//! open (z_i(w X) prod_j (p_j + beta s_j + gamma) - z_i prod_j (p_j + beta delta^j X + gamma))
//! ```

use ark_bn254::Fr;
use ark_ff::{Field, One};

use super::conversation::Conversation;
use crate::domain::{RowDomain, delta};
use crate::protocol::{Polynomial, TranscriptChallenge, last_rotation};
use crate::{ConstraintSystem, VerifyError};

/// The four kinds of identities at `x`, in the order above.
pub(super) fn values(
    constraints: &ConstraintSystem,
    domain: &RowDomain,
    said: &Conversation<'_>,
) -> Result<Vec<Fr>, VerifyError> {
    let Some(last) = constraints.products().checked_sub(1) else { return Ok(Vec::new()) };
    let rows = Rows::at(constraints, domain, said.challenge(TranscriptChallenge::X)?)?;
    let end = last_rotation(constraints);
    let product = |index: usize, rotation| said.value(Polynomial::Product(index as u32), rotation);

    let first_product = product(0, 0)?;
    let last_product = product(last, 0)?;
    let mut values = vec![rows.first * (Fr::one() - first_product), rows.last * (last_product.square() - last_product)];
    for index in 1..=last {
        values.push(rows.first * (product(index, 0)? - product(index - 1, end)?));
    }
    for index in 0..=last {
        values.push(rows.open * step(constraints, said, index)?);
    }
    Ok(values)
}

/// How a product steps from a row to the next, which must be by the ratio of its columns.
fn step(constraints: &ConstraintSystem, said: &Conversation<'_>, index: usize) -> Result<Fr, VerifyError> {
    let [x, beta, gamma] = [
        said.challenge(TranscriptChallenge::X)?,
        said.challenge(TranscriptChallenge::Beta)?,
        said.challenge(TranscriptChallenge::Gamma)?,
    ];
    let product = Polynomial::Product(index as u32);
    let (mut left, mut right) = (said.value(product, 1)?, said.value(product, 0)?);
    let first = index * constraints.chunk();
    let delta = delta();
    let mut label = beta * x * delta.pow([first as u64]);
    for (column, place) in constraints.equality.iter().zip(0u32..).skip(first).take(constraints.chunk()) {
        let shifted = said.value(*column, 0)? + gamma;
        left *= shifted + beta * said.value(Polynomial::Permutation(place), 0)?;
        right *= shifted + label;
        label *= delta;
    }
    Ok(left - right)
}

/// The rows' own polynomials at `x`.
struct Rows {
    /// 1 in the first row.
    first: Fr,
    /// 1 in the row where products end.
    last: Fr,
    /// 1 in every row before that one.
    open: Fr,
}

impl Rows {
    fn at(constraints: &ConstraintSystem, domain: &RowDomain, x: Fr) -> Result<Self, VerifyError> {
        let closed = i64::from(last_rotation(constraints))..0;
        let unlucky = || VerifyError::UnluckyChallenge { challenge: TranscriptChallenge::X };
        let closed = domain.lagrange(x, closed).ok_or_else(unlucky)?;
        let first = domain.lagrange(x, [0]).ok_or_else(unlucky)?;
        let [first, last] = [first, closed.clone()].map(|values| values.first().copied().ok_or_else(unlucky));
        Ok(Self { first: first?, last: last?, open: Fr::one() - closed.iter().sum::<Fr>() })
    }
}
