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

use super::OpenedColumns;
use super::shplonk::interpolate;
use crate::ProverError;
use crate::backend::Backend;
use crate::engine::write;

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
    groups: &[OpenedColumns<'_, B::Column>],
    quotient: &Quotient<'_, B::Vector>,
    rotate: impl Fn(i32) -> Fr + Sync,
    transcript: &mut T,
) -> Result<(), ProverError> {
    for group in groups {
        group.check()?;
        super::paired("columns of a group and slots", group.columns.len().min(backend.width()), group.columns.len())?;
    }
    let v = *transcript.squeeze_challenge_scalar::<()>();
    let powers: Vec<Fr> =
        std::iter::successors(Some(Fr::ONE), |power| Some(power * v)).take(groups.len() + 1).collect();
    let Some((last, powers)) = powers.split_last() else { return Ok(()) };
    let slots: Vec<usize> = (0..backend.width()).collect();
    let h = backend.components(quotient.pieces);
    let h_quotient = divide(backend, &h, quotient.value, quotient.x);

    let sets = sets(groups, powers, rotate);
    let combine = |slot: &usize| slot_quotient(backend, &sets, *slot, h_quotient.get(*slot).map(|own| (*last, own)));
    let combined = slots.par_iter().map(combine).collect::<Result<Vec<B::Vector>, ProverError>>()?;
    drop(h_quotient);
    write(transcript, "the opening's quotient", backend.commit_values(&combined))?;

    let u = *transcript.squeeze_challenge_scalar::<()>();
    let (scaled, mut remainder) = at_u(&sets, u, slots.len())?;
    let h_scale = last * Option::<Fr>::from((u - quotient.x).invert()).ok_or(ProverError::UnluckyChallenge)?;
    remainder += h_scale * quotient.value;
    let slot_dividend = |((slot, h), combined): ((&usize, &B::Vector), &B::Vector)| {
        let columns = scaled.iter().filter_map(|(scale, group)| Some((*scale, *group.columns.get(*slot)?, 0)));
        let fold = backend.fold(&columns.collect::<Vec<_>>(), Fr::ZERO);
        backend.combine(&[(Fr::ONE, &fold), (h_scale, h), (-Fr::ONE, combined)])
    };
    let dividend: Vec<B::Vector> = slots.par_iter().zip(&h).zip(&combined).map(slot_dividend).collect();
    drop((h, combined));
    let opened = divide(backend, &dividend, remainder, u);
    drop(dividend);
    write(transcript, "the opening's last quotient", backend.commit_values(&opened))
}

/// Groups that are opened at the same points, each with its power of `v`.
struct Set<'a, 'c, C> {
    points: Vec<Fr>,
    members: Vec<(Fr, &'a OpenedColumns<'c, C>)>,
}

/// The groups by their points, both in the order of the groups.
fn sets<'a, 'c, C>(
    groups: &'a [OpenedColumns<'c, C>],
    powers: &[Fr],
    rotate: impl Fn(i32) -> Fr,
) -> Vec<Set<'a, 'c, C>> {
    let mut sets: Vec<(&[i32], Set<'a, 'c, C>)> = Vec::new();
    for (group, power) in groups.iter().zip(powers) {
        if let Some((_, set)) = sets.iter_mut().find(|(rotations, _)| *rotations == group.rotations) {
            set.members.push((*power, group));
        } else {
            let points = group.rotations.iter().map(|rotation| rotate(*rotation)).collect();
            sets.push((&group.rotations, Set { points, members: vec![(*power, group)] }));
        }
    }
    sets.into_iter().map(|(_, set)| set).collect()
}

/// A component of `H`: `sum_g v^g (f_gj - r_gj) / Z_g`, and the quotient polynomial's own `h` times its power.
fn slot_quotient<B: Backend>(
    backend: &B,
    sets: &[Set<'_, '_, B::Column>],
    slot: usize,
    h: Option<(Fr, &B::Vector)>,
) -> Result<B::Vector, ProverError> {
    let mut quotients: Vec<B::Vector> = Vec::new();
    for Set { points, members } in sets {
        let mut values = vec![Fr::ZERO; points.len()];
        let mut terms = Vec::new();
        for (power, group) in members {
            // A group that does not fill its slots holds zeros in the others.
            let (Some(column), Some(own)) = (group.columns.get(slot), group.values.get(slot)) else { continue };
            terms.push((*power, *column, 0));
            values.iter_mut().zip(own).for_each(|(sum, value)| *sum += *power * value);
        }
        if !terms.is_empty() {
            let fold = backend.fold(&terms, Fr::ZERO);
            quotients.push(backend.divide(&fold, &interpolate(points, &values)?, points));
        }
    }
    let terms: Vec<(Fr, &B::Vector)> = quotients.iter().map(|vector| (Fr::ONE, vector)).chain(h).collect();
    Ok(backend.combine(&terms))
}

/// The groups with what they count, `v^g / Z_g(u^m)`, and `sum_g v^g r_g(u) / Z_g(u^m)`.
#[expect(clippy::type_complexity, reason = "groups with their factors, and a sum")]
fn at_u<'a, 'c, C>(
    sets: &[Set<'a, 'c, C>],
    u: Fr,
    width: usize,
) -> Result<(Vec<(Fr, &'a OpenedColumns<'c, C>)>, Fr), ProverError> {
    let u_to_m = u.pow_vartime([width as u64]);
    let (mut scaled, mut remainder) = (Vec::new(), Fr::ZERO);
    for Set { points, members } in sets {
        let weights = barycentric(points, u_to_m).ok_or(ProverError::UnluckyChallenge)?;
        let value = |own: &Vec<Fr>| own.iter().zip(&weights).map(|(value, weight)| value * weight).sum::<Fr>();
        for (power, group) in members {
            scaled.push((power * weights.iter().sum::<Fr>(), *group));
            remainder += power * group.values.iter().rev().fold(Fr::ZERO, |sum, own| sum * u + value(own));
        }
    }
    Ok((scaled, remainder))
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
