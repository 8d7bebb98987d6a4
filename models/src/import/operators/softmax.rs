//! Softmax and `LogSoftmax`, of integers: the difference to the largest element, a table of its exponential, their sum, a table of the sum's reciprocal (or
//! logarithm), and a product (or a difference).
//!
//! With `n` elements the exponentials are counted in steps of `2^-P`, `2^P >= 256 n`, and their sum is looked up in steps of `2^-9` of the largest:
//! all roundings together, without that of the result, are at most 1/256.

use super::movement::{arranged, dot, strides};
use super::pool::{reduce_max_along, sums};
use super::shape::operand_shape;
use crate::error::ModelError;
use crate::graph::TensorId;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Pending, Quantisation, Source, Value};
use crate::ops::{Add, Op, Pick};
use crate::requantise::Requantise;
use crate::{DType, OpFault};

/// Most elements of one sum.
const LARGEST: usize = 128;
/// Steps of the largest exponential in which a sum is looked up.
const STEPS_OF_SUM: i64 = 512;
/// Bits of a reciprocal, and of a logarithm.
const BITS: u32 = 10;
/// What one step of these is worth.
const STEP: f64 = 1.0 / (1 << BITS) as f64;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Softmax,
    LogSoftmax,
}

pub(super) fn softmax(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    of(builder, node, Kind::Softmax)
}

pub(super) fn log_softmax(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    of(builder, node, Kind::LogSoftmax)
}

/// A tensor of integers between nodes.
const fn integers(scale: f64) -> Quantisation {
    Quantisation { scale, zero_point: 0, dtype: DType::I32 }
}

/// The sums of an operand: of all elements along some axes.
struct Groups {
    /// Shape of the operand.
    from: Vec<usize>,
    axes: Vec<usize>,
    /// The shape with 1 for these axes.
    kept: Vec<usize>,
    /// Elements of a sum.
    n: usize,
}

impl Groups {
    fn read(builder: &Builder, node: &NodeView<'_>) -> Result<Self, ModelError> {
        let from = operand_shape(builder, node)?;
        let before_13 = builder.opset < 13;
        let axis = node.axis(node.int("axis", if before_13 { 1 } else { -1 }), from.len())?;
        // Before operator set 13 all axes from this one on are one.
        let axes: Vec<usize> = if before_13 { (axis..from.len()).collect() } else { vec![axis] };
        let n: usize = axes.iter().filter_map(|axis| from.get(*axis)).product();
        if n > LARGEST {
            return Err(node.unsupported(
                "axis",
                format!("{n} elements"),
                "at most 128 elements in one sum: end the model before it, and compute it from the proved scores",
            ));
        }
        let kept = from.iter().enumerate().map(|(at, size)| if axes.contains(&at) { 1 } else { *size }).collect();
        Ok(Self { from, axes, kept, n })
    }

    fn count(&self) -> usize {
        self.kept.iter().product()
    }

    /// The sum that the element at some indices belongs to.
    fn of(&self, index: &[usize]) -> usize {
        let own: Vec<usize> = index.iter().zip(&self.kept).map(|(at, size)| at % size).collect();
        dot(&own, &strides(&self.kept))
    }

    /// The elements of each sum.
    fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::with_capacity(self.n); self.count()];
        let all = strides(&self.from);
        for at in 0..self.from.iter().product() {
            let index: Vec<usize> = all.iter().zip(&self.from).map(|(stride, size)| at / stride % size).collect();
            if let Some(group) = members.get_mut(self.of(&index)) {
                group.push(at);
            }
        }
        members
    }

    /// A tensor of one element a sum, repeated for every element of it.
    fn spread(
        &self,
        builder: &mut Builder,
        node: &NodeView<'_>,
        tensor: TensorId,
        what: &str,
    ) -> Result<TensorId, ModelError> {
        let gather = arranged(builder, node, 1, &self.from, |index| Pick::of(self.of(index)))?;
        let name = format!("{}/{what}", node.output);
        builder.emit_alike(node.name, Op::Gather(gather), vec![tensor], &name, self.from.clone())
    }
}

fn of(builder: &mut Builder, node: &NodeView<'_>, kind: Kind) -> Result<Value, ModelError> {
    let input = builder.real(node, 0)?;
    let groups = Groups::read(builder, node)?;
    let got = builder.info(input)?.dtype;
    if !matches!(got, DType::U8 | DType::I8) {
        return Err(OpFault::Type { what: "operand of Softmax", expected: "U8 or I8", got }.at(node.name));
    }
    let scale = builder.scale(input)?.value();
    let Value::Real(largest) = reduce_max_along(builder, node, Value::Real(input), &groups.axes)? else {
        return Err(node.unquantised("its largest element is no tensor", "quantise its operand"));
    };
    let largest = groups.spread(builder, node, largest, "largest")?;
    let emit = |builder: &mut Builder, what: &str, table: Vec<i32>, scale: f64| {
        let rule = Requantise { multipliers: vec![1], divisor: 1, zero_point: 0, low: -255, high: 0, table };
        let op = Op::Add(Add { mx: 1, my: -1, requantise: rule });
        let name = format!("{}/{what}", node.output);
        builder.emit(node.name, op, vec![input, largest], &name, groups.from.clone(), integers(scale))
    };
    let one = (256 * groups.n as i64).max(STEPS_OF_SUM) as u64;
    let one = one.next_power_of_two() as i64;
    let exponential = |difference: i64| libm::round(libm::exp(scale * difference as f64) * one as f64) as i32;
    let exponentials = emit(builder, "exponentials", (-255..=0).map(exponential).collect(), 1.0 / one as f64);
    let of_sums = sums_of(builder, node, &groups, exponentials, one, kind)?;
    let of_sums = groups.spread(builder, node, of_sums, "sum of each")?;
    let source = match kind {
        Kind::Softmax => {
            let step = STEP / one as f64;
            let unit = Ratio::of(step).ok_or_else(|| ModelError::BadScale { node: node.name.to_owned(), got: step })?;
            let largest = one + (1 << BITS);
            let squares = builder.quarter_squares([exponentials, of_sums], largest, node.output, &groups.from)?;
            Source::Sum { inputs: squares, scales: [unit, unit], minus: true }
        }
        Kind::LogSoftmax => {
            let differences = emit(builder, "differences", vec![], scale);
            let scales = [builder.scale(differences)?, builder.scale(of_sums)?];
            Source::Sum { inputs: [differences, of_sums], scales, minus: true }
        }
    };
    Ok(Value::Pending(Box::new(Pending::new(node.name, node.output, source, groups.from))))
}

/// The reciprocal of each sum of exponentials, or its logarithm, in steps of [`STEP`]; `one` are the steps of the largest exponential.
fn sums_of(
    builder: &mut Builder,
    node: &NodeView<'_>,
    groups: &Groups,
    exponentials: TensorId,
    one: i64,
    kind: Kind,
) -> Result<TensorId, ModelError> {
    let members = groups.members();
    if members.iter().any(|group| group.len() != groups.n) {
        let got = members.iter().map(Vec::len).fold(0, usize::max);
        return Err(OpFault::Size { what: "elements of a sum", expected: groups.n, got }.at(node.name));
    }
    let element = |tap: usize, group: usize| members.get(group).and_then(|group| group.get(tap)).copied();
    let part = sums(builder, node, exponentials, [groups.n, groups.count()], element, 1)?;
    let most = groups.n as i64 * STEPS_OF_SUM;
    // A sum is at least 1: below, nothing is looked up.
    let of_sum = |steps: i64| {
        let sum = steps.max(STEPS_OF_SUM) as f64 / STEPS_OF_SUM as f64;
        let real = if kind == Kind::Softmax { 1.0 / sum } else { libm::log(sum) };
        libm::round(real / STEP) as i32
    };
    let table = (0..=most).map(of_sum).collect();
    let divisor = (one / STEPS_OF_SUM) as u64;
    let rule = Requantise { multipliers: vec![1], divisor, zero_point: 0, low: 0, high: most as i32, table };
    let mut op = part.op;
    op.requantise_mut().into_iter().for_each(|slot| *slot = rule.clone());
    let (name, shape) = (format!("{}/sums", node.output), vec![1, 1, 1, groups.count()]);
    Ok(builder.emit(node.name, op, vec![part.input], &name, shape, integers(STEP)))
}
