//! [`Lookup`]: what a row looks up, one list for the constraints, the multiplicities, the helpers and the attacks.
//!
//! Every lookup is a fraction `numerator / (gamma + e0 + theta e1 + theta^2 e2 + theta^3 e3)`; all fractions of all rows add up to 0
//! (logUp: Haböck, <https://eprint.iacr.org/2022/1530>). A tuple is looked up with numerator 1, a row of the table stack counts minus its
//! multiplicity. The wire copies elements in any order: an element that is written to a position counts minus the number of its reads,
//! an element that is read from there counts 1, so that only equal ones cancel.

use crate::columns::{Advice, Fixed, Lanes};
use crate::gates::Algebra;

/// Tag of the `(d, max(d, 0))` table.
pub(crate) const RELU_TAG: u64 = 1;
/// Tag of the wire, which is no table.
pub(crate) const WIRE_TAG: u64 = 2;
/// Tag of the first table that a circuit may do without.
pub(crate) const FIRST_TAG: u64 = 3;
/// Lookups that share a helper: with three the gate has degree 5.
const PER_HELPER: usize = 3;

/// One lookup that every row has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lookup {
    /// Requantise, first lookup of a lane: `(tag, t, b, 0)`.
    Remainder(u8),
    /// Requantise, a further part of the remainder, from 1 on, of a lane: `(tag, part, b, 0)`.
    Part(u8, u8),
    /// Requantise, second lookup of a lane: `(tag, c, b, z)`.
    Output(u8),
    /// Maximum of a window, up to a lane: `(RELU, z_before + r_before - z, r, 0)`, the running maximum being `z + r`.
    Maximum(u8),
    /// The wire of a lane: `(WIRE, position, z, 0)`.
    Wire(u8),
    /// The row's own entry of a stack of tables, counted `-m` times.
    Table(u8),
}

/// The lookups of every row of a circuit with these lanes, in the order in which they share helpers.
pub fn lookups(lanes: Lanes) -> Vec<Lookup> {
    let all = || lanes.of_activations();
    let maxima = all().filter(|lane| lanes.has_maximum(*lane));
    let wires = all().filter(|_| lanes.has_wire());
    let requantise = all().flat_map(|lane| [Lookup::Remainder(lane), Lookup::Output(lane)]);
    let parts = lanes.further_parts().flat_map(|part| all().map(move |lane| Lookup::Part(part, lane)));
    requantise
        .chain(parts)
        .chain(maxima.map(Lookup::Maximum))
        .chain(wires.map(Lookup::Wire))
        .chain(lanes.of_tables().map(Lookup::Table))
        .collect()
}

/// The lookups of each helper: as few helpers as there can be, none with two lookups more than another, because the degree of its gate grows
/// with each.
pub fn by_helper(lanes: Lanes) -> Vec<Vec<Lookup>> {
    let all = lookups(lanes);
    let helpers = all.len().div_ceil(PER_HELPER);
    let (least, more) = (all.len() / helpers, all.len() % helpers);
    let (larger, smaller) = all.split_at(more * (least + 1));
    larger.chunks(least + 1).chain(smaller.chunks(least)).map(<[Lookup]>::to_vec).collect()
}

/// Number of helpers.
pub(crate) fn helpers(lanes: Lanes) -> usize {
    lookups(lanes).len().div_ceil(PER_HELPER)
}

impl Lookup {
    /// How often the tuple of a row counts.
    pub fn numerator<A: Algebra>(self, a: &A) -> A::Value {
        match self {
            Self::Remainder(_) | Self::Part(..) | Self::Output(_) => a.fixed(Fixed::Lookup),
            Self::Maximum(lane) => {
                // The first lane compares with the row before, which a window's first row does not.
                let rows = a.lanes().window_flags().skip(usize::from(lane == 0));
                rows.fold(a.constant(0), |sum, row| sum + a.fixed(row))
            }
            Self::Wire(lane) => a.fixed(Fixed::Reads(lane)),
            Self::Table(stack) => a.constant(0) - a.advice(Advice::M(stack), 0),
        }
    }

    /// The tuple of a row.
    pub fn tuple<A: Algebra>(self, a: &A) -> [A::Value; 4] {
        let (c, t, b, z) = (Advice::C, Advice::T, Advice::B, Advice::Z);
        let cell = |column: fn(u8) -> Advice, lane: u8| a.advice(column(lane), 0);
        match self {
            Self::Remainder(lane) => [a.fixed(Fixed::TagRemainder), cell(t, lane), cell(b, lane), a.constant(0)],
            Self::Part(part, lane) => {
                [a.fixed(Fixed::TagPart(part)), a.advice(Advice::Part(part, lane), 0), cell(b, lane), a.constant(0)]
            }
            Self::Output(lane) => [a.fixed(Fixed::TagOutput), cell(c, lane), cell(b, lane), cell(z, lane)],
            Self::Maximum(lane) => {
                let lanes = a.lanes();
                let (before, rotation) = match lane.checked_sub(1) {
                    Some(before) => (before, 0),
                    None => (lanes.activations as u8 - 1, -1),
                };
                let mut maximum = a.advice(Advice::Z(before), rotation);
                if lanes.has_maximum(before) {
                    maximum = maximum + a.advice(Advice::R(before), rotation);
                }
                [a.constant(RELU_TAG), maximum - cell(z, lane), cell(Advice::R, lane), a.constant(0)]
            }
            Self::Wire(lane) => [a.constant(WIRE_TAG), a.fixed(Fixed::Position(lane)), cell(z, lane), a.constant(0)],
            Self::Table(stack) => Fixed::entry(stack).map(|column| a.fixed(column)),
        }
    }

    /// `gamma + e0 + theta e1 + theta^2 e2 + theta^3 e3` of a row.
    pub fn denominator<A: Algebra>(self, a: &A) -> A::Value {
        let theta = a.challenge(crate::columns::Challenge::Theta);
        let [e0, e1, e2, e3] = self.tuple(a);
        a.challenge(crate::columns::Challenge::Gamma) + e0 + theta.clone() * (e1 + theta.clone() * (e2 + theta * e3))
    }
}
