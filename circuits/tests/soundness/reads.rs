//! What a gate reads in a row: its value as a polynomial in advice cells, every fixed cell and challenge put in.

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Sub};

use assay_circuits::{Advice, Algebra, Challenge, Challenges, Fixed, Lanes, Layout};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

/// A product of advice cells, each with its rotation, in order.
pub(crate) type Monomial = Vec<(Advice, i32)>;

/// A polynomial in the advice cells around a row: monomials and their coefficients, none of which is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Polynomial(BTreeMap<Monomial, Fr>);

impl Polynomial {
    pub(crate) fn of(terms: impl IntoIterator<Item = (Monomial, Fr)>) -> Self {
        let mut sum = BTreeMap::<Monomial, Fr>::new();
        for (monomial, coefficient) in terms {
            *sum.entry(monomial).or_default() += coefficient;
        }
        sum.retain(|_, coefficient| *coefficient != Fr::ZERO);
        Self(sum)
    }

    pub(crate) fn constant(value: Fr) -> Self {
        Self::of([(vec![], value)])
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// The cells it depends on.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (Advice, i32)> {
        self.0.keys().flatten().copied()
    }

    fn terms(self, factor: Fr) -> impl Iterator<Item = (Monomial, Fr)> {
        self.0.into_iter().map(move |(monomial, coefficient)| (monomial, coefficient * factor))
    }
}

impl Add for Polynomial {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::of(self.terms(Fr::ONE).chain(other.terms(Fr::ONE)))
    }
}

impl Sub for Polynomial {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::of(self.terms(Fr::ONE).chain(other.terms(-Fr::ONE)))
    }
}

impl Mul for Polynomial {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let product = |(a, x): (&Monomial, &Fr), (b, y): (&Monomial, &Fr)| {
            let mut cells = [a.as_slice(), b].concat();
            cells.sort_unstable();
            (cells, *x * y)
        };
        Self::of(self.0.iter().flat_map(|left| other.0.iter().map(move |right| product(left, right))))
    }
}

/// The gates over the advice cells around one row of a layout.
pub(crate) struct Around<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) challenges: &'a Challenges,
    pub(crate) row: usize,
}

impl Algebra for Around<'_> {
    type Value = Polynomial;

    fn fixed(&self, column: Fixed) -> Polynomial {
        Polynomial::constant(self.layout.fixed_at(column, self.row))
    }

    fn advice(&self, column: Advice, rotation: i32) -> Polynomial {
        let there = self.layout.shape.advice_index(column).is_some();
        Polynomial::of(there.then(|| (vec![(column, rotation)], Fr::ONE)))
    }

    fn challenge(&self, challenge: Challenge) -> Polynomial {
        Polynomial::constant(self.challenges[challenge as usize])
    }

    fn constant(&self, value: u64) -> Polynomial {
        Polynomial::constant(Fr::from(value))
    }

    fn lanes(&self) -> Lanes {
        self.layout.shape.lanes
    }

    fn weights(&self) -> Polynomial {
        let r = self.challenges[Challenge::R as usize];
        let lane = |lane| self.layout.fixed_at(Fixed::W(lane as u8), self.row);
        Polynomial::constant((0..self.lanes().weights).fold(Fr::ZERO, |fold, at| fold * r + lane(at)))
    }
}
