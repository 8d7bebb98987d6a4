//! All values at once: SHPLONK (Boneh, Drake, Fisch, Gabizon, ePrint 2020/081, section 4), in halo2's order.
//!
//! Rotation set `s` holds polynomials `p_j` that are opened at the same points, `T` all points together. With `r_j` the
//! polynomial of least degree through the claimed values of `p_j` and `Z_S` the one that vanishes in `S`, the prover has committed
//! to `W = sum_s v^s sum_j y^j (p_j - r_j) / Z_s`. Then
//!
//! ```text
//! L(X) = sum_s v^s Z_(T - s)(u) sum_j y^j (p_j(X) - r_j(u)) - Z_T(u) W(X)
//! ```
//!
//! vanishes at `u`, and `W'` commits to `L(X) / (X - u)`. Both are divided by `Z_(T - s)(u)` of the first set, so that its
//! polynomials need no factor. The check is `L(X) + u W'(X) = X W'(X)` at the SRS's secret.

use std::collections::{BTreeMap, BTreeSet};

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing as _;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, Field, One, Zero, batch_inversion};

use super::conversation::Conversation;
use crate::VerifyError;
use crate::domain::RowDomain;
use crate::protocol::{Polynomial, Protocol, TranscriptChallenge};

/// `L(X) + u W'(X)` as multiples of committed polynomials, less a constant.
pub(super) struct FoldedOpening {
    /// Polynomials and their factors.
    pub(super) terms: Vec<(Polynomial, Fr)>,
    /// What the polynomials' sum exceeds `L + u W'` by: the claimed values at `u`, folded.
    pub(super) constant: Fr,
}

impl FoldedOpening {
    /// Folds the claimed values of all polynomials of all rotation sets.
    pub(super) fn fold(protocol: &Protocol, domain: &RowDomain, said: &Conversation<'_>) -> Result<Self, VerifyError> {
        let x = said.challenge(TranscriptChallenge::X)?;
        let [y, v, u] = [TranscriptChallenge::OpeningY, TranscriptChallenge::OpeningV, TranscriptChallenge::OpeningU]
            .map(|c| said.challenge(c));
        let (y, v, u) = (y?, v?, u?);
        let all: BTreeSet<i32> = protocol.sets.iter().flat_map(|set| set.rotations.iter().copied()).collect();
        let points: BTreeMap<i32, Fr> = all.iter().map(|r| (*r, domain.rotate(x, i64::from(*r)))).collect();
        let point = |rotation: &i32| points.get(rotation).copied().unwrap_or(x);
        let vanishing = |rotations: &[i32]| rotations.iter().map(|rotation| u - point(rotation)).product::<Fr>();

        let mut opening = Self { terms: Vec::new(), constant: Fr::ZERO };
        let mut power_of_v = Fr::one();
        for set in &protocol.sets {
            let others: Vec<i32> = all.iter().copied().filter(|r| !set.rotations.contains(r)).collect();
            let points: Vec<Fr> = set.rotations.iter().map(point).collect();
            let weights = lagrange_weights(&points, u).ok_or(UNLUCKY_X)?;
            let mut scale = power_of_v * vanishing(&others);
            for polynomial in &set.polynomials {
                opening.terms.push((*polynomial, scale));
                for (rotation, weight) in set.rotations.iter().zip(&weights) {
                    opening.constant += scale * weight * said.value(*polynomial, *rotation)?;
                }
                scale *= y;
            }
            power_of_v *= v;
        }
        let everywhere: Vec<i32> = all.into_iter().collect();
        opening.terms.push((Polynomial::OpeningQuotient, -vanishing(&everywhere)));
        opening.normalise()?;
        opening.terms.push((Polynomial::OpeningLast, u));
        Ok(opening)
    }

    /// Divides by the first factor, which is that of the first set.
    fn normalise(&mut self) -> Result<(), VerifyError> {
        let first = self.terms.first().map_or(Fr::ZERO, |(_, scale)| *scale);
        let inverse =
            first.inverse().ok_or(VerifyError::UnluckyChallenge { challenge: TranscriptChallenge::OpeningU })?;
        self.terms.iter_mut().for_each(|(_, scale)| *scale *= inverse);
        self.constant *= inverse;
        Ok(())
    }
}

const UNLUCKY_X: VerifyError = VerifyError::UnluckyChallenge { challenge: TranscriptChallenge::X };

/// `prod_(q != p) (u - q) / (p - q)` for each point `p`: what its value counts in the interpolation at `u`. None when two points
/// are equal.
fn lagrange_weights(points: &[Fr], u: Fr) -> Option<Vec<Fr>> {
    let others = |at: usize| points.iter().enumerate().filter(move |(other, _)| *other != at).map(|(_, point)| point);
    let mut weights: Vec<Fr> =
        points.iter().enumerate().map(|(at, point)| others(at).map(|other| *point - other).product()).collect();
    if weights.iter().any(Fr::is_zero) {
        return None;
    }
    batch_inversion(&mut weights);
    for (at, weight) in weights.iter_mut().enumerate() {
        *weight *= others(at).map(|other| u - other).product::<Fr>();
    }
    Some(weights)
}

/// `[s]_2` and `[1]_2`, prepared for pairings.
#[derive(Clone, Debug)]
pub(super) struct Pairing {
    secret: <Bn254 as ark_ec::pairing::Pairing>::G2Prepared,
    one: <Bn254 as ark_ec::pairing::Pairing>::G2Prepared,
}

impl Pairing {
    pub(super) fn new(s_g2: &G2Affine) -> Self {
        Self { secret: (*s_g2).into(), one: G2Affine::generator().into() }
    }

    /// Whether `e(left, [s]_2) = e(sum of terms, [1]_2)`.
    pub(super) fn holds(&self, left: G1Affine, terms: &[(G1Affine, Fr)]) -> bool {
        let (points, scalars): (Vec<G1Affine>, Vec<Fr>) = terms.iter().copied().unzip();
        let Ok(right) = G1Projective::msm(&points, &scalars) else { return false };
        let product = Bn254::multi_miller_loop([left, (-right).into_affine()], [self.secret.clone(), self.one.clone()]);
        Bn254::final_exponentiation(product).is_some_and(|output| output.0.is_one())
    }
}
