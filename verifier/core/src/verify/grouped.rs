//! All values at once, of grouped commitments (Gabizon, Williamson, ePrint 2021/1167, over the quotients of SHPLONK).
//!
//! Group `g` is committed to as `f_g(X) = sum_j X^j f_gj(X^m)` and opened at the points `z_r = w^r x` of its rotations: modulo
//! `Z_g(X^m)`, `Z_g(Y) = prod_r (Y - z_r)`, it leaves `r_g(X) = sum_r L_r(X^m) sum_j X^j f_gj(z_r)`, with `L_r` the Lagrange basis of the
//! points. The quotient `h` is opened at `x` itself. The prover has committed to
//! `H = sum_g v^g (f_g - r_g) / Z_g(X^m) + v^G (h - h(x)) / (X - x)`. Then
//!
//! ```text
//! L(X) = sum_g v^g (f_g(X) - r_g(u)) / Z_g(u^m) + v^G (h(X) - h(x)) / (u - x) - H(X)
//! ```
//!
//! vanishes at `u`, and `W'` commits to `L(X) / (X - u)`. The check is `L(X) + u W'(X) = X W'(X)` at the SRS's secret.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, One, batch_inversion};

use super::conversation::Conversation;
use super::opening::FoldedOpening;
use crate::VerifyError;
use crate::domain::RowDomain;
use crate::protocol::{Polynomial, Protocol, TranscriptChallenge};

const UNLUCKY_U: VerifyError = VerifyError::UnluckyChallenge { challenge: TranscriptChallenge::OpeningU };

/// Folds the claimed values of all groups, `m = width` slots each, and of the quotient.
pub(super) fn fold(
    protocol: &Protocol,
    width: u32,
    domain: &RowDomain,
    said: &Conversation<'_>,
) -> Result<FoldedOpening, VerifyError> {
    let x = said.challenge(TranscriptChallenge::X)?;
    let (v, u) = (said.challenge(TranscriptChallenge::OpeningV)?, said.challenge(TranscriptChallenge::OpeningU)?);
    let u_to_m = u.pow([u64::from(width)]);
    let mut opening = FoldedOpening { terms: Vec::new(), constant: Fr::ZERO };
    let mut power_of_v = Fr::one();
    for (group, index) in protocol.grouping.groups().zip(0..) {
        let points: Vec<Fr> = group.rotations.iter().map(|rotation| domain.rotate(x, i64::from(*rotation))).collect();
        let weights = barycentric(&points, u_to_m).ok_or(UNLUCKY_U)?;
        opening.terms.push((Polynomial::Group(index), power_of_v * weights.iter().sum::<Fr>()));
        let mut power_of_u = Fr::one();
        for member in &group.members {
            for (rotation, weight) in group.rotations.iter().zip(&weights) {
                opening.constant += power_of_v * power_of_u * weight * said.value(*member, *rotation)?;
            }
            power_of_u *= u;
        }
        power_of_v *= v;
    }
    let scale = power_of_v * (u - x).inverse().ok_or(UNLUCKY_U)?;
    opening.constant += scale * said.value(Polynomial::Quotient, 0)?;
    opening.terms.push((Polynomial::Quotient, scale));
    opening.terms.push((Polynomial::OpeningQuotient, -Fr::one()));
    opening.terms.push((Polynomial::OpeningLast, u));
    Ok(opening)
}

/// `1 / ((y - z_r) prod_(q != r) (z_r - z_q))` for each point `z_r`: times the values at the points they sum to the interpolation at
/// `y` over `prod_r (y - z_r)`, and by themselves to `1 / prod_r (y - z_r)`. None when `y` is a point or two points are equal.
fn barycentric(points: &[Fr], y: Fr) -> Option<Vec<Fr>> {
    let product = |(at, point): (usize, &Fr)| {
        let others = points.iter().enumerate().filter(|(other, _)| *other != at);
        others.fold(y - point, |product, (_, other)| product * (*point - other))
    };
    let mut weights: Vec<Fr> = points.iter().enumerate().map(product).collect();
    if weights.contains(&Fr::ZERO) {
        return None;
    }
    batch_inversion(&mut weights);
    Some(weights)
}
