//! The gates, written once: halo2 configures its constraints from them, the witness is filled by solving them, and the
//! attack tests evaluate them. See `docs/circuit.md`, "Gates".
//!
//! A gate that defines a cell has the form `on * cell - value = 0`, with `on` 0 or 1.

use std::ops::{Add, Mul, Sub};

use crate::columns::{Advice, Challenge, Fixed};

/// What a gate is evaluated over: halo2 expressions or field elements of one row.
pub trait Algebra {
    /// Values with ring operations.
    type Value: Clone + Add<Output = Self::Value> + Sub<Output = Self::Value> + Mul<Output = Self::Value>;

    /// A fixed cell of this row; zero where the shape lacks the column.
    fn fixed(&self, column: Fixed) -> Self::Value;
    /// An advice cell of this row (`rotation` 0), the one before (-1) or after (1); zero where the shape lacks the column.
    fn advice(&self, column: Advice, rotation: i32) -> Self::Value;
    /// A challenge.
    fn challenge(&self, challenge: Challenge) -> Self::Value;
    /// A constant.
    fn constant(&self, value: u64) -> Self::Value;
    /// Number of weight lanes.
    fn lanes(&self) -> usize;
    /// Whether the shape has the column.
    fn has(&self, column: Fixed) -> bool;

    /// The weights of this row folded by `r`: `sum_j r^(L-1-j) W_j`.
    fn weights(&self) -> Self::Value {
        let r = self.challenge(Challenge::R);
        (0..self.lanes()).fold(self.constant(0), |acc, j| acc * r.clone() + self.fixed(Fixed::W(j as u8)))
    }
}

/// Tag of the `(d, max(d, 0))` table.
pub(crate) const RELU_TAG: u64 = 1;

/// One polynomial identity that holds in every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gate {
    /// Inner Horner sum of accumulators.
    F1,
    /// Outer Horner sum of accumulators.
    F2,
    /// Inner Horner sum of elements, maxima or bytes.
    G1,
    /// Outer Horner sum of elements, maxima or bytes.
    G2,
    /// Weights folded over lanes and rows by `r`.
    Acc1,
    /// Kernel rows folded by `z_w`; dense inputs folded by `z_h`.
    Acc2,
    /// Operand times powers of `z_h`; dense inputs folded by `z_w`.
    U,
    /// Running sum of products; scalar arithmetic.
    P,
    /// The running maximum starts at the first element of a window.
    MaxStart,
    /// Helper of the two requantise lookups.
    H1,
    /// Helper of the maximum lookup and the table.
    H2,
    /// Sum of the helpers.
    Sum,
    /// The sum starts and ends at 0.
    SumEdge,
}

impl Gate {
    /// Every gate, in constraint order.
    pub const ALL: [Self; 13] = [
        Self::F1,
        Self::F2,
        Self::G1,
        Self::G2,
        Self::Acc1,
        Self::Acc2,
        Self::U,
        Self::P,
        Self::MaxStart,
        Self::H1,
        Self::H2,
        Self::Sum,
        Self::SumEdge,
    ];

    /// The gates that define a cell, in an order in which a row can be filled once copies are in place.
    pub const DEFINING: [(Self, Advice); 8] = [
        (Self::F1, Advice::F1),
        (Self::F2, Advice::F2),
        (Self::G1, Advice::G1),
        (Self::G2, Advice::G2),
        (Self::Acc1, Advice::Acc1),
        (Self::U, Advice::U),
        (Self::Acc2, Advice::Acc2),
        (Self::P, Advice::P),
    ];

    /// Name in messages and in the verifying key.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F1 => "f1",
            Self::F2 => "f2",
            Self::G1 => "g1",
            Self::G2 => "g2",
            Self::Acc1 => "acc1",
            Self::Acc2 => "acc2",
            Self::U => "u",
            Self::P => "p",
            Self::MaxStart => "max start",
            Self::H1 => "h1",
            Self::H2 => "h2",
            Self::Sum => "sum",
            Self::SumEdge => "sum edge",
        }
    }

    /// The polynomial that vanishes in every row.
    pub fn polynomial<A: Algebra>(self, a: &A) -> A::Value {
        let defined = |column| self.on(a) * a.advice(column, 0) - self.value(a);
        match self {
            Self::F1 => defined(Advice::F1),
            Self::F2 => defined(Advice::F2),
            Self::G1 => defined(Advice::G1),
            Self::G2 => defined(Advice::G2),
            Self::Acc1 => defined(Advice::Acc1),
            Self::Acc2 => defined(Advice::Acc2),
            Self::U => defined(Advice::U),
            Self::P => defined(Advice::P),
            Self::MaxStart => a.fixed(Fixed::Pool00) * a.advice(Advice::R, 0),
            Self::H1 => helper(a, Advice::H1, remainder_lookup(a), Some(output_lookup(a))),
            Self::H2 => helper(a, Advice::H2, table_side(a), a.has(Fixed::Pool11).then(|| maximum_lookup(a))),
            Self::Sum => {
                let helpers = a.advice(Advice::H1, 0) + a.advice(Advice::H2, 0);
                a.fixed(Fixed::Use) * (a.advice(Advice::S, 1) - a.advice(Advice::S, 0) - helpers)
            }
            Self::SumEdge => a.fixed(Fixed::Edge) * a.advice(Advice::S, 0),
        }
    }

    /// Whether a defining gate defines its cell in this row.
    pub fn on<A: Algebra>(self, a: &A) -> A::Value {
        let sum = |columns: &[Fixed]| columns.iter().fold(a.constant(0), |acc, c| acc + a.fixed(*c));
        match self {
            Self::F1 | Self::F2 => {
                sum(&[Fixed::FPlane, Fixed::FVector, Fixed::Pool00, Fixed::Pool01, Fixed::Pool10, Fixed::Pool11])
            }
            Self::G1 | Self::G2 => {
                sum(&[Fixed::GPlane, Fixed::GPack, Fixed::Pool00, Fixed::Pool01, Fixed::Pool10, Fixed::Pool11])
            }
            Self::Acc1 | Self::Acc2 => a.fixed(Fixed::On),
            Self::U => sum(&[Fixed::KeepU, Fixed::StepU, Fixed::StartX, Fixed::ContX]),
            Self::P => sum(&[Fixed::On, Fixed::Scalar]),
            Self::MaxStart | Self::H1 | Self::H2 | Self::Sum | Self::SumEdge => a.constant(0),
        }
    }

    /// The value a defining gate gives its cell.
    pub fn value<A: Algebra>(self, a: &A) -> A::Value {
        let (zw, zh, r) = (a.challenge(Challenge::Zw), a.challenge(Challenge::Zh), a.challenge(Challenge::R));
        let f = |column| a.fixed(column);
        let previous = |column| a.advice(column, -1);
        match self {
            Self::F1 => {
                let step = f(Fixed::FPlane) * zw.clone()
                    + f(Fixed::FVector) * r
                    + f(Fixed::Pool00) * (zw.clone() * zw.clone());
                let hold = f(Fixed::Pool01) + f(Fixed::Pool10) + f(Fixed::Pool11);
                let weight = f(Fixed::FPlane)
                    + f(Fixed::FVector)
                    + f(Fixed::Pool00) * (zh.clone() * zw.clone())
                    + f(Fixed::Pool01) * zh
                    + f(Fixed::Pool10) * zw
                    + f(Fixed::Pool11);
                let acc = f(Fixed::CoefC) * a.advice(Advice::C, 0) + f(Fixed::CoefT) * a.advice(Advice::T, 0);
                (f(Fixed::FCont) * step + hold) * previous(Advice::F1) + weight * acc
            }
            Self::F2 => {
                let outer = f(Fixed::FOuter) * zh.clone() + f(Fixed::FOuterPair) * (zh.clone() * zh);
                (self.on(a) - f(Fixed::FTake) + outer) * previous(Advice::F2)
                    + f(Fixed::FTake) * a.advice(Advice::F1, 0)
            }
            Self::G1 => {
                let step = f(Fixed::GPlane) * zw.clone() + f(Fixed::Pool11) * zw + f(Fixed::GPack) * a.constant(256);
                let hold = f(Fixed::Pool00) + f(Fixed::Pool01) + f(Fixed::Pool10);
                let reads = f(Fixed::GPlane) + f(Fixed::GPack) + f(Fixed::Pool11);
                (f(Fixed::GCont) * step + hold) * previous(Advice::G1)
                    + reads * a.advice(Advice::Z, 0)
                    + f(Fixed::Pool11) * a.advice(Advice::R, 0)
            }
            Self::G2 => {
                (self.on(a) - f(Fixed::GTake) + f(Fixed::GOuter) * zh) * previous(Advice::G2)
                    + f(Fixed::GTake) * a.advice(Advice::G1, 0)
            }
            Self::Acc1 => {
                let fold = a.weights();
                f(Fixed::On) * fold + f(Fixed::Car) * power(a, r, a.lanes()) * previous(Advice::Acc1)
            }
            Self::Acc2 => {
                let keep = f(Fixed::On) - f(Fixed::Take) - f(Fixed::TakeX);
                (keep + f(Fixed::Step) * zw + f(Fixed::StepX) * zh) * previous(Advice::Acc2)
                    + f(Fixed::Take) * a.advice(Advice::Acc1, 0)
                    + f(Fixed::TakeX) * a.advice(Advice::U, 0)
            }
            Self::U => {
                (f(Fixed::KeepU) + f(Fixed::StepU) * zh + f(Fixed::ContX) * zw) * previous(Advice::U)
                    + (f(Fixed::StartX) + f(Fixed::ContX)) * a.advice(Advice::X, 0)
            }
            Self::P => {
                (f(Fixed::KeepP) + f(Fixed::StepP) * r) * previous(Advice::P)
                    + f(Fixed::Product) * a.advice(Advice::Acc2, 0) * a.advice(Advice::U, 0)
                    + (f(Fixed::StartX) + f(Fixed::ContX)) * a.advice(Advice::Acc1, 0) * a.advice(Advice::X, 0)
                    + f(Fixed::CoefW) * zw
                    + f(Fixed::CoefH) * zh
                    + f(Fixed::Constant)
            }
            Self::MaxStart | Self::H1 | Self::H2 | Self::Sum | Self::SumEdge => a.constant(0),
        }
    }
}

/// `base^exponent` by squaring, for exponents up to the number of lanes.
fn power<A: Algebra>(a: &A, base: A::Value, exponent: usize) -> A::Value {
    match exponent {
        0 => a.constant(1),
        1 => base,
        n if n.is_multiple_of(2) => {
            let half = power(a, base, n / 2);
            half.clone() * half
        }
        n => power(a, base.clone(), n - 1) * base,
    }
}

/// One lookup of a row: the tuple, and how often it counts.
pub(crate) struct Slot<V> {
    pub(crate) tuple: [V; 4],
    pub(crate) numerator: V,
}

impl<V> Slot<V> {
    /// `gamma + e0 + theta e1 + theta^2 e2 + theta^3 e3`.
    pub(crate) fn denominator<A: Algebra<Value = V>>(&self, a: &A) -> V
    where
        V: Clone + Add<Output = V> + Mul<Output = V>,
    {
        let theta = a.challenge(Challenge::Theta);
        let [e0, e1, e2, e3] = self.tuple.clone();
        a.challenge(Challenge::Gamma) + e0 + theta.clone() * (e1 + theta.clone() * (e2 + theta * e3))
    }
}

/// Requantise, first lookup: `(tag, t, b, 0)`.
pub(crate) fn remainder_lookup<A: Algebra>(a: &A) -> Slot<A::Value> {
    let tuple = [a.fixed(Fixed::TagRemainder), a.advice(Advice::T, 0), a.advice(Advice::B, 0), a.constant(0)];
    Slot { tuple, numerator: a.fixed(Fixed::Lookup) }
}

/// Requantise, second lookup: `(tag, c, b, z)`.
pub(crate) fn output_lookup<A: Algebra>(a: &A) -> Slot<A::Value> {
    let tuple = [a.fixed(Fixed::TagOutput), a.advice(Advice::C, 0), a.advice(Advice::B, 0), a.advice(Advice::Z, 0)];
    Slot { tuple, numerator: a.fixed(Fixed::Lookup) }
}

/// Maximum: `(RELU, z_prev + r_prev - z, r, 0)`, the running maximum being `z + r`.
pub(crate) fn maximum_lookup<A: Algebra>(a: &A) -> Slot<A::Value> {
    let numerator = a.fixed(Fixed::Pool01) + a.fixed(Fixed::Pool10) + a.fixed(Fixed::Pool11);
    let excess = a.advice(Advice::Z, -1) + a.advice(Advice::R, -1) - a.advice(Advice::Z, 0);
    let tuple = [a.constant(RELU_TAG), excess, a.advice(Advice::R, 0), a.constant(0)];
    Slot { tuple, numerator }
}

/// The table's own row, counted `-m` times.
pub(crate) fn table_side<A: Algebra>(a: &A) -> Slot<A::Value> {
    let tuple = [a.fixed(Fixed::T0), a.fixed(Fixed::T1), a.fixed(Fixed::T2), a.fixed(Fixed::T3)];
    Slot { tuple, numerator: a.constant(0) - a.advice(Advice::M, 0) }
}

/// `use * (h * d1 * d2 - n1 * d2 - n2 * d1) = 0`, that is `h = n1 / d1 + n2 / d2`; without a second slot `h = n1 / d1`.
fn helper<A: Algebra>(a: &A, column: Advice, one: Slot<A::Value>, two: Option<Slot<A::Value>>) -> A::Value {
    let d1 = one.denominator(a);
    let product = a.advice(column, 0) * d1.clone();
    let identity = match two {
        None => product - one.numerator,
        Some(two) => {
            let d2 = two.denominator(a);
            product * d2.clone() - one.numerator * d2 - two.numerator * d1
        }
    };
    a.fixed(Fixed::Use) * identity
}
