//! The opening of grouped commitments (Gabizon, Williamson, ePrint 2021/1167, over the quotients of SHPLONK).
//!
//! Group `g` commits to `f_g(X) = sum_j X^j f_gj(X^m)` and is opened at the points `z_r = w^r x` of its rotations:
//! `f_g` leaves the remainder `r_g(X) = sum_r L_r(X^m) sum_j X^j f_gj(z_r)` modulo `Z_g(X^m)`, where `Z_g(Y) = prod_r (Y - z_r)`
//! and `L_r` is the Lagrange basis of these points. The quotient polynomial `h` is committed as it is and opened at `x` itself.
//! With powers of `v` in the order of the groups, `h` last:
//!
//! `H = sum_g v^g (f_g - r_g) / Z_g(X^m) + v^G (h - h(x)) / (X - x)`, then, at a challenge `u`,
//! `W = (sum_g v^g (f_g - r_g(u)) / Z_g(u^m) + v^G (h - h(x)) / (u - x) - H) / (X - u)`.
//!
//! Polynomials of degree below `m n` are `m` components, `P = sum_j X^j P_j(X^m)`, each a vector of values over the rows. The
//! quotient by `X^m - z` is that of the components. The quotient `Q` by `X - u` has `Q_(m-1) = (sum_j u^j P_j) / (Y - u^m)` and
//! `Q_(j-1) = P_j + u Q_j`. `docs/adr/0012-grouped-opening.md` argues the soundness.

use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::shplonk::interpolate;
use crate::ProverError;
use crate::backend::Backend;
use crate::engine::write;

/// A group's columns and their values.
pub struct GroupValues<'a, C> {
    /// The column in each slot.
    pub columns: Vec<&'a C>,
    /// Where they are opened; no two meet modulo the rows.
    pub rotations: Vec<i32>,
    /// Of each column, in the order of the rotations.
    pub values: Vec<Vec<Fr>>,
}

impl<C> GroupValues<'_, C> {
    /// As many values a column as rotations, as many columns as lists of values, and no more of them than the width.
    fn check(&self, width: usize) -> Result<(), ProverError> {
        let paired = |what, expected, got| {
            if expected == got { Ok(()) } else { Err(ProverError::Unpaired { what, expected, got }) }
        };
        paired("columns of a group and lists of values", self.columns.len(), self.values.len())?;
        paired("columns of a group and slots", self.columns.len().min(width), self.columns.len())?;
        let mut lists = self.values.iter();
        lists.try_for_each(|own| paired("rotations of a group and values of a column", self.rotations.len(), own.len()))
    }
}

/// The quotient polynomial `sum_i X^(n i) piece_i(X)`.
pub struct Quotient<'a, V> {
    /// At most as many as the width, in coefficients.
    pub pieces: &'a [V],
    /// Where it is opened.
    pub x: Fr,
    /// Its value there.
    pub value: Fr,
}

/// Writes the two points that open `groups` and `quotient`; `rotate` gives `w^r x`.
///
/// # Errors
/// The transcript refuses a point, or a challenge hits a point of the opening.
pub fn grouped<B: Backend, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    backend: &B,
    groups: &[GroupValues<'_, B::Column>],
    quotient: &Quotient<'_, B::Vector>,
    rotate: impl Fn(i32) -> Fr + Sync,
    transcript: &mut T,
) -> Result<(), ProverError> {
    for group in groups {
        group.check(backend.width())?;
    }
    let v = *transcript.squeeze_challenge_scalar::<()>();
    let powers: Vec<Fr> =
        std::iter::successors(Some(Fr::ONE), |power| Some(power * v)).take(groups.len() + 1).collect();
    let Some((last, powers)) = powers.split_last() else { return Ok(()) };
    let slots: Vec<usize> = (0..backend.width()).collect();
    let h = backend.components(quotient.pieces);
    let h_quotient = divide(backend, &h, quotient.value, quotient.x);

    let sets = sets(groups);
    let points: Vec<Vec<Fr>> =
        sets.iter().map(|(rotations, _)| rotations.iter().map(|r| rotate(*r)).collect()).collect();
    let slot_quotient = |slot: &usize| {
        let mut quotients: Vec<(Fr, B::Vector)> = Vec::new();
        for ((_, members), points) in sets.iter().zip(&points) {
            let mut values = vec![Fr::ZERO; points.len()];
            let mut terms = Vec::new();
            // Members are indices of groups, of which each has its power.
            for (group, power) in members.iter().filter_map(|at| groups.get(*at).zip(powers.get(*at))) {
                // A group that does not fill its slots holds zeros in the others.
                let (Some(column), Some(own)) = (group.columns.get(*slot), group.values.get(*slot)) else { continue };
                terms.push((*power, *column, 0));
                values.iter_mut().zip(own).for_each(|(sum, value)| *sum += power * value);
            }
            if !terms.is_empty() {
                let fold = backend.fold(&terms, Fr::ZERO);
                quotients.push((Fr::ONE, backend.divide(&fold, &interpolate(points, &values)?, points)));
            }
        }
        let mut terms: Vec<(Fr, &B::Vector)> = quotients.iter().map(|(one, vector)| (*one, vector)).collect();
        terms.extend(h_quotient.get(*slot).map(|own| (*last, own)));
        Ok(backend.combine(&terms))
    };
    let combined = slots.par_iter().map(slot_quotient).collect::<Result<Vec<B::Vector>, ProverError>>()?;
    drop(h_quotient);
    write(transcript, "the opening's quotient", backend.commit_values(&combined))?;

    let u = *transcript.squeeze_challenge_scalar::<()>();
    let u_to_m = u.pow_vartime([slots.len() as u64]);
    let mut remainder = Fr::ZERO;
    let mut scales = vec![Fr::ZERO; groups.len()];
    for ((_, members), points) in sets.iter().zip(&points) {
        let weights = barycentric(points, u_to_m).ok_or(ProverError::UnluckyChallenge)?;
        for at in members {
            let (Some(group), Some(power), Some(scale)) = (groups.get(*at), powers.get(*at), scales.get_mut(*at))
            else {
                continue;
            };
            *scale = power * weights.iter().sum::<Fr>();
            let value = |own: &Vec<Fr>| own.iter().zip(&weights).map(|(value, weight)| value * weight).sum::<Fr>();
            remainder += power * group.values.iter().rev().fold(Fr::ZERO, |sum, own| sum * u + value(own));
        }
    }
    let h_scale = last * Option::<Fr>::from((u - quotient.x).invert()).ok_or(ProverError::UnluckyChallenge)?;
    remainder += h_scale * quotient.value;
    let slot_dividend = |((slot, h), combined): ((&usize, &B::Vector), &B::Vector)| {
        let columns =
            groups.iter().zip(&scales).filter_map(|(group, scale)| Some((*scale, *group.columns.get(*slot)?, 0)));
        let fold = backend.fold(&columns.collect::<Vec<_>>(), Fr::ZERO);
        backend.combine(&[(Fr::ONE, &fold), (h_scale, h), (-Fr::ONE, combined)])
    };
    let dividend: Vec<B::Vector> = slots.par_iter().zip(&h).zip(&combined).map(slot_dividend).collect();
    drop((h, combined));
    let opened = divide(backend, &dividend, remainder, u);
    drop(dividend);
    write(transcript, "the opening's last quotient", backend.commit_values(&opened))
}

/// Distinct lists of rotations with the groups opened there.
fn sets<'a, C>(groups: &'a [GroupValues<'_, C>]) -> Vec<(&'a [i32], Vec<usize>)> {
    let mut sets: Vec<(&[i32], Vec<usize>)> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        match sets.iter_mut().find(|(rotations, _)| *rotations == group.rotations) {
            Some((_, members)) => members.push(at),
            None => sets.push((&group.rotations, vec![at])),
        }
    }
    sets
}

/// `(P - remainder) / (X - root)` in components.
fn divide<B: Backend>(backend: &B, components: &[B::Vector], remainder: Fr, root: Fr) -> Vec<B::Vector> {
    let powers = std::iter::successors(Some(Fr::ONE), |power| Some(power * root));
    let terms: Vec<(Fr, &B::Vector)> = powers.zip(components).collect();
    let folded = backend.combine(&terms);
    let top = backend.divide(&folded, &[remainder], &[root.pow_vartime([components.len() as u64])]);
    let mut quotient = vec![top];
    for component in components.iter().skip(1).rev() {
        let next = quotient.last().map(|above| backend.combine(&[(Fr::ONE, component), (root, above)]));
        quotient.extend(next);
    }
    quotient.reverse();
    quotient
}

/// `1 / ((y - z_r) prod_(s != r) (z_r - z_s))` for each point `z_r`: times the values at the points they sum to the
/// interpolated value at `y` over `prod_r (y - z_r)`, and to `1 / prod_r (y - z_r)` by themselves.
fn barycentric(points: &[Fr], y: Fr) -> Option<Vec<Fr>> {
    let weight = |(at, point): (usize, &Fr)| {
        let others = points.iter().enumerate().filter(|(other, _)| *other != at);
        let product = others.fold(y - point, |product, (_, other)| product * (point - other));
        Option::<Fr>::from(product.invert())
    };
    points.iter().enumerate().map(weight).collect()
}
