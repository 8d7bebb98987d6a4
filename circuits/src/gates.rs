//! The gates, written once: halo2 configures its constraints from them, the witness is filled by solving them, and the
//! attack tests evaluate them. See `docs/circuit.md`, "Gates".
//!
//! A gate that defines a cell has the form `on * cell - value = 0`, with `on` 0 or 1.

use std::ops::{Add, Mul, Sub};

use crate::columns::{Advice, Challenge, Fixed, Lanes, MAX_HELPERS};
use crate::lookups::by_helper;

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
    /// Lanes of the circuit.
    fn lanes(&self) -> Lanes;

    /// A power of a challenge, by squaring.
    fn power(&self, challenge: Challenge, exponent: usize) -> Self::Value {
        match exponent {
            0 => self.constant(1),
            1 => self.challenge(challenge),
            n => self.power(challenge, n / 2) * self.power(challenge, n - n / 2),
        }
    }

    /// The weights of this row folded by `r`: `sum_j r^(L-1-j) W_j`.
    fn weights(&self) -> Self::Value {
        let r = self.challenge(Challenge::R);
        let lanes = 0..self.lanes().weights;
        lanes.fold(self.constant(0), |acc, j| acc * r.clone() + self.fixed(Fixed::W(j as u8)))
    }
}

/// Names of the helpers.
const HELPERS: [&str; MAX_HELPERS] = [
    "helper 0",
    "helper 1",
    "helper 2",
    "helper 3",
    "helper 4",
    "helper 5",
    "helper 6",
    "helper 7",
    "helper 8",
    "helper 9",
    "helper 10",
    "helper 11",
    "helper 12",
    "helper 13",
    "helper 14",
    "helper 15",
    "helper 16",
];

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
    /// A helper, the sum of up to three lookups.
    Helper(u8),
    /// Sum of the helpers.
    Sum,
    /// The sum starts and ends at 0.
    SumEdge,
}

impl Gate {
    /// The gates of a circuit with these lanes, in constraint order.
    pub fn all(lanes: Lanes) -> Vec<Self> {
        let cells = [Self::F1, Self::F2, Self::G1, Self::G2, Self::Acc1, Self::Acc2, Self::U, Self::P, Self::MaxStart];
        let helpers = (0..by_helper(lanes).len() as u8).map(Self::Helper);
        cells.into_iter().chain(helpers).chain([Self::Sum, Self::SumEdge]).collect()
    }

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
            Self::Helper(index) => HELPERS[index as usize % HELPERS.len()],
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
            Self::MaxStart => a.fixed(Fixed::Window0) * a.advice(Advice::R(0), 0),
            Self::Helper(index) => helper(a, index),
            Self::Sum => {
                let helpers = (0..by_helper(a.lanes()).len() as u8).map(|index| a.advice(Advice::H(index), 0));
                let helpers = helpers.fold(a.constant(0), |sum, helper| sum + helper);
                a.fixed(Fixed::Use) * (a.advice(Advice::S, 1) - a.advice(Advice::S, 0) - helpers)
            }
            Self::SumEdge => a.fixed(Fixed::Edge) * a.advice(Advice::S, 0),
        }
    }

    /// Whether a defining gate defines its cell in this row.
    pub fn on<A: Algebra>(self, a: &A) -> A::Value {
        let sum = |columns: &[Fixed]| columns.iter().fold(a.constant(0), |acc, c| acc + a.fixed(*c));
        match self {
            Self::F1 | Self::F2 => sum(&[Fixed::FPlane, Fixed::FColumn, Fixed::FVector]) + sum(&Fixed::WINDOW),
            Self::G1 | Self::G2 => sum(&[Fixed::GPlane, Fixed::GPack]) + sum(&Fixed::WINDOW),
            Self::Acc1 | Self::Acc2 => a.fixed(Fixed::On),
            Self::U => sum(&[Fixed::KeepU, Fixed::StepU, Fixed::StartX, Fixed::ContX]),
            Self::P => sum(&[Fixed::On, Fixed::Scalar]),
            Self::MaxStart | Self::Helper(_) | Self::Sum | Self::SumEdge => a.constant(0),
        }
    }

    /// The value a defining gate gives its cell.
    pub fn value<A: Algebra>(self, a: &A) -> A::Value {
        let (zw, zh, r) = (a.challenge(Challenge::Zw), a.challenge(Challenge::Zh), a.challenge(Challenge::R));
        let f = |column| a.fixed(column);
        let previous = |column| a.advice(column, -1);
        match self {
            Self::F1 => accumulators(a),
            Self::F2 => {
                let outer = f(Fixed::FOuter) * zh.clone()
                    + f(Fixed::FOuterPair) * (zh.clone() * zh)
                    + f(Fixed::FOuterColumn) * zw
                    + f(Fixed::FOuterVector) * r;
                (self.on(a) - f(Fixed::FTake) + outer) * previous(Advice::F2)
                    + f(Fixed::FTake) * a.advice(Advice::F1, 0)
            }
            Self::G1 => elements(a),
            Self::G2 => {
                (self.on(a) - f(Fixed::GTake) + f(Fixed::GOuter) * zh) * previous(Advice::G2)
                    + f(Fixed::GTake) * a.advice(Advice::G1, 0)
            }
            Self::Acc1 => {
                let fold = a.weights();
                f(Fixed::On) * fold + f(Fixed::Car) * a.power(Challenge::R, a.lanes().weights) * previous(Advice::Acc1)
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
            Self::MaxStart | Self::Helper(_) | Self::Sum | Self::SumEdge => a.constant(0),
        }
    }
}

/// The value of f1. With `A` lanes it steps by the base to the `A`, and takes in the lanes that hold an element:
/// `cont base^A f1- + sum_j present_j base^(A-1-j) (CoefC c_j + CoefT t_j + sum_i CoefPart_i part_ij)`. In windows the element at `(row, column)` of a window
/// counts `z_h^(1-row) z_w^(1-column)` times, and a window steps by `z_w^2`.
fn accumulators<A: Algebra>(a: &A) -> A::Value {
    let lanes = a.lanes();
    let (count, windows) = (lanes.activations, lanes.windows_in_a_row());
    let kinds = [(Fixed::FPlane, Challenge::Zw), (Fixed::FColumn, Challenge::Zh), (Fixed::FVector, Challenge::R)];
    let (first, later) = (Fixed::WINDOW[0], lanes.window_flags().skip(1));
    let mut step = a.fixed(first) * a.power(Challenge::Zw, 2 * windows);
    for (flag, base) in kinds {
        step = step + a.fixed(flag) * a.power(base, count);
    }
    let hold = later.fold(a.constant(0), |sum, flag| sum + a.fixed(flag));
    let mut sum = (a.fixed(Fixed::FCont) * step + hold) * a.advice(Advice::F1, -1);
    for lane in lanes.of_activations() {
        let at = usize::from(lane);
        let mut weight = a.constant(0);
        for (flag, base) in kinds {
            weight = weight + a.fixed(flag) * a.power(base, count - 1 - at);
        }
        for (row, flag) in lanes.window_flags().enumerate() {
            let corner = (row * count + at) % 4;
            let columns = 2 * (windows - 1 - at / 4) + usize::from(corner % 2 == 0);
            weight = weight
                + a.fixed(flag) * (a.power(Challenge::Zh, usize::from(corner < 2)) * a.power(Challenge::Zw, columns));
        }
        let acc =
            a.fixed(Fixed::CoefC) * a.advice(Advice::C(lane), 0) + a.fixed(Fixed::CoefT) * a.advice(Advice::T(lane), 0);
        let acc = lanes
            .further_parts()
            .fold(acc, |acc, part| acc + a.fixed(Fixed::CoefPart(part)) * a.advice(Advice::Part(part, lane), 0));
        sum = sum + weight * present(a, lane, acc);
    }
    sum
}

/// The value of g1: as f1, over elements, or over the bytes of a word, or over the maxima that stand in the last element of a window.
fn elements<A: Algebra>(a: &A) -> A::Value {
    let lanes = a.lanes();
    let (count, windows) = (lanes.activations, lanes.windows_in_a_row());
    let rows: Vec<Fixed> = lanes.window_flags().collect();
    let last = rows.last().map_or_else(|| a.constant(0), |flag| a.fixed(*flag));
    let hold = rows.iter().rev().skip(1).fold(a.constant(0), |sum, flag| sum + a.fixed(*flag));
    let step = a.fixed(Fixed::GPlane) * a.power(Challenge::Zw, count)
        + a.fixed(Fixed::GPack) * power_of_256(a, count)
        + last.clone() * a.power(Challenge::Zw, windows);
    let mut sum = (a.fixed(Fixed::GCont) * step + hold) * a.advice(Advice::G1, -1);
    for lane in lanes.of_activations() {
        let exponent = count - 1 - usize::from(lane);
        let weight = a.fixed(Fixed::GPlane) * a.power(Challenge::Zw, exponent)
            + a.fixed(Fixed::GPack) * power_of_256(a, exponent);
        sum = sum + weight * present(a, lane, a.advice(Advice::Z(lane), 0));
    }
    for window in 0..windows {
        let end = (4 * window + 3).min(count - 1) as u8;
        let maximum = a.advice(Advice::Z(end), 0) + a.advice(Advice::R(end), 0);
        sum = sum + last.clone() * a.power(Challenge::Zw, windows - 1 - window) * present(a, end, maximum);
    }
    sum
}

/// A value where a lane holds an element, and 0 where it pads a segment. Segments are padded at the front, so the last lane never does.
fn present<A: Algebra>(a: &A, lane: u8, value: A::Value) -> A::Value {
    if usize::from(lane) + 1 == a.lanes().activations { value } else { a.fixed(Fixed::Present(lane)) * value }
}

fn power_of_256<A: Algebra>(a: &A, exponent: usize) -> A::Value {
    match exponent {
        0..=7 => a.constant(1 << (8 * exponent)),
        more => power_of_256(a, 7) * power_of_256(a, more - 7),
    }
}

/// `use * (h * d1 * d2 * d3 - n1 * d2 * d3 - n2 * d1 * d3 - n3 * d1 * d2) = 0`, that is `h = n1 / d1 + n2 / d2 + n3 / d3`.
fn helper<A: Algebra>(a: &A, index: u8) -> A::Value {
    // A helper that the shape lacks would be a gate that nothing satisfies.
    let Some(shared) = by_helper(a.lanes()).into_iter().nth(usize::from(index)) else { return a.constant(1) };
    let denominators: Vec<A::Value> = shared.iter().map(|lookup| lookup.denominator(a)).collect();
    let but = |left_out: Option<usize>, start: A::Value| {
        let others = denominators.iter().enumerate().filter(|(at, _)| Some(*at) != left_out);
        others.fold(start, |product, (_, denominator)| product * denominator.clone())
    };
    let product = but(None, a.advice(Advice::H(index), 0));
    let terms = shared.iter().enumerate().map(|(at, lookup)| but(Some(at), lookup.numerator(a)));
    a.fixed(Fixed::Use) * terms.fold(product, |sum, term| sum - term)
}
