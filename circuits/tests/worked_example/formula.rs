//! [`Formula`]: what the fixed cells of a row leave of a gate.

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Sub};

use assay_circuits::{Advice, Algebra, Challenge, Fixed, Lanes, Layout};

use crate::example::small;

/// A polynomial in cells and challenges: monomials by their factors, with coefficients.
#[derive(Clone)]
pub(crate) struct Formula(BTreeMap<Vec<String>, i64>);

impl Formula {
    fn of(name: &str) -> Self {
        Self([(vec![name.to_owned()], 1)].into())
    }

    fn number(value: i64) -> Self {
        Self([(Vec::new(), value)].into())
    }

    fn with(mut self, other: &Self, sign: i64) -> Self {
        for (factors, coefficient) in &other.0 {
            *self.0.entry(factors.clone()).or_default() += sign * coefficient;
        }
        self.0.retain(|_, coefficient| *coefficient != 0);
        self
    }

    pub(crate) fn show(&self) -> String {
        let term = |(factors, coefficient): (&Vec<String>, &i64)| {
            let names = factors.join(" ");
            match (names.is_empty(), *coefficient) {
                (true, number) => number.to_string(),
                (false, 1) => names,
                (false, -1) => format!("-{names}"),
                (false, number) => format!("{number} {names}"),
            }
        };
        // Longer monomials first: `z_w f1- + c`.
        let mut terms: Vec<_> = self.0.iter().collect();
        terms.sort_by_key(|(factors, _)| std::cmp::Reverse(factors.len()));
        let shown: Vec<String> = terms.into_iter().map(term).collect();
        if shown.is_empty() { "0".to_owned() } else { shown.join(" + ").replace("+ -", "- ") }
    }
}

impl Add for Formula {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.with(&other, 1)
    }
}

impl Sub for Formula {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.with(&other, -1)
    }
}

impl Mul for Formula {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let mut product = Self(BTreeMap::new());
        for (left, a) in &self.0 {
            for (right, b) in &other.0 {
                let mut factors = [left.as_slice(), right.as_slice()].concat();
                // Challenges stand before cells.
                factors.sort_by_key(|name| (!is_challenge(name), name.clone()));
                *product.0.entry(factors).or_default() += a * b;
            }
        }
        product.0.retain(|_, coefficient| *coefficient != 0);
        product
    }
}

fn is_challenge(name: &str) -> bool {
    ["z_w", "z_h", "r"].contains(&name)
}

/// A row in which fixed cells are numbers, and advice cells and challenges are names.
pub(crate) struct Symbolic<'a>(pub(crate) &'a Layout, pub(crate) usize);

impl Algebra for Symbolic<'_> {
    type Value = Formula;

    fn fixed(&self, column: Fixed) -> Formula {
        Formula::number(small(self.0.fixed_at(column, self.1)))
    }

    fn advice(&self, column: Advice, rotation: i32) -> Formula {
        let name = cell_name(column);
        Formula::of(&if rotation < 0 { format!("{name}-") } else { name })
    }

    fn challenge(&self, challenge: Challenge) -> Formula {
        Formula::of(match challenge {
            Challenge::Zw => "z_w",
            Challenge::Zh => "z_h",
            Challenge::R => "r",
            Challenge::Theta => "theta",
            Challenge::Gamma => "gamma",
        })
    }

    fn constant(&self, value: u64) -> Formula {
        Formula::number(value as i64)
    }

    fn lanes(&self) -> Lanes {
        self.0.shape.lanes
    }
}

/// As `docs/circuit.md` writes a column; there is one activation lane, so that no lane is named.
pub(crate) fn cell_name(column: Advice) -> String {
    format!("{column:?}").trim_end_matches("(0)").to_lowercase()
}
