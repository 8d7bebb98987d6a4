//! The SHPLONK opening (Boneh, Drake, Fisch, Gabizon 2020, section 4), in halo2's order.
//!
//! Set `s` holds the polynomials opened at the points `S_s`. With `T` all points, `Z_S(u)` the product of `u - z` over
//! `S`, and `r_j` the polynomial of least degree with polynomial `j`'s values, the pairing checks
//!
//! `sum_s a_s sum_j y^j (C_j - r_j(u) G) - Z_(S_0)(u) H + u Q = s Q`, with `a_s = v^s Z_(T - S_s)(u) / Z_(T - S_0)(u)`.

use assay_verifier::protocol::{Polynomial, RotationSet};

use crate::layout::{MemoryLayout, product, sum};
use crate::names::{commitment, rotated, scalar, value};
use crate::shape::Shape;

/// One set of points, and what is opened there.
#[derive(Clone, Debug)]
pub(crate) struct SetCode {
    pub(crate) title: String,
    /// `a_s`, in which `power` is `factor v^s`.
    pub(crate) coefficient: String,
    /// Lagrange polynomials of the points at `u`; empty for one point.
    pub(crate) basis: Vec<String>,
    pub(crate) terms: Vec<TermCode>,
}

/// What is added to the sums for one polynomial.
#[derive(Clone, Debug)]
pub(crate) enum TermCode {
    /// A point of the proof.
    Proof { point: String, value: String, first: bool },
    /// The quotient's pieces.
    Pieces { points: Vec<String>, value: String },
    /// A commitment of the key.
    Key { scalar: String, value: String },
}

/// The code of every set.
pub(crate) fn sets(shape: &Shape, layout: &MemoryLayout) -> Vec<SetCode> {
    layout.sets.iter().enumerate().map(|(index, set)| set_code(shape, layout, index, set)).collect()
}

fn set_code(shape: &Shape, layout: &MemoryLayout, index: usize, set: &RotationSet) -> SetCode {
    let gaps = |rotations: &mut dyn Iterator<Item = i32>| {
        product(rotations.filter_map(|rotation| layout.point(rotation)).map(|point| format!("mload({})", point.gap)))
    };
    let others = gaps(&mut layout.points.iter().map(|point| point.rotation).filter(|r| !set.rotations.contains(r)));
    let coefficient = match (index, others.as_str()) {
        (0, _) => "power".to_owned(),
        (_, "1") => "mulmod(power, mload(INVERSE_OTHERS), r)".to_owned(),
        _ => format!("mulmod(mulmod(power, mload(INVERSE_OTHERS), r), {others}, r)"),
    };
    let basis = |rotation: &i32| {
        let gaps = gaps(&mut set.rotations.iter().copied().filter(|other| other != rotation));
        format!("mulmod({gaps}, mload({}), r)", rotated(&format!("INVERSE_SET_{index}"), *rotation))
    };
    let names: Vec<String> = set.rotations.iter().map(|r| rotated("x", *r).to_lowercase()).collect();
    SetCode {
        title: format!("Set {index}: opened at {}.", names.join(", ")),
        coefficient,
        basis: if set.rotations.len() > 1 { set.rotations.iter().map(basis).collect() } else { Vec::new() },
        terms: terms(shape, layout, set),
    }
}

fn terms(shape: &Shape, layout: &MemoryLayout, set: &RotationSet) -> Vec<TermCode> {
    let first = |at| at == 0 && layout.sets.first() == Some(set);
    let term = |(at, polynomial): (usize, &Polynomial)| {
        let value = at_u(set, *polynomial);
        match polynomial {
            Polynomial::Fixed(_) | Polynomial::Permutation(_) => TermCode::Key { scalar: scalar(*polynomial), value },
            Polynomial::Quotient => TermCode::Pieces { points: shape.pieces().map(commitment).collect(), value },
            _ => TermCode::Proof { point: commitment(*polynomial), value, first: first(at) },
        }
    };
    set.polynomials.iter().enumerate().map(term).collect()
}

/// `r_j(u)`.
fn at_u(set: &RotationSet, polynomial: Polynomial) -> String {
    if set.rotations.len() == 1 {
        let rotation = set.rotations.first().copied().unwrap_or(0);
        return format!("mload({})", value(polynomial, rotation));
    }
    let summand = |(index, rotation): (usize, &i32)| {
        let basis = if index == 0 { "BASIS".to_owned() } else { format!("add(BASIS, {})", 32 * index) };
        format!("mulmod(mload({basis}), mload({}), r)", value(polynomial, *rotation))
    };
    sum(set.rotations.iter().enumerate().map(summand))
}
