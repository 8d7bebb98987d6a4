//! The SHPLONK opening (Boneh, Drake, Fisch, Gabizon 2020, section 4), in halo2's order.
//!
//! Set `s` holds the polynomials opened at the points `S_s`. With `T` all points, `Z_S(u)` the product of `u - z` over
//! `S`, and `r_j` the polynomial of least degree with polynomial `j`'s values, the pairing checks
//!
//! `sum_s a_s sum_j y^j (C_j - r_j(u) G) - Z_(S_0)(u) H + u Q = s Q`, with `a_s = v^s Z_(T - S_s)(u) / Z_(T - S_0)(u)`.

use crate::layout::{Layout, product};
use crate::names::{commitment, piece, rotated, scalar, value};
use crate::shape::{OpeningSet, Polynomial, Shape};

/// From how many on the key's commitments in a row are a loop: it costs 50 gas a commitment and saves 30 bytes.
const LOOP: usize = 129;

/// One set of points, and what is opened there.
#[derive(Clone, Debug)]
pub(crate) struct SetCode {
    pub(crate) title: String,
    /// `a_s`, in which `power` is `factor v^s`.
    pub(crate) coefficient: String,
    /// Lagrange polynomials of the points at `u`; empty for one point.
    pub(crate) basis: Vec<String>,
    pub(crate) terms: Vec<Term>,
}

/// What is added to the sums for one polynomial, or several in a row.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    /// A point of the proof.
    Proof { point: String, value: String, first: bool },
    /// The quotient's pieces.
    Pieces { points: Vec<String>, value: String },
    /// A commitment of the key.
    Key { scalar: String, value: String },
    /// Commitments of the key opened at one point, whose values follow one another.
    KeyRun { scalar: String, value: String, bytes: usize },
}

/// The code of every set.
pub(crate) fn sets(shape: &Shape, layout: &Layout) -> Vec<SetCode> {
    layout.sets.iter().enumerate().map(|(index, set)| set_code(shape, layout, index, set)).collect()
}

fn set_code(shape: &Shape, layout: &Layout, index: usize, set: &OpeningSet) -> SetCode {
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

fn terms(shape: &Shape, layout: &Layout, set: &OpeningSet) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut at = 0;
    while let Some(polynomial) = set.members.get(at).copied() {
        let rest = set.members.get(at..).unwrap_or_default();
        let run = run(layout, set, rest);
        let value = at_u(set, polynomial);
        terms.push(match polynomial {
            Polynomial::Fixed(_) | Polynomial::Sigma(_) if run >= LOOP => {
                Term::KeyRun { scalar: scalar(polynomial), value: self::value(polynomial, 0), bytes: 32 * run }
            }
            Polynomial::Fixed(_) | Polynomial::Sigma(_) => Term::Key { scalar: scalar(polynomial), value },
            Polynomial::Quotient => Term::Pieces { points: (0..shape.pieces()).map(piece).collect(), value },
            _ => {
                Term::Proof { point: commitment(polynomial), value, first: at == 0 && layout.sets.first() == Some(set) }
            }
        });
        at += if run >= LOOP { run } else { 1 };
    }
    terms
}

/// `r_j(u)`.
fn at_u(set: &OpeningSet, polynomial: Polynomial) -> String {
    if set.rotations.len() == 1 {
        return set.rotations.iter().map(|r| format!("mload({})", value(polynomial, *r))).collect();
    }
    let summand = |(index, rotation): (usize, &i32)| {
        let basis = if index == 0 { "BASIS".to_owned() } else { format!("add(BASIS, {})", 32 * index) };
        format!("mulmod(mload({basis}), mload({}), r)", value(polynomial, *rotation))
    };
    let sum = |sum, summand| format!("addmod({summand}, {sum}, r)");
    set.rotations.iter().enumerate().map(summand).reduce(sum).unwrap_or_default()
}

/// How many of the first members are the key's, with values and scalars that follow one another.
fn run(layout: &Layout, set: &OpeningSet, members: &[Polynomial]) -> usize {
    let [rotation] = set.rotations.iter().copied().collect::<Vec<_>>()[..] else { return 0 };
    let address = |name: String| layout.memory.regions().iter().find(|region| region.name == name).map(|r| r.at);
    let place = |polynomial: Polynomial| Some((address(scalar(polynomial))?, address(value(polynomial, rotation))?));
    let Some(first) = members.first().and_then(|first| place(*first)) else { return 0 };
    let follows = |(index, polynomial): (usize, &Polynomial)| {
        place(*polynomial) == Some((first.0 + 32 * index, first.1 + 32 * index))
    };
    members.iter().enumerate().take_while(|(index, polynomial)| follows((*index, polynomial))).count()
}
