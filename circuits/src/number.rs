//! [`Number`]: the values of gates while a witness is filled.

use std::ops::{Add, Mul, Sub};

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::cells::Cells;
use crate::field::{integer, small};

/// A field element that stays an integer as long as it is one: flags switch terms off without a field multiplication.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Small(i64),
    Field(Fr),
}

impl Number {
    /// A cell of a column.
    #[inline]
    pub(crate) fn cell(cells: &Cells, row: usize) -> Self {
        match cells {
            Cells::Field(cells) => Self::of(cells.get(row).copied().unwrap_or(Fr::ZERO)),
            Cells::Bytes(_) | Cells::Mixed { .. } | Cells::Words(_) => Self::Small(cells.stored_integer(row)),
        }
    }

    /// A field element; zero, which ends products, is told apart.
    #[inline]
    pub(crate) fn of(value: Fr) -> Self {
        if value == Fr::ZERO { Self::Small(0) } else { Self::Field(value) }
    }

    pub(crate) fn is(self, value: i64) -> bool {
        self.small() == Some(value)
    }

    /// The integer, if it is that of an `i64`.
    pub(crate) fn small(self) -> Option<i64> {
        match self {
            Self::Small(value) => Some(value),
            Self::Field(value) => small(value),
        }
    }

    #[inline]
    pub(crate) fn field(self) -> Fr {
        match self {
            Self::Small(value) => integer(value),
            Self::Field(value) => value,
        }
    }
}

impl Add for Number {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Small(0), value) | (value, Self::Small(0)) => value,
            (Self::Small(a), Self::Small(b)) => {
                a.checked_add(b).map_or_else(|| Self::Field(integer(a) + integer(b)), Self::Small)
            }
            (a, b) => Self::Field(a.field() + b.field()),
        }
    }
}

impl Sub for Number {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        match (self, other) {
            (value, Self::Small(0)) => value,
            (Self::Small(a), Self::Small(b)) => {
                a.checked_sub(b).map_or_else(|| Self::Field(integer(a) - integer(b)), Self::Small)
            }
            (a, b) => Self::Field(a.field() - b.field()),
        }
    }
}

impl Mul for Number {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        match (self, other) {
            (Self::Small(0), _) | (_, Self::Small(0)) => Self::Small(0),
            (Self::Small(1), value) | (value, Self::Small(1)) => value,
            (Self::Small(a), Self::Small(b)) => {
                a.checked_mul(b).map_or_else(|| Self::Field(integer(a) * integer(b)), Self::Small)
            }
            (a, b) => Self::Field(a.field() * b.field()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_field_elements_in_any_form() {
        let values = [0, 1, -1, 7, i64::MAX, i64::MIN].map(Number::Small);
        let wide = [Fr::ONE, integer(i64::MIN), Fr::from(3).invert().unwrap()].map(Number::Field);
        for a in values.into_iter().chain(wide) {
            for b in values.into_iter().chain(wide) {
                assert_eq!((a + b).field(), a.field() + b.field());
                assert_eq!((a - b).field(), a.field() - b.field());
                assert_eq!((a * b).field(), a.field() * b.field());
            }
        }
    }
}
