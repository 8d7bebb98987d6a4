//! [`Scalar`]: values made of other values, and how they are made: powers of challenges by squaring, areas as geometric sums, products,
//! and sums over channels. Equal scalars are made once.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::{Planes, Planner, Step, Value};
use crate::error::CircuitError;
use crate::field::integer;

/// The axis of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Columns, `z_w`.
    W,
    /// Rows, `z_h`.
    H,
}

/// A value made of challenges and other values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// 1.
    One,
    /// A challenge.
    Challenge(Axis),
    /// A challenge minus 1.
    ChallengeMinusOne(Axis),
    /// Product of two values.
    Product(Value, Value),
    /// A value plus a constant.
    Shifted {
        /// The value.
        value: Value,
        /// The scalar 1, by which it is multiplied.
        one: Value,
        /// The constant.
        constant: Fr,
    },
    /// `1 + z + ... + z^(terms - 1)`, a quotient bound by `G * (z - 1) = z^terms - 1`.
    Geometric {
        /// `z_w` or `z_h`.
        axis: Axis,
        /// Number of terms.
        terms: usize,
        /// `z^terms - 1`.
        top: Value,
        /// `z - 1`.
        base: Value,
    },
    /// `sum_o r^(O - 1 - o) sum_k coefficient_ok * left_ok * right_ok`. Neither sum is empty.
    Sum(Vec<Vec<(i64, Value, Value)>>),
    /// The public context element, which nothing makes.
    Context,
}

/// One step of making a scalar: `p = keep p- + step r p- + product left right + axis + constant`, where `p-` is the step before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScalarTerm {
    pub(crate) left: Option<Value>,
    pub(crate) right: Option<Value>,
    pub(crate) keep: bool,
    pub(crate) step: bool,
    pub(crate) product: i64,
    pub(crate) axis: Option<Axis>,
    pub(crate) constant: Fr,
}

impl ScalarTerm {
    const NOTHING: Self =
        Self { left: None, right: None, keep: false, step: false, product: 0, axis: None, constant: Fr::ZERO };

    const fn product(left: Value, right: Value) -> Self {
        Self { left: Some(left), right: Some(right), product: 1, ..Self::NOTHING }
    }
}

impl Scalar {
    /// Steps of [`Scalar::terms`].
    pub fn steps(&self) -> usize {
        match self {
            Self::Sum(groups) => groups.iter().map(Vec::len).sum(),
            _ => 1,
        }
    }

    /// How the scalar is made, step by step. That of a geometric sum is the check `G * base = top`; the context has none but its cell.
    pub(crate) fn terms(&self) -> Vec<ScalarTerm> {
        let challenge = |axis, constant| ScalarTerm { axis: Some(axis), constant, ..ScalarTerm::NOTHING };
        match self {
            Self::One => vec![ScalarTerm { constant: Fr::ONE, ..ScalarTerm::NOTHING }],
            Self::Challenge(axis) => vec![challenge(*axis, Fr::ZERO)],
            Self::ChallengeMinusOne(axis) => vec![challenge(*axis, integer(-1))],
            Self::Product(left, right) => vec![ScalarTerm::product(*left, *right)],
            Self::Shifted { value, one, constant } => {
                vec![ScalarTerm { constant: *constant, ..ScalarTerm::product(*value, *one) }]
            }
            Self::Geometric { base, .. } => vec![ScalarTerm { left: None, ..ScalarTerm::product(*base, *base) }],
            Self::Sum(groups) => {
                let group = |(channel, group): (usize, &Vec<(i64, Value, Value)>)| {
                    let terms = group.iter().enumerate().map(move |(index, (coefficient, left, right))| ScalarTerm {
                        keep: index > 0,
                        step: index == 0 && channel > 0,
                        product: *coefficient,
                        ..ScalarTerm::product(*left, *right)
                    });
                    terms.collect::<Vec<_>>()
                };
                groups.iter().enumerate().flat_map(group).collect()
            }
            Self::Context => vec![ScalarTerm::NOTHING],
        }
    }
}

impl Planner<'_> {
    /// A scalar of its own.
    pub(super) fn scalar(&mut self, scalar: Scalar) -> Value {
        let index = self.plan.scalars.len();
        self.plan.scalars.push(scalar);
        self.plan.makers.push(self.owner);
        self.plan.steps.push(Step::Scalar(index));
        Value::Scalar(index)
    }

    /// A scalar that is made once, whoever asks for it.
    fn shared(&mut self, scalar: Scalar) -> Value {
        if let Some(known) = self.shared.get(&scalar) {
            return *known;
        }
        let value = self.scalar(scalar.clone());
        self.shared.insert(scalar, value);
        value
    }

    /// The constant 1.
    pub(crate) fn one(&mut self) -> Value {
        self.shared(Scalar::One)
    }

    /// `left * right`.
    pub(crate) fn product(&mut self, left: Value, right: Value) -> Value {
        let one = self.one();
        if left == one {
            return right;
        }
        if right == one {
            return left;
        }
        self.shared(Scalar::Product(left, right))
    }

    /// `z^exponent`, by square and multiply.
    fn power(&mut self, axis: Axis, exponent: usize) -> Value {
        match exponent {
            0 => self.one(),
            1 => self.shared(Scalar::Challenge(axis)),
            n => {
                let (high, low) = (self.power(axis, n - n / 2), self.power(axis, n / 2));
                self.product(high, low)
            }
        }
    }

    /// `z_h^rows z_w^columns`.
    pub(crate) fn offset(&mut self, rows: usize, columns: usize) -> Value {
        let (h, w) = (self.power(Axis::H, rows), self.power(Axis::W, columns));
        self.product(h, w)
    }

    /// `value + constant`.
    pub(super) fn shifted(&mut self, value: Value, constant: Fr) -> Value {
        let one = self.one();
        self.shared(Scalar::Shifted { value, one, constant })
    }

    /// `1 + z + ... + z^(terms - 1)`.
    fn geometric(&mut self, axis: Axis, terms: usize) -> Value {
        if terms == 1 {
            return self.one();
        }
        let power = self.power(axis, terms);
        let top = self.shifted(power, integer(-1));
        let base = self.shared(Scalar::ChallengeMinusOne(axis));
        self.shared(Scalar::Geometric { axis, terms, top, base })
    }

    /// The fingerprint of an all-ones plane of `height x width`.
    pub(crate) fn area(&mut self, height: usize, width: usize) -> Value {
        let (h, w) = (self.geometric(Axis::H, height), self.geometric(Axis::W, width));
        self.product(h, w)
    }

    /// `sum_o r^(O - 1 - o) sum_k coefficient_ok * left_ok * right_ok`.
    ///
    /// # Errors
    /// A sum without terms.
    pub(crate) fn sum(&mut self, groups: Vec<Vec<(i64, Value, Value)>>) -> Result<Value, CircuitError> {
        if groups.is_empty() || groups.iter().any(Vec::is_empty) {
            return Err(CircuitError::Invariant("a sum has terms"));
        }
        Ok(self.scalar(Scalar::Sum(groups)))
    }

    /// The fingerprint of `x - zero_point` from that of `x`: `X - zero_point * G` over the real `height x width`.
    pub(crate) fn centred(
        &mut self,
        fingerprint: Value,
        zero_point: i64,
        planes: Planes,
    ) -> Result<Value, CircuitError> {
        if zero_point == 0 {
            return Ok(fingerprint);
        }
        let (one, area) = (self.one(), self.area(planes.height, planes.width));
        self.sum(vec![vec![(1, fingerprint, one), (-zero_point, area, one)]])
    }
}
