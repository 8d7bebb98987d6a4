//! Scalar rows: `p = keep p- + step r p- + product acc2 u + coefW z_w + coefH z_h + constant` on copied factors: powers,
//! offset monomials, geometric sums, zero-point terms, and the sums over channels on the left side of an identity.

use halo2curves::bn256::Fr;

use super::{Builder, Wire};
use crate::columns::{Advice, Fixed};

/// The axis of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Axis {
    /// Columns, `z_w`.
    W,
    /// Rows, `z_h`.
    H,
}

/// A scalar that several identities share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Term {
    /// 1.
    One,
    /// A challenge to a power.
    Power(Axis, usize),
    /// A challenge minus 1.
    MinusOne(Axis),
    /// A challenge to a power, minus 1.
    PowerMinusOne(Axis, usize),
    /// `1 + z + ... + z^(n - 1)`.
    Geometric(Axis, usize),
    /// Product of two cells.
    Product(Wire, Wire),
}

/// How the factors of a scalar row are found when the witness is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sources {
    /// Both are copies, or absent.
    Copies,
    /// The left factor is this dividend divided by the right factor.
    Quotient(Wire),
    /// The row is the public context element.
    Context,
}

/// A scalar row and the cells its factors are copied from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScalarRow {
    pub(crate) row: usize,
    pub(crate) left: Option<Wire>,
    pub(crate) right: Option<Wire>,
    pub(crate) sources: Sources,
}

/// Fixed coefficients of a scalar row.
#[derive(Clone, Copy, Debug, Default)]
struct Coefficients {
    keep: bool,
    step: bool,
    product: i64,
    axis: Option<Axis>,
    constant: i64,
}

impl Builder<'_> {
    fn scalar(&mut self, left: Option<Wire>, right: Option<Wire>, sources: Sources, q: Coefficients) -> Wire {
        let row = self.scalar_row;
        self.scalar_row += 1;
        self.flag(row, Fixed::Scalar, sources != Sources::Context);
        self.flag(row, Fixed::KeepP, q.keep);
        self.flag(row, Fixed::StepP, q.step);
        self.set(row, Fixed::Product, q.product);
        self.flag(row, Fixed::CoefW, q.axis == Some(Axis::W));
        self.flag(row, Fixed::CoefH, q.axis == Some(Axis::H));
        self.set(row, Fixed::Constant, q.constant);
        for (column, source) in [(Advice::Acc2, left), (Advice::U, right)] {
            if let Some(source) = source {
                self.copy(format!("scalar factor {column:?} of row {row}"), Wire::Advice(column, row), source);
            }
        }
        self.scalars.push(ScalarRow { row, left, right, sources });
        Wire::Advice(Advice::P, row)
    }

    /// The context element: a cell bound by nothing but its copy to the instance.
    pub(super) fn scalar_free(&mut self) -> Wire {
        self.scalar(None, None, Sources::Context, Coefficients::default())
    }

    fn shared(&mut self, term: Term, make: impl FnOnce(&mut Self) -> Wire) -> Wire {
        if let Some(cell) = self.memo.get(&term) {
            return *cell;
        }
        let cell = make(self);
        self.memo.insert(term, cell);
        cell
    }

    /// The constant 1.
    pub(crate) fn one(&mut self) -> Wire {
        self.shared(Term::One, |b| {
            b.scalar(None, None, Sources::Copies, Coefficients { constant: 1, ..Default::default() })
        })
    }

    /// `left * right`.
    pub(crate) fn product(&mut self, left: Wire, right: Wire) -> Wire {
        let one = self.one();
        if left == one {
            return right;
        }
        if right == one {
            return left;
        }
        self.shared(Term::Product(left, right), |b| {
            b.scalar(Some(left), Some(right), Sources::Copies, Coefficients { product: 1, ..Default::default() })
        })
    }

    /// `z^exponent`, by square and multiply.
    pub(crate) fn power(&mut self, axis: Axis, exponent: usize) -> Wire {
        match exponent {
            0 => self.one(),
            1 => self.shared(Term::Power(axis, 1), |b| {
                b.scalar(None, None, Sources::Copies, Coefficients { axis: Some(axis), ..Default::default() })
            }),
            n => {
                let (high, low) = (self.power(axis, n - n / 2), self.power(axis, n / 2));
                self.product(high, low)
            }
        }
    }

    /// `z_h^rows z_w^columns`.
    pub(crate) fn offset(&mut self, rows: usize, columns: usize) -> Wire {
        let (h, w) = (self.power(Axis::H, rows), self.power(Axis::W, columns));
        self.product(h, w)
    }

    /// `G = 1 + z + ... + z^(n - 1)`, a witness bound by `G * (z - 1) = z^n - 1`.
    fn geometric(&mut self, axis: Axis, n: usize) -> Wire {
        if n == 1 {
            return self.one();
        }
        self.shared(Term::Geometric(axis, n), |b| {
            let (power, one) = (b.power(axis, n), b.one());
            let top = b.shared(Term::PowerMinusOne(axis, n), |b| {
                b.scalar(
                    Some(power),
                    Some(one),
                    Sources::Copies,
                    Coefficients { product: 1, constant: -1, ..Default::default() },
                )
            });
            let base = b.shared(Term::MinusOne(axis), |b| {
                b.scalar(
                    None,
                    None,
                    Sources::Copies,
                    Coefficients { axis: Some(axis), constant: -1, ..Default::default() },
                )
            });
            let check =
                b.scalar(None, Some(base), Sources::Quotient(top), Coefficients { product: 1, ..Default::default() });
            b.copy(format!("G (z - 1) = z^{n} - 1 on axis {axis:?}"), check, top);
            match check {
                Wire::Advice(_, row) => Wire::Advice(Advice::Acc2, row),
                Wire::Instance(_) => check,
            }
        })
    }

    /// The fingerprint of an all-ones plane of `height x width`.
    pub(crate) fn area(&mut self, height: usize, width: usize) -> Wire {
        let (h, w) = (self.geometric(Axis::H, height), self.geometric(Axis::W, width));
        self.product(h, w)
    }

    /// `sum_k coefficient_k * left_k * right_k` in consecutive rows.
    pub(crate) fn linear(&mut self, terms: &[(i64, Wire, Wire)]) -> Option<Wire> {
        terms.iter().enumerate().fold(None, |_, (index, (coefficient, left, right))| {
            let q = Coefficients { keep: index > 0, product: *coefficient, ..Default::default() };
            Some(self.scalar(Some(*left), Some(*right), Sources::Copies, q))
        })
    }

    /// `sum_o r^(O - 1 - o) sum_k left_ok * right_ok`: Horner over channels in consecutive rows.
    pub(crate) fn channel_sum(&mut self, channels: &[Vec<(Wire, Wire)>]) -> Option<Wire> {
        let mut sum = None;
        for (channel, terms) in channels.iter().enumerate() {
            for (index, (left, right)) in terms.iter().enumerate() {
                let q =
                    Coefficients { keep: index > 0, step: index == 0 && channel > 0, product: 1, ..Default::default() };
                sum = Some(self.scalar(Some(*left), Some(*right), Sources::Copies, q));
            }
        }
        sum
    }

    /// `word + shift`, for signed bytes.
    pub(super) fn shifted(&mut self, word: Wire, shift: Fr) -> Wire {
        let one = self.one();
        let q = Coefficients { product: 1, ..Default::default() };
        let cell = self.scalar(Some(word), Some(one), Sources::Copies, q);
        if let Wire::Advice(_, row) = cell {
            self.set_field(row, Fixed::Constant, shift);
        }
        cell
    }
}
